"""The parts of a cell network that a training needs; the others are not computed.

A discretized cell has edges without an operation, and states that no edge uses. Edges are numbered
as `worker.engine.contract` says, and signals, each cell's input and then its states, as
`worker.numba_engine.cells_forward` says.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from configspace.architecture import ArchitectureSettings
from worker.engine.contract import sources

Flags = NDArray[np.bool_]


def needed_edges(settings: ArchitectureSettings, kept: Flags) -> Flags:
    """Return which of the kept edges the network's output depends on.

    Args:
        settings: Sizes of the cells.
        kept: Whether each edge has an operation, shape ``(edge,)``.
    """
    needed, used = np.zeros_like(kept), np.zeros(_signals(settings), bool)
    last = _signals(settings) - 1
    used[last] = True
    for output, edges in reversed(list(_cells(settings))):
        # A cell's output is the convolution of the two states before it.
        used[output - 2 : output] |= used[output]
        for edge, source, target in reversed(edges):
            needed[edge] = kept[edge] and used[target]
            used[source] |= needed[edge]
    return needed


def trained_signals(settings: ArchitectureSettings, needed: Flags, mapped: Flags) -> Flags:
    """Return the signals whose gradient is needed: those that depend on a weight.

    Args:
        settings: Sizes of the cells.
        needed: Whether the output depends on each edge, shape ``(edge,)``.
        mapped: Whether each edge has a CNN with weights, shape ``(edge,)``.
    """
    trained = np.zeros(_signals(settings), bool)
    for output, edges in _cells(settings):
        for edge, source, target in edges:
            trained[target] |= needed[edge] and (mapped[edge] or trained[source])
        trained[output] = True  # it depends on the weights of the flattening
    return trained


def _signals(settings: ArchitectureSettings) -> int:
    return settings.cells * (settings.states + 1) + 1


class Edge(NamedTuple):
    """An edge of a cell."""

    edge: int
    """Number of the edge."""
    source: int
    """The signal that it comes from."""
    target: int
    """The signal that it leads to."""


def _cells(settings: ArchitectureSettings) -> Iterator[tuple[int, list[Edge]]]:
    """Yield the signal of each cell's output, and the cell's edges."""
    edge = 0
    for cell in range(settings.cells):
        edges: list[Edge] = []
        first = cell * (settings.states + 1)
        for target, before in enumerate(sources(settings.states), start=1):
            for source in before:
                edges.append(Edge(edge, first + source, first + target))
                edge += 1
        yield first + settings.states + 1, edges
