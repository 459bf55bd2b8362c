"""Scatter plots of a study's architecture PSNRs against its one-shot PSNRs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from configspace.errors import StoreError
from results.analysis.incumbent import incumbent_of
from results.comparison.sides import Comparison
from results.comparison.table import interval
from results.frames.study import Frames
from results.plots.style import (
    INK,
    OBJECTIVES,
    OTHERS,
    SOFT,
    Floats,
    legend_below,
    limits,
    name_axes,
    new_figure,
    style,
    title,
    write,
)
from results.stats.correlations import correlation, regression


@dataclass(frozen=True, slots=True, eq=False)
class Cloud:
    """The points of one panel and how they are introduced."""

    title: str
    subtitle: str
    one_shot: Floats
    architecture: Floats
    color: str
    marked: NDArray[np.bool_]
    """Which points are drawn in color; the others are gray."""
    marked_label: str | None = None
    """Says in the legend what the colored points are."""


def comparison_figure(comparison: Comparison, *, seed: int = 0) -> Figure:
    """Draw the re-runs of two incumbents, a panel a study, on common axes.

    Args:
        comparison: A one-shot study next to a final one.
        seed: Of the bootstrap of the correlations' intervals.
    """
    clouds = [
        Cloud(
            title=side.study.name,
            subtitle=f"incumbent for the {side.study.objective} score, re-run on fresh seeds",
            one_shot=side.one_shot_psnr,
            architecture=side.architecture_psnr,
            color=OBJECTIVES[side.study.objective],
            marked=np.ones(side.n, dtype=bool),
        )
        for side in comparison.sides
    ]
    return _figure(clouds, seed)


def study_figure(frames: Frames, *, seed: int = 0) -> Figure:
    """Draw all trials of a study on its largest budget, its incumbent's in color.

    Raises:
        StoreError: If nothing has finished, or no trial on that budget was retrained.
    """
    best = incumbent_of(frames)
    trials = frames.trials[
        (frames.trials["purpose"] == "study")
        & (frames.trials["epochs"] == best.epochs)
        & frames.trials["architecture_psnr"].notna()
    ]
    if trials.empty:
        raise StoreError(
            f"study {frames.study.name!r} has no architecture PSNRs to draw: its objective is "
            f"{frames.study.objective!r}, and only 'final' retrains"
        )
    count = trials["configuration"].nunique()
    cloud = Cloud(
        title=frames.study.name,
        subtitle=f"all trials of {best.epochs} epochs: {count} configurations",
        one_shot=trials["one_shot_psnr"].to_numpy(dtype=np.float64),
        architecture=trials["architecture_psnr"].to_numpy(dtype=np.float64),
        color=OBJECTIVES[frames.study.objective],
        marked=(trials["configuration"] == str(best.configuration)).to_numpy(dtype=bool),
        marked_label=f"incumbent {best.configuration}",
    )
    return _figure([cloud], seed)


def save(figure: Figure, stem: Path) -> tuple[Path, Path]:
    """Write a figure as PNG and PDF.

    Args:
        figure: What to write.
        stem: The files' path without its ending; missing folders are made.

    Returns:
        The paths of the PNG and of the PDF.

    Raises:
        DartboardError: If a file cannot be written.
    """
    png, pdf = (stem.with_name(f"{stem.name}.{ending}") for ending in ("png", "pdf"))
    for path in (png, pdf):
        write(figure, path)
    return png, pdf


def _figure(clouds: Sequence[Cloud], seed: int) -> Figure:
    """Draw a panel a cloud, all within the same limits."""
    figure = new_figure(0.4 + 4.5 * len(clouds), 5.1)
    panels: list[Axes] = list(
        figure.subplots(1, len(clouds), sharex=True, sharey=True, squeeze=False)[0]
    )
    x_limits = limits([cloud.one_shot for cloud in clouds])
    y_limits = limits([cloud.architecture for cloud in clouds])
    for axes, cloud in zip(panels, clouds, strict=True):
        axes.set_xlim(*x_limits)
        axes.set_ylim(*y_limits)
        style(axes)
        axes.locator_params(nbins=6)
        _draw(axes, cloud, seed)
        left = axes is panels[0]
        name_axes(axes, "one-shot PSNR (dB)", "architecture PSNR (dB)" if left else "")
    return figure


def _draw(axes: Axes, cloud: Cloud, seed: int) -> None:
    x, y = cloud.one_shot, cloud.architecture
    r = correlation(x, y, seed=seed)
    for chosen, color, label in (
        (~cloud.marked, OTHERS, None),
        (cloud.marked, cloud.color, cloud.marked_label),
    ):
        if chosen.any():
            axes.scatter(
                x[chosen],
                y[chosen],
                s=38,
                color=color,
                alpha=0.75,
                edgecolor="white",
                linewidth=0.7,
                label=label,
                zorder=3,
            )
    line = regression(x, y)
    label = f"Pearson r = {interval(r)}, n = {r.n}"
    if line is None:
        axes.plot([], [], " ", label=label)
    else:
        slope, intercept = line
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, slope * ends + intercept, color=INK, linewidth=1.6, label=label, zorder=4)
    _medians(axes, cloud)
    title(axes, cloud.title, cloud.subtitle)
    legend_below(axes)


def _medians(axes: Axes, cloud: Cloud) -> None:
    """Mark both medians on the margins, with their values."""
    color = cloud.color if cloud.marked.all() else SOFT
    x, y = float(np.median(cloud.one_shot)), float(np.median(cloud.architecture))
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
