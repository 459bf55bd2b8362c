"""Pictures of a comparison beside its scatter plots: anytime curves, and means with intervals."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.comparison_report import Report
from results.statistics import Estimate

_INK, _SOFT, _GRID = "#22303c", "#6b7a86", "#e6eaed"
_COLOURS = {"one-shot": "#2a6f97", "final": "#c4572f"}


def anytime_figure(report: Report) -> Figure:
    """Draw how each study's best observed score rose with its cost, a panel a study.

    The panels share the axis of seconds, not that of scores: the two maximised different ones.
    """
    figure = Figure(figsize=(9.4, 3.6), layout="constrained", facecolor="white")
    panels: list[Axes] = list(figure.subplots(1, 2, sharex=True))
    others = tuple(reversed(report.comparison.sides))
    for axes, side, other, (seconds, psnrs) in zip(
        panels, report.comparison.sides, others, report.anytime, strict=True
    ):
        objective = side.study.objective
        axes.step(seconds, psnrs, where="post", color=_COLOURS[objective], linewidth=1.8)
        axes.axvline(other.cost.seconds, color=_SOFT, linewidth=1, linestyle=":")
        axes.annotate(
            f"cost of the\n{other.study.objective} study",
            (other.cost.seconds, 0.03),
            (-5 if other.cost.seconds > side.cost.seconds else 5, 0),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            ha="right" if other.cost.seconds > side.cost.seconds else "left",
            color=_SOFT,
            fontsize=8.5,
        )
        _style(axes)
        axes.set_title(side.study.name, loc="left", color=_INK, fontsize=11, fontweight="bold")
        axes.set_xlabel("evaluation seconds", color=_INK)
        score = "one-shot" if objective == "one-shot" else "architecture"
        axes.set_ylabel(f"best observed {score} PSNR (dB)", color=_INK)
    panels[0].set_xlim(left=0)
    return figure


def means_figure(report: Report) -> Figure:
    """Draw the mean architecture PSNRs of all settings that were run, with their intervals."""
    rows = mean_rows(report)
    figure = Figure(figsize=(9.4, 0.9 + 0.38 * len(rows)), layout="constrained", facecolor="white")
    axes = figure.subplots()
    for place, (_, estimate, colour) in enumerate(rows):
        axes.plot([estimate.low, estimate.high], [place, place], color=colour, linewidth=2.2)
        axes.plot([estimate.value], [place], "o", color=colour, markersize=6)
    axes.set_yticks(np.arange(len(rows)), [f"{label} (n = {e.n})" for label, e, _ in rows])
    axes.invert_yaxis()
    _style(axes)
    axes.set_xlabel("mean architecture PSNR (dB), 95% interval", color=_INK)
    return figure


def mean_rows(report: Report) -> Sequence[tuple[str, Estimate, str]]:
    """Return label, mean and colour of each setting, in the order of drawing."""
    one_shot, final = report.comparison.sides
    rows = [
        ("one-shot study's incumbent, re-run", one_shot.architecture.mean, _COLOURS["one-shot"]),
        ("final study's incumbent, re-run", final.architecture.mean, _COLOURS["final"]),
    ]
    if (found := report.exchange) is not None:
        rows += [
            ("one-shot architectures, final param_*", found.one_shot_final, _SOFT),
            ("final architectures, one-shot param_*", found.final_one_shot, _SOFT),
        ]
    if (crossed := report.crossed) is not None:
        rows += [
            (f"one-shot study's on {crossed.problem}", crossed.one_shot.mean, "#8fb4c9"),
            (f"final study's on {crossed.problem}", crossed.final.mean, "#e0a78f"),
        ]
    return rows


def _style(axes: Axes) -> None:
    axes.set_axisbelow(True)
    axes.grid(color=_GRID, linewidth=0.8)
    axes.tick_params(colors=_SOFT, labelsize=9, length=0, pad=5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#c5cdd3")
