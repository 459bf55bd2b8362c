"""Figure of methods next to each other: single runs, means, and what random search reaches.

One panel per group. The methods are in the order of the campaign.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from results.analysis.methods import JudgedMethods, MethodRow
from results.plots.style import COLORS, INK, OTHERS, name_axes, new_figure, style, title

_ROW: Final = 0.46
"""Height of a row in inches."""
_RANDOM: Final = COLORS[1]
_DARTS: Final = COLORS[2]
_OF_VERDICT: Final = {
    "higher": (COLORS[0], "mean, higher than darts"),
    "lower": (COLORS[3], "mean, lower than darts"),
}
_OTHER: Final = (INK, "mean, with its 95% interval")
_SPREAD: Final = 0.27
"""Largest distance of a run from the line of its method, in rows."""


def methods_figure(groups: Sequence[JudgedMethods]) -> Figure:
    """Draw the methods of each group; groups without any run are left out, if there are others.

    Args:
        groups: At least one group.
    """
    groups = [judged for judged in groups if any(len(row.scores) for row in judged.rows)] or groups
    columns = min(len(groups), 2)
    rows = math.ceil(len(groups) / columns)
    tallest = max(len(judged.rows) for judged in groups)
    figure = new_figure(0.8 + 6.2 * columns, (1.6 + _ROW * tallest) * rows + 0.5)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, judged in zip(panels, groups, strict=False):
        _panel(axes, judged)
    for axes in panels[len(groups) :]:
        figure.delaxes(axes)
    _legend(figure, groups)
    return figure


def _panel(axes: Axes, judged: JudgedMethods) -> None:
    style(axes)
    first = judged.group.first
    words = first.problem.name, first.architecture.space, first.preset
    title(axes, ", ".join(words), judged.group.name)
    darts = judged.row("darts")
    if darts is not None and len(darts.scores):
        axes.axvline(darts.shape.mean.value, color=_DARTS, linewidth=1.4, zorder=1)
    for place, row in enumerate(judged.rows):
        _runs(axes, row, place)
        _mean(axes, row, place)
        gain = row.gains.get("random")
        if gain is not None and math.isfinite(gain.mean):
            ends = [place - 0.4, place + 0.4]
            axes.plot([gain.mean] * 2, ends, color=_RANDOM, linewidth=2.0, zorder=4)
    axes.set_yticks(range(len(judged.rows)), [row.name for row in judged.rows])
    axes.set_ylim(len(judged.rows) - 0.4, -0.6)
    axes.tick_params(axis="y", colors=INK)
    name_axes(axes, "architecture PSNR (dB)")


def _runs(axes: Axes, row: MethodRow, place: int) -> None:
    """Draw each run as a dot, off the line, so that runs with equal scores do not overlap."""
    apart = np.random.default_rng(0).uniform(-_SPREAD, _SPREAD, size=len(row.scores))
    axes.scatter(row.scores, place + apart, s=13, color=OTHERS, alpha=0.65, linewidth=0, zorder=2)


def _mean(axes: Axes, row: MethodRow, place: int) -> None:
    mean, (color, _) = row.shape.mean, _look(row)
    if math.isnan(mean.value):
        return
    if not math.isnan(mean.low):
        axes.plot([mean.low, mean.high], [place] * 2, color=color, linewidth=2.6, zorder=5)
    axes.scatter(
        [mean.value], [place], s=62, color=color, edgecolor="white", linewidth=0.9, zorder=6
    )


def _look(row: MethodRow) -> tuple[str, str]:
    gain = row.gains.get("darts")
    return _OTHER if gain is None else _OF_VERDICT.get(gain.verdict, _OTHER)


def _legend(figure: Figure, groups: Sequence[JudgedMethods]) -> None:
    """Name the marks that occur."""
    rows = [row for judged in groups for row in judged.rows]
    used = {name: color for color, name in map(_look, rows)}
    handles = [Line2D([], [], color=OTHERS, marker="o", linestyle="", markersize=4)]
    handles += [Line2D([], [], color=color, marker="o", linewidth=2.6) for color in used.values()]
    names = ["a run", *used]
    if any(judged.row("darts") for judged in groups):
        handles.append(Line2D([], [], color=_DARTS, linewidth=1.4))
        names.append("mean of darts")
    if any("random" in judged.group.methods for judged in groups):
        handles.append(Line2D([], [], color=_RANDOM, marker="|", linestyle="", markersize=13))
        names.append("random at equal cost: expected best of k")
    figure.legend(
        handles,
        names,
        loc="outside lower left",
        ncols=3 if len(groups) > 1 else 2,
        frameon=False,
        fontsize=9.5,
        labelcolor=INK,
    )
