"""Figure of signals: their correlations with the final score, and the gain from selecting by them.

One row of panels per group of runs. Both panels list the same signals, the best one at the top.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from results.analysis.signal_table import label
from results.analysis.signal_text import heading
from results.analysis.signals import KS, JudgedGroup, JudgedSignal, Measured
from results.plots.style import COLORS, INK, OTHERS, SOFT, name_axes, new_figure, style, title
from results.stats.estimates import Estimate

_VERDICTS: Final = {
    "yes": (COLORS[0], "predicts the final score"),
    "no": (COLORS[1], "misleads"),
    "undecided": (OTHERS, "undecided"),
}
_NO_VERDICT: Final = (OTHERS, "no verdict")
_ROLES: Final = {
    "baseline": (COLORS[4], "baseline: minus the number of harmful operations"),
    "ceiling": (COLORS[2], "ceiling: a second retraining"),
}
_ROW: Final = 0.34
"""Height of a row in inches."""
_SIZES: Final = dict(zip(KS, (16, 32, 52, 80), strict=True))
_WHERE: Final = {"within": "within a configuration", "overall": "over all runs"}


def signals_figure(groups: Sequence[JudgedGroup]) -> Figure:
    """Draw the signals of each group.

    Args:
        groups: At least one group.
    """
    heights = [1.9 + _ROW * len(_shown(judged)) for judged in groups]
    figure = new_figure(12.5, sum(heights) + 0.4)
    panels = figure.subplots(len(groups), 2, squeeze=False, height_ratios=heights, sharey="row")
    for (left, right), judged in zip(panels, groups, strict=True):
        _correlations(left, judged)
        _gains(right, judged)
    _legend(figure, groups)
    return figure


def _shown(judged: JudgedGroup) -> list[tuple[JudgedSignal, Measured]]:
    found = ((one, one.scopes.get(judged.scope)) for one in judged.signals)
    return [(one, measured) for one, measured in found if measured is not None]


def _correlations(axes: Axes, judged: JudgedGroup) -> None:
    style(axes)
    title(axes, "Correlation with the final score", heading(judged))
    for place, (one, measured) in enumerate(_shown(judged)):
        color = _color(one, measured)
        _point(axes, measured.spearman, place, color, 52)
        if one.role != "signal" and np.isfinite(measured.spearman.value):
            axes.axvline(measured.spearman.value, color=color, linewidth=1.2, zorder=1)
    axes.axvline(0, color=SOFT, linewidth=1.0, zorder=1)
    axes.set_xlim(-1.02, 1.02)
    names = [label(one.name) for one, _ in _shown(judged)]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", colors=INK)
    name_axes(axes, f"Spearman's correlation {_WHERE[judged.scope]}, with 95% intervals")


def _gains(axes: Axes, judged: JudgedGroup) -> None:
    style(axes)
    title(
        axes,
        "Gain from selecting by the signal",
        "0: a random run; 100: the best of k runs; the interval is that of k = 10",
    )
    for place, (one, measured) in enumerate(_shown(judged)):
        color = _color(one, measured)
        for selection in measured.selections:
            _point(
                axes,
                _percent(selection.share),
                place,
                color,
                _SIZES[selection.k],
                with_interval=selection.k == 10,
            )
    axes.axvline(0, color=SOFT, linewidth=1.0, zorder=1)
    axes.axvline(100, color=SOFT, linewidth=1.0, linestyle=":", zorder=1)
    axes.tick_params(axis="y", labelleft=False)
    name_axes(axes, "share of the possible gain (%)")


def _point(
    axes: Axes,
    estimate: Estimate,
    place: int,
    color: str,
    size: float,
    *,
    with_interval: bool = True,
) -> None:
    if not np.isfinite(estimate.value):
        return
    if with_interval and np.isfinite(estimate.low):
        ends = [estimate.low, estimate.high]
        axes.plot(ends, [place, place], color=color, linewidth=2.2, alpha=0.55, zorder=2)
    axes.scatter(
        [estimate.value], [place], s=size, color=color, edgecolor="white", linewidth=0.7, zorder=3
    )


def _percent(share: Estimate) -> Estimate:
    return Estimate(100 * share.value, 100 * share.low, 100 * share.high, share.n)


def _color(one: JudgedSignal, measured: Measured) -> str:
    if one.role != "signal":
        return _ROLES[one.role][0]
    return _VERDICTS.get(measured.verdict.predicts if measured.verdict else "", _NO_VERDICT)[0]


def _legend(figure: Figure, groups: Sequence[JudgedGroup]) -> None:
    """Name the colors that occur, and the sizes of the points."""
    used: dict[str, str] = {}
    for one, measured in (row for judged in groups for row in _shown(judged)):
        if one.role != "signal":
            name = _ROLES[one.role][1]
        else:
            answer = measured.verdict.predicts if measured.verdict else ""
            name = _VERDICTS.get(answer, _NO_VERDICT)[1]
        used[name] = _color(one, measured)
    handles = [_dot(52, color, color) for color in used.values()]
    handles += [_dot(size, "white", INK) for size in _SIZES.values()]
    figure.legend(
        handles,
        [*used, *(f"k = {k}" for k in _SIZES)],
        loc="outside lower left",
        ncols=4,
        frameon=False,
        fontsize=9.5,
        labelcolor=INK,
    )


def _dot(area: float, color: str, edge: str) -> Line2D:
    return Line2D(
        [],
        [],
        marker="o",
        linestyle="",
        markersize=area**0.5,
        color=color,
        markeredgecolor=edge,
    )
