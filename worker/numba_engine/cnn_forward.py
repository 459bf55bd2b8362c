"""The CNN n(u) = conv₂(ReLU(BN(conv₁(u)))) of a layer, forward, in Numba.

A layer's input has one channel, so that batch norm's statistics follow from those of its patches:
with P_t the input shifted by t taps (zeros from beyond the ends), conv₁ is v_c = Σ_t w_tc P_t, and

    mean_c = Σ_t w_tc E[P_t],    var_c = Σ_ts w_tc w_sc Cov(P_t, P_s).

Batch norm therefore folds into the first convolution (`worker.numba_engine.batch_norm`):
z_c = Σ_t w'_tc P_t + b'_c. The hidden activations are never stored: the way back computes them
again.

Here, a *column* is one vector of samples with all its rows, c is a channel, t a tap, and K the
kernel size. Columns are cut into *tiles*, each of which gives two rows, and convolved by Winograd's
minimal filtering (`worker.numba_engine.winograd`). A sweep takes all tiles of a few columns for one
or two channels, whose filters stay in registers.
"""

from typing import NamedTuple

import numpy as np

from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.layout import cnn_index, tile_size
from worker.numba_engine.memory import Taps, Trial
from worker.numba_engine.simd import (
    fma_each,
    number,
    positive_part,
    repeat,
    scale_each,
    splat,
)
from worker.numba_engine.tiles import Tiles, runs_of_tiles
from worker.numba_engine.vector_type import Vector, Vectors
from worker.numba_engine.winograd import (
    OUTPUT_ROWS,
    correlate,
    load_transformed,
    splat_transformed_filter,
    store_transformed,
    tile_elements,
    transposed_output_transform,
)

_ZERO = np.float32(0)


class Cnn(NamedTuple):
    """A CNN in a layer."""

    layer: int
    """Which layer."""
    cnn: int
    """Which of the layer's CNNs."""
    factor: np.float32
    """Coefficient of the CNN in the layer."""


class Filters(NamedTuple):
    """Both filters of one channel of a CNN."""

    first: Vectors
    """Elements of the first filter, w', with batch norm folded in."""
    second: Vectors
    """Elements of the second filter, w."""
    shift: Vector
    """The shift b' after the first convolution."""


@kernel
def map_columns(trial: Trial, tiles: Tiles, cnn: Cnn, adding: bool, taps: Taps) -> None:
    """Compute the tiles of factor · n(u), without its bias, of a few columns.

    With z_c = w'_c ∗ u + b'_c, the output is Σ_c w_c ∗ max(z_c, 0). One sweep takes two channels.

    Args:
        trial: Has the folded filters.
        tiles: Has u; gets the output.
        cnn: The CNN n.
        adding: Whether the output is added to, not overwritten.
        taps: The K taps.
    """
    for c in range(0, trial.channels, 2):
        # With a literal, each of the two sweeps is compiled without a test of ``adding``.
        if adding or c > 0:
            map_channels(trial, tiles, cnn, c, True, taps)
        else:
            map_channels(trial, tiles, cnn, c, False, taps)


@inlined
def map_channels(trial: Trial, tiles: Tiles, cnn: Cnn, c: int, adding: bool, taps: Taps) -> None:
    """Compute the tiles of two channels: see `map_columns`.

    Args:
        trial: Has the folded filters.
        tiles: Has u; gets the output.
        cnn: The CNN n.
        c: The first of the channels.
        adding: Whether the output is added to, not overwritten.
        taps: The K taps.
    """
    runs, count = runs_of_tiles(trial.n, tiles.columns)
    filters = (
        scaled_filters(trial, cnn, c, taps),
        scaled_filters(trial, cnn, c + 1, taps),
    )
    at, step = 0, tile_size(taps)
    for _ in range(runs):
        for _ in range(count):
            map_tile(tiles, at, filters, True, adding, taps)
            at += step
        if trial.n % OUTPUT_ROWS != 0:
            map_tile(tiles, at, filters, False, adding, taps)
            at += step


@inlined
def folded_filters(trial: Trial, cnn: Cnn, c: int, taps: Taps) -> Filters:
    """Return the filters of a channel.

    Args:
        trial: Has the folded filters.
        cnn: The CNN.
        c: Which channel.
        taps: The K taps.
    """
    width, place = trial.width, cnn_index(cnn.layer, cnn.cnn)
    start = place * tile_elements(taps) * width + c
    first = splat_transformed_filter(trial.transformed_first, start, width, taps)
    second = splat_transformed_filter(trial.transformed_second, start, width, taps)
    return Filters(first, second, splat(number(trial.folded_shift, place * width + c)))


@inlined
def scaled_filters(trial: Trial, cnn: Cnn, c: int, taps: Taps) -> Filters:
    """Return the filters of a channel, the second one times the CNN's factor.

    Args:
        trial: Has the folded filters.
        cnn: The CNN.
        c: Which channel.
        taps: The K taps.
    """
    filters = folded_filters(trial, cnn, c, taps)
    second = scale_each(splat(cnn.factor), filters.second)
    return Filters(filters.first, second, filters.shift)


@inlined
def rectified(z: Vectors, both: bool) -> Vectors:
    """Return max(z, 0) of a tile's two rows.

    Args:
        z: The rows.
        both: Whether the second row exists; if not, it becomes zero.
    """
    return positive_part(z[0]), positive_part(z[1]) if both else splat(_ZERO)


@inlined
def map_tile(
    tiles: Tiles,
    at: int,
    filters: tuple[Filters, Filters],
    both: bool,
    adding: bool,
    taps: Taps,
) -> None:
    """Compute one tile for two channels: see `map_columns`.

    Args:
        tiles: Has u; gets the output.
        at: Where the tile starts.
        filters: The filters of each channel.
        both: Whether the second of the tile's rows exists.
        adding: Whether the output is added to, not overwritten.
        taps: The K taps.
    """
    one, other = filters
    u = load_transformed(tiles.inputs, at, taps)
    total = load_transformed(tiles.outputs, at, taps) if adding else repeat(splat(_ZERO), u)
    h = rectified(correlate(u, one.first, one.shift), both)
    total = fma_each(one.second, transposed_output_transform(h, taps), total)
    h = rectified(correlate(u, other.first, other.shift), both)
    total = fma_each(other.second, transposed_output_transform(h, taps), total)
    store_transformed(tiles.outputs, at, total)
