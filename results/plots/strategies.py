"""Figures of strategies: their best architectures, their progress, and their points in the plane.

Each has one row of panels per setting.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from results.analysis.strategies import JudgedStrategies, StrategyRow
from results.analysis.strategy_runs import Search, StrategyGroup, StrategyRuns
from results.plots.style import (
    COLORS,
    INK,
    MARKERS,
    OTHERS,
    SOFT,
    name_axes,
    new_figure,
    paler,
    style,
    title,
)
from results.stats.estimates import Floats
from results.text import number_text

_SCORES: Final = colormaps["viridis"]
_QUANTILES: Final = (0.1, 1.0)
"""Quantiles of the scores at the ends of the scale of colors: a few points far from the optimum
would give all others one color."""
_PLAIN: Final = FuncFormatter(lambda value, _: f"{value:g}")
_APART: Final = 0.25
"""Distance of the single architectures from their mean, in ranks."""
_SCORE: Final = "architecture PSNR (dB)"


def top_figure(groups: Sequence[JudgedStrategies]) -> Figure:
    """Draw the best architectures by their rank in the search: its score, and that of fresh seeds.

    Args:
        groups: At least one group, with one row of panels each; one panel per strategy.
    """
    figure, rows = _rows([judged.group for judged in groups], sharey=True)
    for row, judged in zip(rows, groups, strict=True):
        for axes, (place, one) in zip(row.panels, enumerate(judged.rows), strict=True):
            _best(axes, one, COLORS[place])
            title(axes, one.runs.strategy, _curse_text(one))
            name_axes(axes, "rank in the search", _SCORE if place == 0 else "")
    handles = [
        Line2D([], [], color=SOFT, marker="o", markerfacecolor="white", linestyle="", markersize=7),
        Line2D([], [], color=INK, marker="o", linewidth=2.2, markersize=7),
        Line2D([], [], color=OTHERS, marker="o", linestyle="", markersize=4),
    ]
    names = [
        "score in the search (mean over the searches)",
        "mean score with fresh seeds, and its 95% interval",
        "mean score of one architecture with fresh seeds",
    ]
    _legend(figure, handles, names)
    return figure


def anytime_figure(groups: Sequence[StrategyGroup]) -> Figure:
    """Draw the best score so far against the cost of the search, in trainings.

    Args:
        groups: At least one group, with one panel each.
    """
    figure = new_figure(1.0 + 5.8 * len(groups), 5.0)
    panels = figure.subplots(1, len(groups), squeeze=False)[0]
    names: dict[str, Line2D] = {}
    for axes, group in zip(panels, groups, strict=True):
        style(axes)
        title(axes, f"{group.first.problem.name}, {group.first.architecture.space}", group.name)
        lowest: list[float] = []
        for place, runs in enumerate(group.strategies):
            color = COLORS[place]
            costs, best = _progress(runs)
            if not len(costs):
                continue
            for one in best:
                axes.step(costs, one, where="post", color=paler(color), linewidth=0.9, zorder=2)
            (median,) = axes.step(
                costs,
                np.median(best, axis=0),
                where="post",
                color=color,
                linewidth=2.4,
                marker=MARKERS[place],
                markersize=7,
                # The markers of strategies do not overlap.
                markevery=(place, max(len(costs) // 6, 1)),
                zorder=4,
            )
            names.setdefault(runs.strategy, median)
            lowest += best[:, len(costs) // 10 :][:, :1].ravel().tolist()
        if lowest:
            # The first trainings are far below all that matters.
            bottom, top = min(lowest), axes.get_ylim()[1]
            axes.set_ylim(bottom - 0.04 * (top - bottom), top)
        axes.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True))
        name_axes(axes, "cost of the search (trainings)", f"best {_SCORE} so far")
    single = Line2D([], [], color=OTHERS, linewidth=0.9)
    _legend(figure, [*names.values(), single], [*(f"{one}: median" for one in names), "one search"])
    return figure


def plane_figure(groups: Sequence[StrategyGroup]) -> Figure:
    """Draw all trained points over τ and dilation, and the paths of the descents.

    Args:
        groups: At least one group whose architectures are points in the plane, with one row of
            panels each; one panel per strategy.
    """
    figure, rows = _rows(groups, sharex=True, sharey=True)
    for row, group in zip(rows, groups, strict=True):
        colors = _colors(group)
        for axes, (place, runs) in zip(row.panels, enumerate(group.strategies), strict=True):
            style(axes)
            axes.set(xscale="log", yscale="log")
            _points(axes, group, runs, colors)
            for search in runs.searches:
                _paths(axes, group.points(search.architectures), search)
            searches = len(runs.searches)
            trained = sum(len(search.scores) for search in runs.searches)
            title(axes, runs.strategy, f"searches: {searches}, trained points: {trained}")
            name_axes(axes, "step size τ", "dilation (samples)" if place == 0 else "")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(_PLAIN)
                axis.set_minor_formatter(NullFormatter())
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        bar = row.figure.colorbar(
            ScalarMappable(colors, _SCORES), ax=row.panels, aspect=30, extend="min", pad=0.01
        )
        bar.set_label(_SCORE, color=INK, fontsize=10.5)
        bar.ax.tick_params(colors=SOFT, labelsize=9, length=0)
        bar.outline.set_visible(False)
    handles = [
        Line2D([], [], color=INK, marker=">", linewidth=1.4, markersize=5),
        Line2D([], [], color=INK, marker="$1$", linestyle="", markersize=8),
        Line2D([], [], color=SOFT, marker="x", linestyle="", markersize=6),
    ]
    names = ["path of a descent", "its start, with the number of the search", "training crashed"]
    _legend(figure, handles, names)
    return figure


def _best(axes: Axes, row: StrategyRow, color: str) -> None:
    """Draw the best architectures of a strategy, by their rank in the search."""
    style(axes)
    means = row.best.means
    for rank, one in enumerate(row.ranks, start=1):
        of_rank = means[:, rank - 1]
        apart = [rank - _APART] * len(of_rank)
        axes.scatter(apart, of_rank, s=11, color=OTHERS, linewidth=0, zorder=2)
        axes.plot([rank] * 2, [one.searched, one.fresh.value], color=paler(color), zorder=3)
        if not math.isnan(one.fresh.low):
            ends = [one.fresh.low, one.fresh.high]
            axes.plot([rank] * 2, ends, color=color, linewidth=2.2, zorder=4)
    ranks = range(1, len(row.ranks) + 1)
    searched = [one.searched for one in row.ranks]
    axes.scatter(ranks, searched, s=44, facecolor="white", edgecolor=color, zorder=5)
    axes.scatter(ranks, [one.fresh.value for one in row.ranks], s=40, color=color, zorder=6)
    axes.set_xlim(0.4, max(len(row.ranks), 1) + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _curse_text(row: StrategyRow) -> str:
    return f"winner's curse {number_text(row.curse.value, sign=True)} dB"


def _progress(runs: StrategyRuns) -> tuple[Floats, Floats]:
    """Return the best score so far of each search at each cost that all searches have reached.

    Returns:
        The costs, shape ``(cost,)``, and the scores, shape ``(search, cost)``.
    """
    searches = [one for one in runs.searches if np.isfinite(one.scores).any()]
    if not searches:
        return np.empty(0), np.empty((0, 0))
    first = max(one.cost[np.isfinite(one.scores).argmax()] for one in searches)
    last = min(one.cost[-1] for one in searches)
    costs = np.arange(first, last + 1)
    best = []
    for one in searches:
        so_far = np.fmax.accumulate(one.scores)
        best.append(so_far[np.searchsorted(one.cost, costs, side="right") - 1])
    return costs, np.stack(best)


def _points(axes: Axes, group: StrategyGroup, runs: StrategyRuns, colors: Normalize) -> None:
    points = np.concatenate([group.points(one.architectures) for one in runs.searches])
    scores = np.concatenate([one.scores for one in runs.searches])
    known = np.isfinite(scores)
    # The best points are drawn last, above the others.
    order = np.argsort(scores[known])
    tau, dilation = points[known][order].T
    axes.scatter(
        tau,
        dilation,
        c=scores[known][order],
        cmap=_SCORES,
        norm=colors,
        s=30,
        edgecolor="white",
        linewidth=0.4,
        zorder=3,
    )
    tau, dilation = points[~known].T
    axes.scatter(tau, dilation, marker="x", s=26, color=SOFT, linewidth=1.0, zorder=2)


def _paths(axes: Axes, points: Floats, search: Search) -> None:
    """Draw the paths of a search as arrows from one accepted point to the next."""
    outline = [withStroke(linewidth=3.0, foreground="white")]
    for path in search.paths:
        for start, end in itertools.pairwise(path):
            arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.1, "shrinkA": 0}
            looks = {**arrow, "shrinkB": 0, "path_effects": outline}
            axes.annotate("", points[end], points[start], arrowprops=looks, zorder=5)
        axes.annotate(
            str(search.repetition + 1),
            points[path[0]],
            color=INK,
            fontsize=9,
            fontweight="bold",
            ha="center",
            va="center",
            path_effects=outline,
            zorder=6,
        )


def _colors(group: StrategyGroup) -> Normalize:
    """Return the scale of the scores of all strategies; 0 to 1 without any."""
    scores = np.concatenate([one.scores for runs in group.strategies for one in runs.searches])
    known = scores[np.isfinite(scores)]
    low, high = np.quantile(known, _QUANTILES) if len(known) else (0.0, 1.0)
    return Normalize(float(low), float(high))


class _Row(NamedTuple):
    """The panels of one setting."""

    figure: SubFigure
    panels: list[Axes]
    """One per strategy."""


def _rows(groups: Sequence[StrategyGroup], **shared: bool) -> tuple[Figure, list[_Row]]:
    """Return a figure with a row of panels per setting, which has its name above it.

    Args:
        groups: The settings.
        shared: Which axes the panels of a row share: ``sharex``, ``sharey``.
    """
    most = max(len(group.strategies) for group in groups)
    figure = new_figure(1.6 + 3.8 * most, 4.6 * len(groups) + 0.5)
    rows = []
    for part, group in zip(
        figure.subfigures(len(groups), 1, squeeze=False).ravel(), groups, strict=True
    ):
        part.suptitle(group.name, x=0.01, ha="left", color=SOFT, fontsize=10.5)
        panels = part.subplots(1, most, squeeze=False, **shared)[0]
        for spare in panels[len(group.strategies) :]:
            part.delaxes(spare)
        rows.append(_Row(part, panels[: len(group.strategies)].tolist()))
    return figure, rows


def _legend(figure: Figure, handles: Sequence[Line2D], names: Sequence[str]) -> None:
    figure.legend(
        handles,
        names,
        loc="outside lower left",
        ncols=3,
        frameon=False,
        fontsize=9.5,
        labelcolor=INK,
    )
