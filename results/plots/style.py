"""How figures look, and how they are written: one ink, few lines, colors that all can tell apart.

Drawn with matplotlib's objects alone: nothing global is set, and no window system is asked for.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from configspace.errors import DartboardError

Floats = NDArray[np.float64]

INK: Final = "#22303c"
SOFT: Final = "#6b7a86"
GRID: Final = "#e6eaed"
OTHERS: Final = "#93a4b0"
"""Of points that stand back behind others."""
OBJECTIVES: Final = {"one-shot": "#2a6f97", "final": "#c4572f"}
"""Of a study, by what it maximized."""
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Of things side by side; Okabe and Ito's, told apart with every kind of color vision."""
MARKERS: Final = ("o", "^", "s", "D", "v", "P")
"""Told apart without colors, too."""

FORMATS: Final = (".png", ".pdf", ".svg")


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of so many inches, whose parts make room for each other."""
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
    """Write a title at the left, and in soft ink below it what it is about."""
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
    """Say what both axes show."""
    axes.set_xlabel(x, color=INK, fontsize=10.5, labelpad=6)
    axes.set_ylabel(y, color=INK, fontsize=10.5, labelpad=6)


def legend_below(axes: Axes) -> None:
    """Put a legend below the axes: nowhere within is sure to be free of points."""
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
    """Return limits that hold all values, with a margin; 0 to 1 if there are none."""
    values = np.concatenate([np.empty(0), *samples])
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or 0.5
    return low - margin, high + margin


def write(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, PDF or SVG, by its file's ending; missing folders are made.

    Raises:
        DartboardError: If the ending is none of these, or the file cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise DartboardError(
            f"cannot write figure {str(path)!r}: wanted a name that ends in "
            f"{', '.join(FORMATS)}, got {path.suffix or 'none'!r}"
        )
    # Nothing in a file says when it was made, so that equal results give equal files.
    metadata: dict[str, dict[str, None]] = {
        ".png": {},
        ".pdf": {"CreationDate": None},
        ".svg": {"Date": None},
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Text stays text, which publishers ask for.
        with rc_context({"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "dartboard"}):
            figure.savefig(path, dpi=200, metadata=metadata[path.suffix.lower()])
    except OSError as error:
        raise DartboardError(
            f"cannot write figure {str(error.filename or path)!r}: {error.strerror}"
        ) from error
