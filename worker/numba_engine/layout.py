"""Where things start in a trial's memory, and how large they are: indices for all kernels.

An index counts float32 numbers from the address of an array; see `worker.numba_engine.memory`.
"""

import numpy as np

from worker.numba_engine.compilation import inlined
from worker.numba_engine.memory import (
    CNNS,
    COLUMNS_AT_ONCE,
    Taps,
    Trial,
    filter_sum_count,
    tile_count,
)
from worker.numba_engine.simd import splat, store
from worker.numba_engine.vector_type import LANES
from worker.numba_engine.winograd import tile_elements

_ZERO = np.float32(0)


@inlined
def clear(base: int, count: int) -> None:
    """Set numbers to zero, in whole vectors.

    Args:
        base: Address of the first number.
        count: Number of numbers; those that a last vector has beyond them become zero, too.
    """
    for i in range(0, count, LANES):
        store(base, i, splat(_ZERO))


@inlined
def column_start(trial: Trial, column: int) -> int:
    """Return where row 0 of a column starts in a signal, or in ``mapped``."""
    return column * trial.stride + trial.halo * LANES


@inlined
def product_start(n: int, column: int) -> int:
    """Return where a column of AᵀA u starts in ``product``, which holds a few columns.

    Args:
        n: Rows of the column.
        column: Which column of the signal.
    """
    return column % COLUMNS_AT_ONCE * n * LANES


@inlined
def target_product_start(trial: Trial, target: int, column: int) -> int:
    """Return where a column starts in ``products``, which hold one signal per state.

    Args:
        trial: The trial.
        target: Which state, from 1 on.
        column: Which column.
    """
    return ((target - 1) * trial.columns + column) * trial.n * LANES


@inlined
def noise_start(trial: Trial, layer: int, column: int) -> int:
    """Return where row 0 of a column of a layer's noise starts in ``noises``."""
    return layer * trial.noise_size + column * LANES


@inlined
def cnn_index(layer: int, cnn: int) -> int:
    """Return the index of a layer's CNN among all CNNs."""
    return layer * CNNS + cnn


@inlined
def tile_size(taps: Taps) -> int:
    """Return the numbers in a transformed tile."""
    return tile_elements(taps) * LANES


@inlined
def column_tiles_size(trial: Trial, taps: Taps) -> int:
    """Return the numbers in the transformed tiles of a column."""
    return tile_count(trial.n) * tile_size(taps)


@inlined
def state_tiles_start(trial: Trial, state: int, column: int, taps: Taps) -> int:
    """Return where the tiles of a state's column start, among those of all states of a cell."""
    return (state * trial.columns + column) * column_tiles_size(trial, taps)


@inlined
def filter_sums_size(taps: Taps) -> int:
    """Return the numbers in a channel's ``filter_sums``, in a step of the weights."""
    return filter_sum_count(tile_elements(taps)) * LANES


@inlined
def input_sums_size() -> int:
    """Return the numbers in a channel's ``filter_sums``, in a step of α: those of two vectors."""
    return 2 * LANES
