"""Figures of a comparison: re-runs, best scores by cost, means, and differences of means."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from configspace.signals import FINAL, ONE_SHOT
from results.comparison.numbers import percent
from results.comparison.report import ComparisonReport, PairReport
from results.comparison.sides import Comparison, Side
from results.plots.scatter import Group, Panel, scatter_figure
from results.plots.style import (
    INK,
    SOFT,
    name_axes,
    new_figure,
    paler,
    panel_grid,
    panels_of,
    study_colors,
    style,
    title,
)
from results.stats.estimates import Estimate

MeanRow = tuple[str, Estimate, str]
"""Label, mean and color of a setting."""


def comparison_figure(comparison: Comparison, *, seed: int = 0) -> Figure:
    """Draw the re-runs of the incumbents, one panel per study, on common axes.

    Args:
        comparison: Studies next to a final one.
        seed: Seed of the bootstrap of the correlations' intervals.
    """
    panels = [
        Panel(
            title=side.study.name,
            subtitle=f"{_tuned_on(side)}, re-run on fresh seeds",
            one_shot=side.one_shot_psnr,
            architecture=side.architecture_psnr,
            groups=(Group(np.ones(side.n, dtype=bool), color),),
            median_color=color,
        )
        for side, color in zip(comparison.sides, _colors(comparison), strict=True)
    ]
    return scatter_figure(panels, columns=panel_grid(len(panels))[1], seed=seed)


def _tuned_on(side: Side) -> str:
    if side.signal in (ONE_SHOT, FINAL):
        return f"incumbent for the {side.study.objective} score"
    return f"incumbent tuned on the {side.signal.label}"


def best_by_cost_figure(report: ComparisonReport) -> Figure:
    """Draw how the best observed score of each study rose with its cost, one panel per study.

    The panels share the axis of the cost. They do not share the axis of the scores, because the
    studies were tuned on different scores. A panel marks the cost of the reference; that of the
    reference marks the costs of the other studies.
    """
    sides = report.comparison.sides
    colors = dict(zip((side.study.name for side in sides), _colors(report.comparison), strict=True))
    rows, columns = panel_grid(len(sides))
    figure = new_figure(4.7 * columns, 3.8 * rows)
    panels = panels_of(figure, len(sides))
    for axes, side, best in zip(panels, sides, report.anytime, strict=True):
        color = colors[side.study.name]
        axes.step(best.epochs, best.scores, where="post", color=color, linewidth=1.8)
        marked = report.comparison.others if side is sides[-1] else sides[-1:]
        if len(marked) == 1:
            _mark_cost(axes, side, marked[0])
        else:
            _mark_costs(axes, side, marked, colors)
        style(axes)
        title(axes, side.study.name)
        name_axes(axes, "cost (epochs × trials)", f"best observed {side.signal.axis_label}")
    panels[0].set_xlim(left=0)
    return figure


def _mark_cost(axes: Axes, side: Side, other: Side) -> None:
    """Mark the cost of another study by a line with its label."""
    left = other.cost.epochs > side.cost.epochs
    axes.axvline(other.cost.epochs, color=SOFT, linewidth=1, linestyle=":")
    axes.annotate(
        f"cost of the\n{other.label}",
        (other.cost.epochs, 0.03),
        (-5 if left else 5, 0),
        xycoords=axes.get_xaxis_transform(),
        textcoords="offset points",
        ha="right" if left else "left",
        color=SOFT,
        fontsize=8.5,
    )


def _mark_costs(axes: Axes, side: Side, others: Sequence[Side], colors: dict[str, str]) -> None:
    """Mark the costs of several studies by lines with their names.

    Costs may be equal, so each line has its own part of the height.
    """
    for place, other in enumerate(others):
        color, left = colors[other.study.name], other.cost.epochs > side.cost.epochs / 2
        low, high = 1 - (place + 1) / len(others), 1 - place / len(others)
        axes.axvline(other.cost.epochs, low + 0.02, high - 0.02, color=color, linewidth=1.6)
        axes.annotate(
            f"cost of\n{other.study.name}",
            (other.cost.epochs, (low + high) / 2),
            (-5 if left else 5, 0),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            color=color,
            fontsize=8.5,
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )


def means_figure(report: ComparisonReport) -> Figure:
    """Draw the mean architecture PSNR of each setting that was run, with its interval."""
    rows = mean_rows(report)
    figure = new_figure(9.4, 1.0 + 0.38 * len(rows))
    axes = figure.subplots()
    _draw_intervals(axes, [(f"{label} (n = {e.n})", e, color) for label, e, color in rows])
    name_axes(axes, "mean architecture PSNR (dB), 95% interval")
    return figure


def differences_figure(report: ComparisonReport) -> Figure:
    """Draw by how much the reference's incumbent is higher than each other, with its interval."""
    comparison = report.comparison
    rows = [
        row
        for pair, color in zip(report.pairs, _colors(comparison), strict=False)
        for row in _difference_rows(pair, color)
    ]
    figure = new_figure(9.4, 1.0 + 0.38 * len(rows))
    axes = figure.subplots()
    axes.axvline(0, color=INK, linewidth=1)
    _draw_intervals(axes, rows)
    name_axes(
        axes,
        f"mean architecture PSNR of {comparison.reference.study.name} minus that of the other "
        f"(dB), {percent(comparison.level)} interval",
    )
    return figure


