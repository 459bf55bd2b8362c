"""Pictures of a comparison beside its scatter plots: anytime curves, and means with intervals."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.comparison.report import Report
from results.plots.style import OBJECTIVES, SOFT, name_axes, new_figure, style, title
from results.stats.estimates import Estimate

_PALER = {"one-shot": "#8fb4c9", "final": "#e0a78f"}
"""Of a study's incumbent on the other problem."""


def anytime_figure(report: Report) -> Figure:
    """Draw how each study's best observed score rose with its cost, a panel a study.

    The panels share the axis of the cost, not that of scores: the two maximized different ones.
    """
    figure = new_figure(9.4, 3.8)
    panels: list[Axes] = list(figure.subplots(1, 2, sharex=True))
    others = tuple(reversed(report.comparison.sides))
    for axes, side, other, best in zip(
        panels, report.comparison.sides, others, report.anytime, strict=True
    ):
        objective = side.study.objective
        axes.step(best.epochs, best.psnrs, where="post", color=OBJECTIVES[objective], linewidth=1.8)
        axes.axvline(other.cost.epochs, color=SOFT, linewidth=1, linestyle=":")
        axes.annotate(
            f"cost of the\n{other.study.objective} study",
            (other.cost.epochs, 0.03),
            (-5 if other.cost.epochs > side.cost.epochs else 5, 0),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            ha="right" if other.cost.epochs > side.cost.epochs else "left",
            color=SOFT,
            fontsize=8.5,
        )
        style(axes)
        title(axes, side.study.name)
        score = "one-shot" if objective == "one-shot" else "architecture"
        name_axes(axes, "cost (epochs × trials)", f"best observed {score} PSNR (dB)")
    panels[0].set_xlim(left=0)
    return figure


def means_figure(report: Report) -> Figure:
    """Draw the mean architecture PSNRs of all settings that were run, with their intervals."""
    rows = mean_rows(report)
    figure = new_figure(9.4, 1.0 + 0.38 * len(rows))
    axes = figure.subplots()
    for place, (_, estimate, color) in enumerate(rows):
        axes.plot([estimate.low, estimate.high], [place, place], color=color, linewidth=2.2)
        axes.plot([estimate.value], [place], "o", color=color, markersize=6)
    axes.set_yticks(np.arange(len(rows)), [f"{label} (n = {e.n})" for label, e, _ in rows])
    axes.invert_yaxis()
    style(axes)
    name_axes(axes, "mean architecture PSNR (dB), 95% interval")
    return figure


def mean_rows(report: Report) -> Sequence[tuple[str, Estimate, str]]:
    """Return label, mean and color of each setting, in the order of drawing."""
    one_shot, final = report.comparison.sides
    rows = [
        ("one-shot study's incumbent, re-run", one_shot.architecture.mean, OBJECTIVES["one-shot"]),
        ("final study's incumbent, re-run", final.architecture.mean, OBJECTIVES["final"]),
    ]
    if report.early is not None:
        dear = max(report.comparison.sides, key=lambda side: side.cost.epochs).study.objective
        rows.append((f"{dear} study's at the other's cost", report.early.architecture, SOFT))
    if (found := report.exchange) is not None:
        rows += [
            ("one-shot architectures, final param_*", found.one_shot_final, SOFT),
            ("final architectures, one-shot param_*", found.final_one_shot, SOFT),
        ]
    if (crossed := report.crossed) is not None:
        rows += [
            (f"one-shot study's on {crossed.problem}", crossed.one_shot.mean, _PALER["one-shot"]),
            (f"final study's on {crossed.problem}", crossed.final.mean, _PALER["final"]),
        ]
    return rows
