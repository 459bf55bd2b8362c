"""Panels of trials as points, architecture PSNR over one-shot PSNR: the form of Figures 3 to 8."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.plots.style import (
    COLOURS,
    INK,
    MARKERS,
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
from results.stats.estimates import Estimate
from results.text import interval_text


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Points of one color: the trials of one setting."""

    label: str
    one_shot: Floats
    """In dB, shape ``(trial,)``."""
    architecture: Floats
    """In dB, of the same trials."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One pair of axes."""

    title: str
    subtitle: str
    groups: tuple[Group, ...]


def panels_figure(panels: Sequence[Panel], *, columns: int, seed: int = 0) -> Figure:
    """Draw panels on common axes, each with the line and the correlation of all its points.

    Args:
        panels: In reading order.
        columns: Panels side by side.
        seed: Of the bootstrap of the correlations' intervals.
    """
    rows = math.ceil(len(panels) / columns)
    figure = new_figure(0.6 + 4.6 * columns, 5.4 * rows)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    every = [group for panel in panels for group in panel.groups]
    grid[0, 0].set_xlim(*limits([group.one_shot for group in every]))
    grid[0, 0].set_ylim(*limits([group.architecture for group in every]))
    for place, axes in enumerate(grid.flat):
        if place >= len(panels):
            figure.delaxes(axes)
            continue
        style(axes)
        axes.tick_params(labelbottom=True, labelleft=place % columns == 0)
        axes.locator_params(nbins=7)
        _draw(axes, panels[place], seed)
        left = place % columns == 0
        name_axes(axes, "one-shot PSNR (dB)", "architecture PSNR (dB)" if left else "")
    return figure


def _draw(axes: Axes, panel: Panel, seed: int) -> None:
    title(axes, panel.title, panel.subtitle)
    drawn = [group for group in panel.groups if len(group.one_shot)]
    for index, group in enumerate(panel.groups):
        axes.scatter(
            group.one_shot,
            group.architecture,
            s=36,
            marker=MARKERS[index],
            color=COLOURS[index],
            alpha=0.7,
            edgecolor="white",
            linewidth=0.6,
            label=f"{group.label}: {_r(group.one_shot, group.architecture, seed)}",
            zorder=3,
        )
    if not drawn:
        axes.text(
            0.5,
            0.5,
            "no trials yet",
            transform=axes.transAxes,
            ha="center",
            color=SOFT,
            fontsize=11,
        )
    x = np.concatenate([np.empty(0), *(group.one_shot for group in drawn)])
    y = np.concatenate([np.empty(0), *(group.architecture for group in drawn)])
    label = f"all of them: Pearson {_r(x, y, seed)}"
    line = regression(x, y)
    if line is None:
        axes.plot([], [], " ", label=label)
    else:
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, line[0] * ends + line[1], color=INK, linewidth=1.6, label=label, zorder=4)
    legend_below(axes)


def _r(x: Floats, y: Floats, seed: int) -> str:
    found: Estimate = correlation(x, y, seed=seed)
    said = "undefined" if math.isnan(found.value) else interval_text(found)
    return f"r = {said}, n = {found.n}"
