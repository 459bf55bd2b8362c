"""Figures of studies: their best over time, their budgets, and where they searched."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from configspace.hyperparameters import DOMAINS, LABELS, Domain, Interval, Levels, written
from results.analysis.cost import anytime
from results.analysis.incumbent import incumbent_of
from results.frames.study import Frames
from results.plots.style import (
    COLOURS,
    INK,
    OTHERS,
    SOFT,
    legend_below,
    name_axes,
    new_figure,
    style,
    title,
)
from results.stats.correlations import correlation
from results.text import interval_text

_SCORES = {"one-shot": "one-shot PSNR", "final": "architecture PSNR"}
_LINES = ("-", "--", "-.", ":")


def anytime_figure(studies: Sequence[Frames]) -> Figure:
    """Draw how each study's best observed score rose with its cost, a panel an objective.

    Args:
        studies: At least one; their scores are those on each one's largest budget.

    Raises:
        StoreError: If nothing of a study has finished.
    """
    objectives = list(dict.fromkeys(frames.study.objective for frames in studies))
    figure = new_figure(0.6 + 5.6 * len(objectives), 5.0)
    panels = figure.subplots(1, len(objectives), sharex=True, squeeze=False)[0]
    for axes, objective in zip(panels, objectives, strict=True):
        style(axes)
        shown = [frames for frames in studies if frames.study.objective == objective]
        for index, frames in enumerate(shown):
            epochs = incumbent_of(frames).epochs
            best = anytime(frames)
            n = len(_finished(frames).query("epochs == @epochs"))
            axes.step(
                best.seconds,
                best.psnrs,
                where="post",
                color=COLOURS[index % len(COLOURS)],
                linestyle=_LINES[index % len(_LINES)],
                linewidth=1.8,
                label=f"{frames.study.name}: {best.psnrs[-1]:.2f} dB after "
                f"{best.seconds[-1]:,.0f} s, n = {n} on {epochs} epochs",
            )
        title(
            axes, f"Best observed {_SCORES[objective]}", "of one evaluation on the largest budget"
        )
        name_axes(axes, "evaluation seconds, all workers together", "PSNR (dB)")
        legend_below(axes)
    panels[0].set_xlim(left=0)
    return figure


def budgets_figure(frames: Frames, *, seed: int = 0) -> Figure:
    """Draw each evaluation's score over its budget, those of one configuration joined.

    Args:
        frames: A study.
        seed: Of the bootstrap of the rank correlations between budgets.

    Raises:
        StoreError: If nothing of the study has finished.
    """
    best = incumbent_of(frames)
    done = _finished(frames)
    budgets = sorted(done["epochs"].unique())
    place = {epochs: index for index, epochs in enumerate(budgets)}
    figure = new_figure(1.6 + 1.9 * max(3, len(budgets)), 5.6)
    axes = figure.subplots()
    style(axes)
    # Side by side, lest the model's points hide those at random.
    at = done["epochs"].map(place) + np.where(done["model_based"], 0.06, -0.06)
    for _, ran in done.sort_values("epochs").groupby("configuration"):
        axes.plot(at[ran.index], ran["psnr"], color=OTHERS, alpha=0.35, linewidth=0.8, zorder=2)
    for model_based, color in ((False, COLOURS[4]), (True, COLOURS[0])):
        drawn = done[done["model_based"] == model_based]
        axes.scatter(
            at[drawn.index],
            drawn["psnr"],
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
    own = done[done["configuration"] == str(best.configuration)].sort_values("epochs")
    axes.plot(
        at[own.index],
        own["psnr"],
        color=INK,
        marker="o",
        markersize=6,
        markerfacecolor="none",
        linewidth=1.6,
        label=f"incumbent {best.configuration}: {best.psnr:.2f} dB",
        zorder=4,
    )
    for line in _rank_lines(done, budgets, seed):
        axes.plot([], [], " ", label=line)
    axes.set_xticks(range(len(budgets)), [str(epochs) for epochs in budgets])
    axes.set_xlim(-0.4, len(budgets) - 0.6)
    title(axes, frames.study.name, "an evaluation's score over its budget, joined by configuration")
    name_axes(axes, "epochs", f"{_SCORES[frames.study.objective]} (dB)")
    legend_below(axes)
    return figure


def search_figure(frames: Frames) -> Figure:
    """Draw where a study searched: each hyperparameter's values in the order they were tried.

    Points are colored by the score on the largest budget; those that never ran on it are gray.

    Raises:
        StoreError: If nothing of the study has finished.
    """
    best = incumbent_of(frames)
    done = _finished(frames)
    tried = frames.evaluations.query("purpose == 'study'").drop_duplicates("configuration")
    tried = tried.reset_index(drop=True)
    largest = done[done["epochs"] == best.epochs].set_index("configuration")["psnr"]
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
            cmap="viridis",
            edgecolor="white",
            linewidth=0.5,
            zorder=3,
        )
        own = tried["configuration"] == str(best.configuration)
        axes.scatter(
            tried.index[own],
            heights[own],
            s=150,
            marker="o",
            facecolor="none",
            edgecolor=COLOURS[1],
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
        bar.set_label(f"{_SCORES[frames.study.objective]} (dB) on {best.epochs} epochs", color=INK)
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


def _finished(frames: Frames) -> pd.DataFrame:
    return frames.evaluations.query("purpose == 'study' and state == 'finished'")


def _rank_lines(done: pd.DataFrame, budgets: Sequence[int], seed: int) -> list[str]:
    """Say how each smaller budget ranks the configurations that the largest has, too."""
    wide = done.pivot_table(index="configuration", columns="epochs", values="psnr")
    lines = []
    for epochs in budgets[:-1]:
        both = wide[[epochs, budgets[-1]]].dropna().to_numpy(dtype=np.float64)
        found = correlation(both[:, 0], both[:, 1], "spearman", seed=seed)
        said = "undefined" if np.isnan(found.value) else interval_text(found)
        lines.append(f"Spearman's ρ, {epochs} with {budgets[-1]} epochs: {said}, n = {found.n}")
    return lines


def _heights(values: pd.Series, domain: Domain) -> pd.Series:
    if isinstance(domain, Interval):
        return values
    levels = [str(value) for value in domain.values]
    # Strewn a little, lest points of one level hide each other.
    strewn = np.random.default_rng(0).uniform(-0.25, 0.25, size=len(values))
    return values.map(lambda value: levels.index(str(value))) + strewn


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
            markeredgecolor=COLOURS[1],
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
