"""Figures of a comparison: re-runs, best scores by cost, and means with their intervals."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.comparison.report import ComparisonReport
from results.comparison.sides import Comparison
from results.plots.scatter import Group, Panel, scatter_figure
from results.plots.style import OBJECTIVES, SOFT, name_axes, new_figure, style, title
from results.stats.estimates import Estimate

_PALER = {"one-shot": "#8fb4c9", "final": "#e0a78f"}
"""Color of an incumbent on the other problem, by the objective of its study."""


def comparison_figure(comparison: Comparison, *, seed: int = 0) -> Figure:
    """Draw the re-runs of two incumbents, one panel per study, on common axes.

    Args:
        comparison: A one-shot study next to a final one.
        seed: Seed of the bootstrap of the correlations' intervals.
    """
    panels = [
        Panel(
            title=side.study.name,
            subtitle=f"incumbent for the {side.study.objective} score, re-run on fresh seeds",
            one_shot=side.one_shot_psnr,
            architecture=side.architecture_psnr,
            groups=(Group(np.ones(side.n, dtype=bool), OBJECTIVES[side.study.objective]),),
            median_color=OBJECTIVES[side.study.objective],
        )
        for side in comparison.sides
    ]
    return scatter_figure(panels, columns=2, seed=seed)


def best_by_cost_figure(report: ComparisonReport) -> Figure:
    """Draw how the best observed score of each study rose with its cost, one panel per study.

    The panels share the axis of the cost. They do not share the axis of the scores, because the
    studies maximized different scores.
    """
    figure = new_figure(9.4, 3.8)
    panels: list[Axes] = list(figure.subplots(1, 2, sharex=True))
    others = tuple(reversed(report.comparison.sides))
    for axes, side, other, best in zip(
        panels, report.comparison.sides, others, report.anytime, strict=True
    ):
        objective = side.study.objective
        axes.step(
            best.epochs, best.scores, where="post", color=OBJECTIVES[objective], linewidth=1.8
        )
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


def means_figure(report: ComparisonReport) -> Figure:
    """Draw the mean architecture PSNR of each setting that was run, with its interval."""
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


def mean_rows(report: ComparisonReport) -> Sequence[tuple[str, Estimate, str]]:
    """Return label, mean and color of each setting, in drawing order."""
    one_shot, final = report.comparison.sides
    rows = [
        ("one-shot study's incumbent, re-run", one_shot.architecture.mean, OBJECTIVES["one-shot"]),
        ("final study's incumbent, re-run", final.architecture.mean, OBJECTIVES["final"]),
    ]
    if report.equal_cost is not None:
        costly = max(report.comparison.sides, key=lambda side: side.cost.epochs).study.objective
        label = f"{costly} study's at the other's cost"
        rows.append((label, report.equal_cost.architecture, SOFT))
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
