"""Figure of surrogates: how well the scores of supernets rank trained architectures."""

import math
from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from results.analysis.surrogate import JudgedSurrogates, Ranking
from results.analysis.surrogate_table import label
from results.plots.style import COLORS, INK, OTHERS, name_axes, new_figure, style, title

_ROW: Final = 0.46
"""Height of a row in inches."""
_BASELINE: Final = COLORS[1]
_CEILING: Final = COLORS[2]
_OF_VERDICT: Final = {
    "better": (COLORS[0], "better than counting"),
    "worse": (COLORS[3], "worse than counting"),
}
_OTHER: Final = (INK, "undecided, or too few")


def surrogate_figure(groups: Sequence[JudgedSurrogates]) -> Figure:
    """Draw Spearman's correlation of each score with a training, one panel per group.

    Args:
        groups: At least one group.
    """
    columns = min(len(groups), 2)
    rows = math.ceil(len(groups) / columns)
    tallest = max(len(judged.rankings) for judged in groups)
    figure = new_figure(1.6 + 6.0 * columns, (1.6 + _ROW * tallest) * rows + 0.4)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for axes, judged in zip(panels, groups, strict=False):
        _panel(axes, judged)
    for axes in panels[len(groups) :]:
        figure.delaxes(axes)
    _legend(figure, groups)
    return figure


def _panel(axes: Axes, judged: JudgedSurrogates) -> None:
    style(axes)
    first = judged.group.first
    title(axes, f"{first.problem.name}, {first.architecture.space}", judged.group.name)
    _line(axes, judged.ceiling, _CEILING)
    if judged.baseline is not None:
        _line(axes, judged.baseline, _BASELINE)
    axes.axvline(0, color=OTHERS, linewidth=1.0, zorder=1)
    for place, ranking in enumerate(judged.rankings):
        color, _ = _look(ranking)
        one = ranking.spearman
        if not math.isnan(one.low):
            axes.plot([one.low, one.high], [place] * 2, color=color, linewidth=2.6, zorder=5)
        axes.scatter([one.value], [place], s=62, color=color, edgecolor="white", zorder=6)
    axes.set_yticks(range(len(judged.rankings)), [label(one) for one in judged.rankings])
    axes.set_ylim(len(judged.rankings) - 0.4, -0.6)
    axes.tick_params(axis="y", colors=INK)
    axes.tick_params(labelbottom=True)
    name_axes(axes, "Spearman's correlation with a training")


def _line(axes: Axes, ranking: Ranking, color: str) -> None:
    """Draw a correlation as a vertical line, and its interval as a band."""
    one = ranking.spearman
    axes.axvline(one.value, color=color, linewidth=1.6, zorder=3)
    if not math.isnan(one.low):
        axes.axvspan(one.low, one.high, color=color, alpha=0.13, linewidth=0, zorder=0)


def _look(ranking: Ranking) -> tuple[str, str]:
    return _OF_VERDICT.get(ranking.verdict or "", _OTHER)


def _legend(figure: Figure, groups: Sequence[JudgedSurrogates]) -> None:
    """Name the marks that occur."""
    used = {name: color for one in groups for color, name in map(_look, one.rankings)}
    handles = [Line2D([], [], color=color, marker="o", linewidth=2.6) for color in used.values()]
    names = list(used)
    if any(judged.baseline for judged in groups):
        handles.append(Line2D([], [], color=_BASELINE, linewidth=1.6))
        names.append("baseline: counting harmful operations")
    handles.append(Line2D([], [], color=_CEILING, linewidth=1.6))
    names.append("ceiling: one training as the score of the other")
    figure.legend(
        handles,
        names,
        loc="outside lower left",
        ncols=2,
        frameon=False,
        fontsize=9.5,
        labelcolor=INK,
    )
