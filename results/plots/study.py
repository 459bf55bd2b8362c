"""Figures of studies: best score over time, scores by budget, values tried, and trials."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from configspace.errors import StoreError
from configspace.hyperparameters import DOMAINS, LABELS, Domain, Interval, Levels, written
from configspace.signals import signal_of
from results.analysis.cost import anytime
from results.analysis.incumbent import incumbent_of
from results.frames.study import Frames
from results.plots.scatter import Group, Panel, scatter_figure
from results.plots.style import (
    COLORS,
    INK,
    OBJECTIVES,
    OTHERS,
    SOFT,
    legend_below,
    name_axes,
    new_figure,
    panel_grid,
    panels_of,
    style,
    title,
)
from results.stats.correlations import correlation
from results.text import interval_text

_LINES = ("-", "--", "-.", ":")


def anytime_figure(studies: Sequence[Frames]) -> Figure:
    """Draw how the best observed score of each study changed with its cost, by objective.

    Args:
        studies: At least one study. The scores are those on the largest budget of each.

    Raises:
        StoreError: If no evaluation of a study has finished.
    """
    objectives = list(dict.fromkeys(frames.study.objective for frames in studies))
    rows, columns = panel_grid(len(objectives))
    figure = new_figure(0.6 + 5.6 * columns, 5.0 * rows)
    panels = panels_of(figure, len(objectives))
    for axes, objective in zip(panels, objectives, strict=True):
        style(axes)
        signal = signal_of(objective)
        shown = [frames for frames in studies if frames.study.objective == objective]
        for index, frames in enumerate(shown):
            epochs = incumbent_of(frames).epochs
            best = anytime(frames)
            n = len(_finished(frames).query("epochs == @epochs"))
            axes.step(
                best.epochs,
                best.scores,
                where="post",
                color=COLORS[index % len(COLORS)],
                linestyle=_LINES[index % len(_LINES)],
                linewidth=1.8,
                label=f"{frames.study.name}: {signal.value_text(best.scores[-1])}, n = {n} on "
                f"{epochs} epochs; {best.seconds[-1]:,.0f} s on the workers",
            )
        title(axes, f"Best observed {signal.label}", "of one evaluation on the largest budget")
        name_axes(
            axes, "cost (epochs × trials)", "PSNR (dB)" if signal.is_psnr else signal.axis_label
        )
        legend_below(axes)
    panels[0].set_xlim(left=0)
    return figure


def budgets_figure(frames: Frames, *, seed: int = 0) -> Figure:
    """Draw the score of each evaluation over its budget, joined by configuration.

    Args:
        frames: A study.
        seed: Seed of the bootstrap of the rank correlations between budgets.

    Raises:
        StoreError: If no evaluation of the study has finished.
    """
    best, signal = incumbent_of(frames), signal_of(frames.study.objective)
    done = _finished(frames)
    budgets = sorted(done["epochs"].unique())
    place = {epochs: index for index, epochs in enumerate(budgets)}
    figure = new_figure(1.6 + 1.9 * max(3, len(budgets)), 5.6)
    axes = figure.subplots()
    style(axes)
    # Side by side, so that points of the model do not hide random ones.
    at = done["epochs"].map(place) + np.where(done["model_based"], 0.06, -0.06)
    for _, ran in done.sort_values("epochs").groupby("configuration"):
        axes.plot(at[ran.index], ran["score"], color=OTHERS, alpha=0.35, linewidth=0.8, zorder=2)
    for model_based, color in ((False, COLORS[4]), (True, COLORS[0])):
        drawn = done[done["model_based"] == model_based]
        axes.scatter(
            at[drawn.index],
            drawn["score"],
            s=26,
            marker="o" if model_based else "^",
            color=color,
            alpha=0.75,
            edgecolor="white",
            linewidth=0.5,
            label=f"configurations {'of the model' if model_based else 'at random'}, "
            f"n = {len(drawn)} evaluations",
            zorder=3,
        )
    of_best = done[done["configuration"] == str(best.configuration)].sort_values("epochs")
    axes.plot(
        at[of_best.index],
        of_best["score"],
        color=INK,
        marker="o",
        markersize=6,
        markerfacecolor="none",
        linewidth=1.6,
        label=f"incumbent {best.configuration}: {signal.value_text(best.score)}",
        zorder=4,
    )
    for line in _rank_lines(done, budgets, seed):
        axes.plot([], [], " ", label=line)
    axes.set_xticks(range(len(budgets)), [str(epochs) for epochs in budgets])
    axes.set_xlim(-0.4, len(budgets) - 0.6)
    title(axes, frames.study.name, "an evaluation's score over its budget, joined by configuration")
    name_axes(axes, "epochs", signal.axis_label)
    legend_below(axes)
    return figure


def search_figure(frames: Frames) -> Figure:
    """Draw the values of each hyperparameter in the order in which the study tried them.

    Points are colored by the score on the largest budget. Configurations that never ran on it are
    gray.

    Raises:
        StoreError: If no evaluation of the study has finished.
    """
    best, signal = incumbent_of(frames), signal_of(frames.study.objective)
    done = _finished(frames)
    tried = frames.evaluations.query("purpose == 'study'").drop_duplicates("configuration")
    tried = tried.reset_index(drop=True)
    largest = done[done["epochs"] == best.epochs].set_index("configuration")["score"]
    scores = tried["configuration"].map(largest)
    figure = new_figure(15.0, 7.6)
    panels = figure.subplots(2, 4, sharex=True)
    points = None
    for axes, (name, domain) in zip(panels.flat, frames.study.domains().items(), strict=True):
        style(axes)
        heights = _heights(tried[name], DOMAINS[name])
        rest = scores.isna()
        axes.scatter(tried.index[rest], heights[rest], s=14, color=OTHERS, alpha=0.6, zorder=2)
        points = axes.scatter(
            tried.index[~rest],
            heights[~rest],
            c=scores[~rest],
            s=30,
            cmap="viridis" if signal.direction > 0 else "viridis_r",  # bright is good
            edgecolor="white",
            linewidth=0.5,
            zorder=3,
        )
        of_best = tried["configuration"] == str(best.configuration)
        axes.scatter(
            tried.index[of_best],
            heights[of_best],
            s=150,
            marker="o",
            facecolor="none",
            edgecolor=COLORS[1],
            linewidth=2.2,
            zorder=4,
        )
        _scale(axes, DOMAINS[name])
        fixed = isinstance(domain, Levels) and len(domain.values) == 1
        title(axes, LABELS[name] + (" (fixed)" if fixed else ""))
    for axes in panels[1]:
        name_axes(axes, "configuration, in order")
    if points is not None:
        bar = figure.colorbar(points, ax=list(panels.flat), fraction=0.02, pad=0.01)
        bar.set_label(f"{signal.axis_label} on {best.epochs} epochs", color=INK)
        bar.ax.tick_params(colors=SOFT, labelsize=9, length=0)
    figure.suptitle(
        f"{frames.study.name}: {len(tried)} configurations, {len(largest)} of them on "
        f"{best.epochs} epochs",
        x=0.01,
        ha="left",
        color=INK,
        fontsize=13,
        fontweight="bold",
    )
    _search_legend(figure, best.epochs, str(best.configuration))
    return figure


def trials_figure(frames: Frames, *, seed: int = 0) -> Figure:
    """Draw both PSNRs of all trials of a study on its largest budget, its incumbent's in color.

    Args:
        frames: A study.
        seed: Seed of the bootstrap of the correlation's interval.

    Raises:
        StoreError: If no evaluation has finished, or no trial on that budget was retrained.
    """
    best = incumbent_of(frames)
    trials = frames.trials[
        (frames.trials["purpose"] == "study")
        & (frames.trials["epochs"] == best.epochs)
        & frames.trials["architecture_psnr"].notna()
    ]
    if trials.empty:
        raise StoreError(
            f"expected a study with architecture PSNRs, got {frames.study.name!r} with objective "
            f"{frames.study.objective!r}, which does not retrain",
            advice="use a study with objective 'final'",
        )
    of_best = (trials["configuration"] == str(best.configuration)).to_numpy(dtype=bool)
    color = OBJECTIVES.get(frames.study.objective, COLORS[2])
    groups = (
        Group(~of_best, OTHERS),
        Group(of_best, color, label=f"incumbent {best.configuration}"),
    )
    panel = Panel(
        title=frames.study.name,
        subtitle=f"all trials of {best.epochs} epochs: "
        f"{trials['configuration'].nunique()} configurations",
        one_shot=trials["one_shot_psnr"].to_numpy(dtype=np.float64),
        architecture=trials["architecture_psnr"].to_numpy(dtype=np.float64),
        groups=tuple(group for group in groups if group.members.any()),
        # The trials of one configuration resemble each other.
        has_interval=frames.study.evaluation.trials == 1,
        median_color=color if of_best.all() else SOFT,
    )
    return scatter_figure([panel], columns=1, seed=seed)


def _finished(frames: Frames) -> pd.DataFrame:
    return frames.evaluations.query("purpose == 'study' and state == 'finished'")


def _rank_lines(done: pd.DataFrame, budgets: Sequence[int], seed: int) -> list[str]:
    """Describe how each smaller budget ranks the configurations that also ran on the largest."""
    wide = done.pivot_table(index="configuration", columns="epochs", values="score")
    lines = []
    for epochs in budgets[:-1]:
        both = wide[[epochs, budgets[-1]]].dropna().to_numpy(dtype=np.float64)
        found = correlation(both[:, 0], both[:, 1], "spearman", seed=seed)
        shown = "undefined" if np.isnan(found.value) else interval_text(found)
        lines.append(f"Spearman's ρ, {epochs} with {budgets[-1]} epochs: {shown}, n = {found.n}")
    return lines


def _heights(values: pd.Series, domain: Domain) -> pd.Series:
    if isinstance(domain, Interval):
        return values
    levels = [str(value) for value in domain.values]
    # With jitter, so that points of one level do not hide each other.
    jitter = np.random.default_rng(0).uniform(-0.25, 0.25, size=len(values))
    return values.map(lambda value: levels.index(str(value))) + jitter


def _scale(axes: Axes, domain: Domain) -> None:
    if isinstance(domain, Interval):
        axes.set_yscale("log")
        axes.set_ylim(domain.low / 1.6, domain.high * 1.6)
        return
    axes.set_yticks(
        range(len(domain.values)), [written(value).replace(" ", "\n") for value in domain.values]
    )
    axes.set_ylim(-0.5, len(domain.values) - 0.5)


def _search_legend(figure: Figure, epochs: int, incumbent: str) -> None:
    handles = [
        Line2D([], [], marker="o", linestyle="", color=OTHERS, markersize=4),
        Line2D(
            [],
            [],
            marker="o",
            linestyle="",
            markerfacecolor="none",
            markeredgecolor=COLORS[1],
            markeredgewidth=2,
            markersize=10,
        ),
    ]
    figure.legend(
        handles,
        [f"never ran on {epochs} epochs", f"incumbent {incumbent}"],
        loc="outside lower left",
        ncols=2,
        frameon=False,
        labelcolor=INK,
        fontsize=9.5,
    )
