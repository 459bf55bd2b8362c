"""Figures of α during searches: eigenvalues of its Hessian, and its norms, over the epochs."""

import math
from collections.abc import Sequence
from textwrap import fill
from typing import Final

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from configspace.names import counted
from results.analysis.search_curves import Plasticity, SearchCurves
from results.plots.style import INK, OTHERS, SOFT, name_axes, new_figure, style, title
from results.stats.estimates import Floats

_COLUMNS: Final = 3
_WIDTH: Final = 30
"""Number of characters in a line of a panel's title."""
_QUANTILES: Final = (0.02, 0.98)
"""Quantiles of the scores at the ends of the scale of colors."""
_SCORES: Final = colormaps["viridis"]
_PARTS: Final = colormaps["plasma"]
_NORMS: Final[dict[Plasticity, str]] = {
    "plasticity_sup": "largest |α|",
    "plasticity_edge": "largest norm of an edge's centered α",
}


def eigenvalue_figure(searches: Sequence[SearchCurves]) -> Figure:
    """Draw the dominant eigenvalue of α's Hessian over the epochs, one line per trial.

    Lines are colored by the final score, each problem on a scale of its own from the 2% to the 98%
    quantile; those of trials without a score are gray.

    Args:
        searches: At least one set of curves with eigenvalues, one panel each.
    """
    columns = min(len(searches), _COLUMNS)
    rows = math.ceil(len(searches) / columns)
    colors = {
        problem: _colors([one for one in searches if one.problem == problem])
        for problem in dict.fromkeys(one.problem for one in searches)
    }
    figure = new_figure(4.6 * columns + 1.4 * len(colors), 4.2 * rows)
    panels = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    for axes, one in zip(panels, searches, strict=False):
        style(axes)
        curves = one.curves.dropna(subset=["eigenvalue"])
        for _, line in curves.groupby("run"):
            score = float(line["score"].iloc[0])
            color = OTHERS if math.isnan(score) else _SCORES(colors[one.problem](score))
            axes.plot(line["epoch"], line["eigenvalue"], color=color, linewidth=0.9, alpha=0.75)
        if (curves["eigenvalue"] > 0).all():
            axes.set_yscale("log")
        title(axes, fill(one.name, _WIDTH), counted(int(curves["run"].nunique()), "trial"))
        name_axes(axes, "epoch", "dominant eigenvalue")
    for axes in panels[len(searches) :]:
        figure.delaxes(axes)
    # Shared axes have their ticks named in the last row only, which may not be full.
    for axes in panels[max(len(searches) - columns, 0) : len(searches)]:
        axes.tick_params(axis="x", labelbottom=True)
    for problem, scale in reversed(colors.items()):  # each new one is left of the others
        bar = figure.colorbar(
            ScalarMappable(scale, _SCORES),
            ax=list(panels[: len(searches)]),
            shrink=0.8,
            aspect=40,
            extend="both",
        )
        label = "architecture PSNR (dB)" + f", {problem}" * (len(colors) > 1)
        bar.set_label(label, color=INK, fontsize=10.5)
        bar.ax.tick_params(colors=SOFT, labelsize=9, length=0)
        bar.outline.set_visible(False)
    return figure


def plasticity_figure(searches: Sequence[SearchCurves]) -> Figure:
    """Draw the norms of α over the epochs, one line per cell or layer.

    A line is the median over the trials, with a band from their 10th to their 90th percentile.

    Args:
        searches: At least one set of curves, one row of panels each.
    """
    figure = new_figure(11.5, 4.0 * len(searches) + 0.4)
    panels = figure.subplots(len(searches), 2, squeeze=False)
    for row, one in zip(panels, searches, strict=True):
        for axes, (column, label) in zip(row, _NORMS.items(), strict=True):
            style(axes)
            epochs, norms = one.plasticity(column)
            _bands(axes, epochs, norms, one.part)
            subtitle = f"{one.name}: {counted(len(norms), 'trial')}"
            title(axes, f"{label[0].upper()}{label[1:]}", subtitle)
            name_axes(axes, "epoch", label)
        row[1].legend(
            loc="upper left",
            bbox_to_anchor=(1.0, 1.02),
            frameon=False,
            fontsize=9.5,
            labelcolor=INK,
        )
    return figure


def _bands(axes: Axes, epochs: Floats, norms: Floats, part: str) -> None:
    parts = norms.shape[-1]
    for index in range(parts):
        color = _PARTS(0.85 * index / max(parts - 1, 1))
        of_part = norms[:, :, index]
        low, median, high = np.nanquantile(of_part, [0.1, 0.5, 0.9], axis=0)
        axes.fill_between(epochs, low, high, color=color, alpha=0.12, linewidth=0)
        label = f"{part} {index + 1}"
        axes.plot(epochs, median, color=color, linewidth=1.6, label=label)


def _colors(searches: Sequence[SearchCurves]) -> Normalize:
    """Return the scale of the scores of trials, without the few at both ends; 0 to 1 without any.

    A single trial that failed would give all others one color.
    """
    of_trials = [one.curves.groupby("run")["score"].first() for one in searches]
    known = np.concatenate([scores.to_numpy(dtype=float) for scores in of_trials])
    known = known[np.isfinite(known)]
    low, high = np.quantile(known, _QUANTILES) if len(known) else (0.0, 1.0)
    return Normalize(float(low), float(high))
