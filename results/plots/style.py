"""The look of all figures, and how they are written to files.

The colors are distinguishable with every kind of color vision. Figures use matplotlib's objects
directly: no global state is changed, and no window system is needed.
"""

import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from configspace.errors import DartboardError
from configspace.whole_file import make_folders, write_whole

Floats = NDArray[np.float64]

INK: Final = "#22303c"
SOFT: Final = "#6b7a86"
GRID: Final = "#e6eaed"
OTHERS: Final = "#93a4b0"
"""Color of points in the background."""
OBJECTIVES: Final = {"one-shot": "#2a6f97", "final": "#c4572f"}
"""Color of a study, by its objective."""
SIGNALS: Final = ("#009e73", "#cc79a7", "#e69f00", "#7d4e9e", "#56b4e9", "#8c6d31")
"""Colors of studies with other objectives, in their order."""
COLORS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Colors of things side by side: the palette of Okabe and Ito."""
MARKERS: Final = ("o", "^", "s", "D", "v", "P")
"""Markers that are distinguishable without colors."""

FORMATS: Final = (".png", ".pdf", ".svg")


def study_colors(objectives: Sequence[str]) -> tuple[str, ...]:
    """Return a color for each of several studies side by side.

    Args:
        objectives: The objective of each study. Of studies with the same one, only the first has
            the color of the objective.
    """
    spare, used, found = itertools.cycle(SIGNALS), set[str](), []
    for objective in objectives:
        known = objective in OBJECTIVES and objective not in used
        found.append(OBJECTIVES[objective] if known else next(spare))
        used.add(objective)
    return tuple(found)


def paler(color: str) -> str:
    """Return a color halfway between the given one and white."""
    red, green, blue = to_rgb(color)
    return to_hex(((1 + red) / 2, (1 + green) / 2, (1 + blue) / 2))


def panels_of(figure: Figure, count: int) -> list[Axes]:
    """Return axes on a figure in reading order, which share the x axis and its numbers.

    Args:
        figure: A figure; see `panel_grid` for its rows and columns.
        count: Number of panels.
    """
    rows, columns = panel_grid(count)
    axes = list(figure.subplots(rows, columns, sharex=True, squeeze=False).flat)
    for spare in axes[count:]:
        figure.delaxes(spare)
    for each in axes[:count]:
        each.tick_params(labelbottom=True)
    return axes[:count]


def panel_grid(count: int) -> tuple[int, int]:
    """Return rows and columns of panels: at most three side by side, and four as two by two."""
    columns = 2 if count == 4 else min(count, 3)
    return -(-count // columns), columns


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of the given size in inches, with a constrained layout."""
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1, wspace=0.05)
    return Figure(figsize=(width, height), layout=layout, facecolor="white")


def style(axes: Axes) -> None:
    """Give axes a soft grid and two spines."""
    axes.set_axisbelow(True)
    axes.grid(color=GRID, linewidth=0.8)
    axes.tick_params(which="both", colors=SOFT, labelsize=9, length=0, pad=5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#c5cdd3")


def title(axes: Axes, text: str, subtitle: str = "") -> None:
    """Write a title at the left, and below it a subtitle in a softer color."""
    pad = 24 if subtitle else 8
    axes.set_title(text, loc="left", color=INK, fontsize=12.5, fontweight="bold", pad=pad)
    axes.annotate(
        subtitle,
        (0, 1),
        (0, 9),
        xycoords="axes fraction",
        textcoords="offset points",
        color=SOFT,
        fontsize=9.5,
    )


def name_axes(axes: Axes, x: str, y: str = "") -> None:
    """Label both axes."""
    axes.set_xlabel(x, color=INK, fontsize=10.5, labelpad=6)
    axes.set_ylabel(y, color=INK, fontsize=10.5, labelpad=6)


def legend_below(axes: Axes) -> None:
    """Put a legend below the axes, where it cannot cover points."""
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.14),
        frameon=False,
        fontsize=9.5,
        labelcolor=INK,
        handlelength=1.6,
        labelspacing=0.3,
    )


def limits(samples: Sequence[Floats]) -> tuple[float, float]:
    """Return axis limits with a margin around all values; 0 to 1 if there are no values."""
    values = np.concatenate([np.empty(0), *samples])
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or 0.5
    return low - margin, high + margin


def save(figure: Figure, stem: Path) -> tuple[Path, Path]:
    """Write a figure as PNG and PDF.

    Args:
        figure: The figure.
        stem: Path of both files without the ending; missing folders are made.

    Returns:
        The paths of the PNG and of the PDF.

    Raises:
        DartboardError: If a file cannot be written.
    """
    png, pdf = (stem.with_name(f"{stem.name}.{ending}") for ending in ("png", "pdf"))
    for path in (png, pdf):
        write(figure, path)
    return png, pdf


def check_ending(path: Path) -> None:
    """Check that a file name ends like a figure.

    Raises:
        DartboardError: If the ending is none of `FORMATS`.
    """
    if path.suffix.lower() not in FORMATS:
        raise DartboardError(
            f"cannot write figure {str(path)!r}: expected a file name that ends in "
            f"{', '.join(FORMATS)}, got {path.suffix or 'no ending'!r}"
        )


def write(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, PDF or SVG.

    Args:
        figure: The figure.
        path: The file; its ending selects the format. Missing folders are made.

    Raises:
        DartboardError: If the ending is none of `FORMATS`, or the file cannot be written.
    """
    check_ending(path)
    try:
        make_folders(path.parent)
        write_whole(path, drawn(figure, path.suffix.lower()))
    except OSError as error:
        raise DartboardError(
            f"cannot write figure {str(path)!r}: {error.strerror}", advice="choose another file"
        ) from error


def drawn(figure: Figure, ending: str) -> bytes:
    """Return the content of a file of a figure.

    Args:
        figure: The figure.
        ending: Ending of the file's name, one of `FORMATS`.
    """
    # Files hold no creation date, so that equal results give equal files.
    metadata: dict[str, dict[str, None]] = {
        ".png": {},
        ".pdf": {"CreationDate": None},
        ".svg": {"Date": None},
    }
    buffer = io.BytesIO()
    # Text is stored as text, not as outlines: many publishers require it.
    with rc_context({"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "dartboard"}):
        figure.savefig(buffer, format=ending[1:], dpi=200, metadata=metadata[ending])
    return buffer.getvalue()
