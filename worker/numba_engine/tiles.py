"""Columns of a signal as transformed tiles, and back, in Numba.

The transforms are those of `worker.numba_engine.winograd`. A column's tiles are stored as
``[tile][element][lane]``.
"""

from typing import NamedTuple

from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.layout import column_start, column_tiles_size, tile_size
from worker.numba_engine.memory import Taps, Trial, tile_count
from worker.numba_engine.simd import store
from worker.numba_engine.vector_type import LANES
from worker.numba_engine.winograd import (
    OUTPUT_ROWS,
    input_transform,
    load_tile,
    load_transformed,
    overlap_add,
    store_transformed,
    transposed_input_transform,
)


class Tiles(NamedTuple):
    """A few columns of transformed tiles that a CNN's kernels read and write: addresses."""

    inputs: int
    """Tiles of the CNN's input u."""
    gradients: int
    """Tiles of the gradient by the CNN's output; not read on the way forward."""
    outputs: int
    """Tiles of what the CNNs add to a layer's output, or to the gradient by u: written."""
    columns: int
    """Number of columns."""


@inlined
def tiles_of(trial: Trial, columns: int) -> Tiles:
    """Return the trial's space for the tiles of a few columns.

    Args:
        trial: The trial.
        columns: Number of columns, `COLUMNS_MAPPED` at most.
    """
    return Tiles(trial.input_tiles, trial.gradient_tiles, trial.mapped_tiles, columns)


@inlined
def runs_of_tiles(n: int, columns: int) -> tuple[int, int]:
    """Return how many runs of whole tiles some columns have, and the number of tiles in each.

    Columns of even length follow each other without a break: all are one run. A column of odd
    length has a tile at its end of which only the first row exists: each is a run.

    Args:
        n: Rows of a column.
        columns: Number of columns.
    """
    tiles = n // OUTPUT_ROWS
    return (1, columns * tiles) if n % OUTPUT_ROWS == 0 else (columns, tiles)


@kernel
def transform_column(base: int, start: int, n: int, taps: Taps, tiles: int, at: int) -> None:
    """Write a column's transformed tiles.

    Args:
        base: Address of signals with halos of zeros.
        start: Index of the column's row 0.
        n: Rows of the column.
        taps: The K taps.
        tiles: Address of transformed tiles.
        at: Where the column's first tile starts there.
    """
    first = start - len(taps) // 2 * LANES
    for tile in range(tile_count(n)):
        rows = load_tile(base, first + OUTPUT_ROWS * tile * LANES, taps)
        store_transformed(tiles, at, input_transform(rows))
        at += tile_size(taps)


@kernel
def overlap_add_column(tiles: int, at: int, n: int, taps: Taps, base: int, start: int) -> None:
    """Write the overlap-add of a column's tiles as rows: the transpose of `transform_column`.

    Args:
        tiles: Address of transformed tiles.
        at: Where the column's first tile starts there.
        n: Rows of the column.
        taps: The K taps.
        base: Address of columns with halos.
        start: Index of the column's row 0; the column is overwritten, and its halos with what falls
            beyond the ends.
    """
    row = start - len(taps) // 2 * LANES
    rows = transposed_input_transform(load_transformed(tiles, at, taps))
    for tile in range(1, tile_count(n)):
        store(base, row, rows[0])
        store(base, row + LANES, rows[1])
        row += OUTPUT_ROWS * LANES
        elements = load_transformed(tiles, at + tile * tile_size(taps), taps)
        rows = overlap_add(rows[OUTPUT_ROWS:], transposed_input_transform(elements))
    for values in rows:
        store(base, row, values)
        row += LANES


@inlined
def overlap_add_columns(trial: Trial, count: int, taps: Taps) -> None:
    """Write the overlap-add of a few columns of ``mapped_tiles`` to ``mapped``.

    Args:
        trial: Has the tiles; gets the rows.
        count: Number of columns.
        taps: The K taps.
    """
    for i in range(count):
        at, row = i * column_tiles_size(trial, taps), column_start(trial, i)
        overlap_add_column(trial.mapped_tiles, at, trial.n, taps, trial.mapped, row)
