"""Drawings of architectures: supernets as in Figures 1 and 2, found ones as in Figure 9.

Each edge is an arrow in the color and dashes of its operation. In a supernet, an edge has one arrow
for each candidate. Edges with the zero operation are not drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Patch

from configspace.operations import ZERO
from results.plots.style import COLORS, INK, SOFT, new_figure, title

Edge = tuple[str, ...]
"""Candidate operations of one edge; a single name in a discretized architecture."""

Look = tuple[str, Literal["-", "--", "-.", ":"]]
"""Color and dashes of an operation."""

NAMES: Final = {
    "learnable_gradient": "learnable gradient",
    "cnn": "2-layer CNN",
    "roll": "roll",
    "noise": "noise",
}
_LOOKS: Final[dict[str, Look]] = {
    "learnable_gradient": (COLORS[0], "-"),
    "cnn": (COLORS[1], "--"),
    "roll": (COLORS[2], "-."),
    "noise": (COLORS[3], ":"),
}
_CUSTOM: Final[Look] = (COLORS[4], "-")
"""Color and dashes of custom operations."""
_RADIUS: Final = 0.17
_STEP: Final = 1.6
_BETWEEN: Final = 4.1


@dataclass(frozen=True, slots=True)
class _Node:
    """Start or end of arrows; they stop at its rim."""

    x: float
    y: float
    rim: Patch | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """An architecture, edge by edge, with a title."""

    title: str
    subtitle: str
    edges: tuple[Edge, ...]
    cells: int = 0
    """Number of cells, which share the edges equally; 0 in the sequential space."""


def architecture_figure(drawings: Sequence[Drawing]) -> Figure:
    """Draw architectures, one below the other.

    Args:
        drawings: The architectures. In the cell space, the edges of a cell are ordered by target
            state, then by source: the input of the cell first, then its states.

    Raises:
        ValueError: If the number of edges does not give each cell a whole number of states.
    """
    heights = [1.9 if not one.cells else 3.2 * one.cells for one in drawings]
    figure = new_figure(11.0, sum(heights) + 0.9 * len(drawings) + 0.5)
    panels = figure.subplots(len(drawings), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, one in zip(panels, drawings, strict=True):
        axes.set_axis_off()
        axes.set_aspect("equal")
        title(axes, one.title, one.subtitle)
        if one.cells:
            _cells(axes, one)
        else:
            _sequence(axes, one.edges)
    _legend(figure, drawings)
    return figure


def states_of(edges: int, cells: int) -> int:
    """Return the number of states in each cell.

    Args:
        edges: Number of edges in all cells together.
        cells: Number of cells.

    Raises:
        ValueError: If no number of states gives so many edges.
    """
    states = 0
    while cells * states * (states + 1) // 2 < edges:
        states += 1
    if cells * states * (states + 1) // 2 != edges:
        possible = cells * states * (states + 1) // 2
        raise ValueError(
            f"expected the edges of {cells} cells, such as {possible} with {states} states each, "
            f"got {edges}"
        )
    return states


def _sequence(axes: Axes, edges: Sequence[Edge]) -> None:
    """Draw a chain and the residual branch that adds the input to its end."""
    last = len(edges)
    nodes = [_node(axes, place, 0, f"$x^{{({place})}}$") for place in range(last + 1)]
    total = _node(axes, last + 1, 0, "+")
    for source, target, candidates in zip(nodes, nodes[1:], edges, strict=False):
        _arrows(axes, source, target, candidates, bend=0.0)
    _link(axes, nodes[-1], total)
    _link(axes, nodes[0], total, bend=-0.2)
    _link(axes, total, _Node(last + 1.75, 0, None))
    axes.set_xlim(-0.4, last + 1.9)
    axes.set_ylim(-0.45, 1.45)


def _cells(axes: Axes, drawing: Drawing) -> None:
    """Draw cells one below the other; the output of each is the input of the next."""
    states = states_of(len(drawing.edges), drawing.cells)
    each = len(drawing.edges) // drawing.cells
    for cell in range(drawing.cells):
        height = -_BETWEEN * cell
        places = range(states + 1)
        nodes = [_node(axes, i * _STEP, height, "in" if i == 0 else str(i)) for i in places]
        output = _box(axes, (states + 1) * _STEP, height, "concat\nconv")
        remaining = iter(drawing.edges[cell * each : (cell + 1) * each])
        for target in range(1, states + 1):
            for source in range(target):
                # Arrows from even sources bend up, from odd ones down; short ones hardly bend.
                side = -1 if source % 2 == 0 else 1
                bend = side * (0.08 if target - source == 1 else 0.42)
                _arrows(axes, nodes[source], nodes[target], next(remaining), bend=bend)
        _link(axes, nodes[-1], output)
        _link(axes, nodes[-2], output, bend=0.34)
        axes.text(-0.35, height, f"cell {cell + 1}", ha="right", va="center", color=SOFT)
    axes.set_xlim(-1.3, (states + 1) * _STEP + 0.7)
    axes.set_ylim(-_BETWEEN * (drawing.cells - 1) - 1.9, 2.1)


def _arrows(axes: Axes, source: _Node, target: _Node, candidates: Edge, *, bend: float) -> None:
    """Draw one edge: an arrow for each candidate except zero, side by side."""
    drawn = [name for name in candidates if name != ZERO]
    apart = 0.24 if bend == 0.0 else 0.06
    for index, name in enumerate(drawn):
        aside = apart * (index - (len(drawn) - 1) / 2)
        color, dashes = _LOOKS.get(name, _CUSTOM)
        arrow = _arrow(source, target, bend + aside, color, 1.9)
        arrow.set_linestyle(dashes)
        arrow.set_gid(f"edge {name}")  # the id of the element in an SVG
        axes.add_patch(arrow)


def _link(axes: Axes, source: _Node, target: _Node, *, bend: float = 0.0) -> None:
    """Draw a connection without an operation."""
    axes.add_patch(_arrow(source, target, bend, SOFT, 1.2))


def _arrow(source: _Node, target: _Node, bend: float, color: str, width: float) -> FancyArrowPatch:
    return FancyArrowPatch(
        (source.x, source.y),
        (target.x, target.y),
        connectionstyle=f"arc3,rad={bend}",
        arrowstyle="-|>",
        mutation_scale=10,
        patchA=source.rim,
        patchB=target.rim,
        shrinkA=0,
        shrinkB=0,
        color=color,
        linewidth=width,
        zorder=2,
    )


def _node(axes: Axes, x: float, y: float, label: str) -> _Node:
    rim = Circle((x, y), _RADIUS, facecolor="white", edgecolor=INK, zorder=3)
    axes.add_patch(rim)
    axes.text(x, y, label, ha="center", va="center", color=INK, fontsize=7.5, zorder=4)
    return _Node(x, y, rim)


def _box(axes: Axes, x: float, y: float, label: str) -> _Node:
    rim = FancyBboxPatch(
        (x - 0.32, y - 0.26),
        0.64,
        0.52,
        boxstyle="round,pad=0.04",
        facecolor="white",
        edgecolor=INK,
        zorder=3,
    )
    axes.add_patch(rim)
    axes.text(x, y, label, ha="center", va="center", color=INK, fontsize=7.5, zorder=4)
    return _Node(x, y, rim)


def _legend(figure: Figure, drawings: Sequence[Drawing]) -> None:
    """Add a legend of the operations that are drawn."""
    used = {name for one in drawings for edge in one.edges for name in edge if name != ZERO}
    names = [name for name in NAMES if name in used] + sorted(used - set(NAMES))
    handles = []
    for name in names:
        color, dashes = _LOOKS.get(name, _CUSTOM)
        handles.append(Line2D([], [], color=color, linestyle=dashes, linewidth=1.9))
    figure.legend(
        handles,
        [NAMES.get(name, name) for name in names],
        loc="outside lower left",
        ncols=max(1, len(names)),
        frameon=False,
        labelcolor=INK,
        fontsize=9.5,
        handlelength=3.0,
    )
