"""Scatter plots of architecture PSNR against one-shot PSNR, as in the paper's Figures 3 and 4.

Drawn with matplotlib's objects alone: nothing global is set, and no window system is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from configspace.errors import DartboardError, StoreError
from results.comparison import Comparison
from results.comparison_table import interval
from results.correlations import correlation, regression
from results.frames import Frames
from results.incumbents import incumbent_of

Floats = NDArray[np.float64]

_INK = "#22303c"
_SOFT = "#6b7a86"
_GRID = "#e6eaed"
_OTHERS = "#93a4b0"
_COLOURS = {"one-shot": "#2a6f97", "final": "#c4572f"}
"""Of a study, by what it maximised."""


@dataclass(frozen=True, slots=True, eq=False)
class Cloud:
    """The points of one panel and how they are introduced."""

    title: str
    subtitle: str
    one_shot: Floats
    architecture: Floats
    colour: str
    marked: NDArray[np.bool_]
    """Which points are drawn in colour; the others are grey."""
    marked_label: str | None = None
    """Says in the legend what the coloured points are."""


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
            colour=_COLOURS[side.study.objective],
            marked=np.ones(side.n, dtype=bool),
        )
        for side in comparison.sides
    ]
    return _figure(clouds, seed)


def study_figure(frames: Frames, *, seed: int = 0) -> Figure:
    """Draw all trials of a study on its largest budget, its incumbent's in colour.

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
        colour=_COLOURS[frames.study.objective],
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
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(png, dpi=200)
        with rc_context({"pdf.fonttype": 42}):  # text stays text, which publishers ask for
            figure.savefig(pdf, metadata={"CreationDate": None})
    except OSError as error:
        raise DartboardError(
            f"cannot write figure {str(error.filename or stem)!r}: {error.strerror}"
        ) from error
    return png, pdf


def _figure(clouds: Sequence[Cloud], seed: int) -> Figure:
    """Draw a panel a cloud, all within the same limits."""
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1, wspace=0.05)
    figure = Figure(figsize=(0.4 + 4.5 * len(clouds), 5.1), layout=layout, facecolor="white")
    panels: list[Axes] = list(
        figure.subplots(1, len(clouds), sharex=True, sharey=True, squeeze=False)[0]
    )
    x_limits = _limits([cloud.one_shot for cloud in clouds])
    y_limits = _limits([cloud.architecture for cloud in clouds])
    for axes, cloud in zip(panels, clouds, strict=True):
        axes.set_xlim(*x_limits)
        axes.set_ylim(*y_limits)
        _style(axes)
        _draw(axes, cloud, seed)
        axes.set_xlabel("one-shot PSNR (dB)", color=_INK, fontsize=10.5, labelpad=6)
    panels[0].set_ylabel("architecture PSNR (dB)", color=_INK, fontsize=10.5, labelpad=6)
    return figure


def _limits(samples: Sequence[Floats]) -> tuple[float, float]:
    values = np.concatenate(samples)
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or 0.5
    return low - margin, high + margin


def _style(axes: Axes) -> None:
    axes.set_axisbelow(True)
    axes.grid(color=_GRID, linewidth=0.8)
    axes.tick_params(colors=_SOFT, labelsize=9, length=0, pad=5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#c5cdd3")
    axes.locator_params(nbins=6)


def _draw(axes: Axes, cloud: Cloud, seed: int) -> None:
    x, y = cloud.one_shot, cloud.architecture
    r = correlation(x, y, seed=seed)
    for chosen, colour, label in (
        (~cloud.marked, _OTHERS, None),
        (cloud.marked, cloud.colour, cloud.marked_label),
    ):
        if chosen.any():
            axes.scatter(
                x[chosen],
                y[chosen],
                s=38,
                color=colour,
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
        axes.plot(ends, slope * ends + intercept, color=_INK, linewidth=1.6, label=label, zorder=4)
    _medians(axes, cloud)
    axes.set_title(cloud.title, loc="left", color=_INK, fontsize=12.5, fontweight="bold", pad=24)
    axes.annotate(
        cloud.subtitle,
        (0, 1),
        (0, 9),
        xycoords="axes fraction",
        textcoords="offset points",
        color=_SOFT,
        fontsize=9.5,
    )
    axes.legend(  # below the axes: nowhere within is sure to be free of points
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.14),
        frameon=False,
        fontsize=9.5,
        labelcolor=_INK,
        handlelength=1.6,
        labelspacing=0.3,
    )


def _medians(axes: Axes, cloud: Cloud) -> None:
    """Mark both medians on the margins, with their values."""
    colour = cloud.colour if cloud.marked.all() else _SOFT
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
            color=colour,
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
            color=colour,
            fontsize=8.5,
            va=align,
            path_effects=halo,
            zorder=6,
        )
