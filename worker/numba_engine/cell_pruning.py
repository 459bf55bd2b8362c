"""Which parts of a cell network a training needs: what is left out costs nothing.

A discretized cell has edges without an operation, and states that nothing uses. Edges are numbered
as `worker.engine.contract` says, signals (each cell's input and then its states) as
`worker.numba_engine.cells_forward`.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from configspace.study import ArchitectureSettings
from worker.engine.contract import sources

Flags = NDArray[np.bool_]


def needed_edges(settings: ArchitectureSettings, kept: Flags) -> Flags:
    """Return which of the kept edges the network's output depends on.

    Args:
        settings: The cells.
        kept: Which edges have an operation, ``(edge,)``.
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
    """Return the signals by which the gradient is wanted: those that depend on any weight.

    Args:
        settings: The cells.
        needed: Which edges the output depends on, ``(edge,)``.
        mapped: Which edges have a mapping with weights, ``(edge,)``.
    """
    trained = np.zeros(_signals(settings), bool)
    for output, edges in _cells(settings):
        for edge, source, target in edges:
            trained[target] |= needed[edge] and (mapped[edge] or trained[source])
        trained[output] = True  # by the weights of the flattening
    return trained


def _signals(settings: ArchitectureSettings) -> int:
    return settings.cells * (settings.states + 1) + 1


def _cells(
    settings: ArchitectureSettings,
) -> Iterator[tuple[int, list[tuple[int, int, int]]]]:
    """Yield each cell's output, and its edges as (edge, source, target), by signals."""
    edge = 0
    for cell in range(settings.cells):
        first, edges = cell * (settings.states + 1), []
        for target, before in enumerate(sources(settings.states), start=1):
            for source in before:
                edges.append((edge, first + source, first + target))
                edge += 1
        yield first + settings.states + 1, edges
