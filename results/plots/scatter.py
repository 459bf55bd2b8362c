"""Scatter plots of trials: architecture PSNR over one-shot PSNR, in one panel or several.

This is the form of the paper's Figures 3 to 8, of the re-runs of two incumbents, and of the trials
of one study. Each panel has the regression line and the correlation of all its points.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from results.plots.style import (
    INK,
    SOFT,
    Floats,
    legend_below,
    limits,
    name_axes,
    new_figure,
    style,
    title,
)
from results.stats.correlations import correlation, regression
from results.text import interval_text, number_text


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Points of a panel that share a color and a marker."""

    members: NDArray[np.bool_]
    """Whether each point of the panel belongs to the group; shape ``(trial,)``."""
    color: str
    marker: str = "o"
    label: str | None = None
    """Name of the group in the legend; None: the legend leaves it out."""
    correlated: bool = False
    """Whether the legend gives the correlation within the group."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One pair of axes and its points."""

    title: str
    subtitle: str
    one_shot: Floats
    """One-shot PSNRs in dB, shape ``(trial,)``."""
    architecture: Floats
    """Architecture PSNRs in dB, of the same trials."""
    groups: tuple[Group, ...]
    """The groups in the order of drawing; each point is in one of them."""
    has_interval: bool = True
    """Whether the points are independent, so that their correlation has an interval."""
    line_label: str = "Pearson"
    """What the legend writes before the correlation of all points."""
    median_color: str | None = None
    """Color of the marks of both medians on the margins; None: no marks."""


def scatter_figure(panels: Sequence[Panel], *, columns: int, seed: int = 0) -> Figure:
    """Draw panels on common axes.

    Args:
        panels: The panels in reading order.
        columns: Number of panels side by side.
        seed: Seed of the bootstrap of the correlations' intervals.
    """
    rows = math.ceil(len(panels) / columns)
    figure = new_figure(0.6 + 4.6 * columns, 5.4 * rows)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    grid[0, 0].set_xlim(*limits([panel.one_shot for panel in panels]))
    grid[0, 0].set_ylim(*limits([panel.architecture for panel in panels]))
    for place, axes in enumerate(grid.flat):
        if place >= len(panels):
            figure.delaxes(axes)
            continue
        left = place % columns == 0
        style(axes)
        axes.tick_params(labelbottom=True, labelleft=left)
        axes.locator_params(nbins=7)
        _draw(axes, panels[place], seed)
        name_axes(axes, "one-shot PSNR (dB)", "architecture PSNR (dB)" if left else "")
    return figure


def _draw(axes: Axes, panel: Panel, seed: int) -> None:
    title(axes, panel.title, panel.subtitle)
    x, y = panel.one_shot, panel.architecture
    for group in panel.groups:
        of_group = x[group.members], y[group.members]
        label = group.label
        if group.correlated:
            label = f"{label}: {_correlation_text(*of_group, seed)}"
        axes.scatter(
            *of_group,
            s=36,
            marker=group.marker,
            color=group.color,
            alpha=0.7,
            edgecolor="white",
            linewidth=0.6,
            label=label,
            zorder=3,
        )
    if not len(x):
        axes.text(
            0.5,
            0.5,
            "no trials yet",
            transform=axes.transAxes,
            ha="center",
            color=SOFT,
            fontsize=11,
        )
    label = f"{panel.line_label} {_correlation_text(x, y, seed, with_interval=panel.has_interval)}"
    line = regression(x, y)
    if line is None:
        axes.plot([], [], " ", label=label)
    else:
        slope, intercept = line
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, slope * ends + intercept, color=INK, linewidth=1.6, label=label, zorder=4)
    if panel.median_color is not None and len(x):
        _mark_medians(axes, panel, panel.median_color)
    legend_below(axes)


def _correlation_text(x: Floats, y: Floats, seed: int, *, with_interval: bool = True) -> str:
    found = correlation(x, y, seed=seed)
    value = interval_text(found) if with_interval else number_text(found.value)
    return f"r = {'undefined' if math.isnan(found.value) else value}, n = {found.n}"


def _mark_medians(axes: Axes, panel: Panel, color: str) -> None:
    """Mark both medians on the margins, with their values."""
    x, y = float(np.median(panel.one_shot)), float(np.median(panel.architecture))
    halo = [withStroke(linewidth=3, foreground="white")]
    for (left, bottom), marker, transform, text, offset, align in (
        ((x, 0.0), "^", axes.get_xaxis_transform(), f"median {x:.1f}", (7, 5), "bottom"),
        ((1.0, y), "<", axes.get_yaxis_transform(), f"median\n{y:.1f}", (8, 0), "center"),
    ):
        axes.plot(
            [left],
            [bottom],
            marker=marker,
            color=color,
            markersize=7,
            transform=transform,
            clip_on=False,
            zorder=5,
        )
        axes.annotate(
            text,
            (left, bottom),
            offset,
            xycoords=transform,
            textcoords="offset points",
            color=color,
            fontsize=8.5,
            va=align,
            path_effects=halo,
            zorder=6,
        )