def _difference_rows(pair: PairReport, color: str) -> Iterator[MeanRow]:
    name = pair.versus.other.study.name
    yield name, pair.versus.gain, color
    if pair.equal_cost is not None:
        yield f"{name}, at equal cost", pair.equal_cost.contrast.difference, paler(color)
    if pair.crossed is not None:
        difference = pair.crossed.contrast.difference
        yield f"{name}, on {pair.crossed.problem}", difference, paler(color)


def _draw_intervals(axes: Axes, rows: Sequence[MeanRow]) -> None:
    for place, (_, estimate, color) in enumerate(rows):
        axes.plot([estimate.low, estimate.high], [place, place], color=color, linewidth=2.2)
        axes.plot([estimate.value], [place], "o", color=color, markersize=6)
    axes.set_yticks(np.arange(len(rows)), [label for label, _, _ in rows])
    axes.invert_yaxis()
    style(axes)


def mean_rows(report: ComparisonReport) -> list[MeanRow]:
    """Return label, mean and color of each setting, in drawing order."""
    comparison = report.comparison
    colors = _colors(comparison)
    rows = [
        (f"{side.label}'s incumbent, re-run", side.architecture.mean, color)
        for side, color in zip(comparison.sides, colors, strict=True)
    ]
    crossed: dict[str, MeanRow] = {}
    for pair, color in zip(report.pairs, colors, strict=False):
        other, reference = pair.versus.sides
        if pair.equal_cost is not None:
            costly, cheap = sorted(
                (reference, other), key=lambda side: side.cost.epochs, reverse=True
            )
            at = "the other's" if len(report.pairs) == 1 else f"the {cheap.label}'s"
            rows.append((f"{costly.label}'s at {at} cost", pair.equal_cost.architecture, SOFT))
        if (exchange := pair.exchange) is not None:
            one, two = other.label.removesuffix(" study"), reference.study.objective
            rows += [
                (f"{one} architectures, {two} param_*", exchange.other_final, SOFT),
                (f"{two} architectures, {one} param_*", exchange.final_other, SOFT),
            ]
        if (found := pair.crossed) is not None:
            for side, summary, dark in (
                (other, found.other, color),
                (reference, found.reference, colors[-1]),
            ):
                label = f"{side.label}'s on {found.problem}"
                crossed[side.study.name] = (label, summary.mean, paler(dark))
    places = [side.study.name for side in comparison.sides]
    return rows + [crossed[name] for name in places if name in crossed]


def _colors(comparison: Comparison) -> tuple[str, ...]:
    """Return the color of each study, the reference last."""
    return study_colors([side.study.objective for side in comparison.sides])
