"""The CNN n(u) = conv₂(ReLU(BN(conv₁(u)))) of a layer, backward, in Numba.

Names are those of `worker.numba_engine.cnn_forward`. The hidden activations are computed again. A
sweep computes the activations of a tile while it still sums those of the tile before: otherwise the
processor would wait for one before it starts the other.
"""

from typing import NamedTuple

import numpy as np

from worker.numba_engine.cnn_forward import (
    Cnn,
    Filters,
    folded_filters,
    rectified,
    scaled_filters,
)
from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.layout import filter_sums_size, input_sums_size, tile_size
from worker.numba_engine.memory import Taps, Trial
from worker.numba_engine.simd import (
    fma,
    fma_each,
    load,
    opaque,
    repeat,
    scale_each,
    splat,
    store,
    where_positive,
)
from worker.numba_engine.tiles import Tiles, runs_of_tiles
from worker.numba_engine.vector_type import LANES, Vector, Vectors
from worker.numba_engine.winograd import (
    OUTPUT_ROWS,
    correlate,
    load_transformed,
    store_transformed,
    transposed_output_transform,
)

_ZERO = np.float32(0)


class Activations(NamedTuple):
    """The hidden rows of a tile, for one channel."""

    z: Vectors
    """z = w' ∗ u + b'."""
    dh: Vectors
    """Gradient by h = max(z, 0): dh_j = Σ_t w_t d_{j+t}."""


class FilterSums(NamedTuple):
    """Gradients by a channel's filters, as sums over tiles by lane."""

    by_first: Vectors
    """Gradient by the elements of w'."""
    by_second: Vectors
    """Gradient by the elements of w."""
    by_shift: Vector
    """Gradient by b'."""


class InputSums(NamedTuple):
    """What a step of α needs of a channel, as sums over tiles by lane."""

    by_shift: Vector
    """Σ dz, the gradient by b'."""
    product: Vector
    """Σ dz z."""


@inlined
def gated(z: Vectors, dh: Vectors, both: bool) -> Vectors:
    """Return the gradient by z of a tile's two rows: dh where z > 0, else zero.

    Args:
        z: The rows.
        dh: Gradient by max(z, 0).
        both: Whether the second row exists; if not, its gradient is zero.
    """
    return where_positive(z[0], dh[0]), where_positive(z[1], dh[1]) if both else splat(_ZERO)


@inlined
def activations(tiles: Tiles, at: int, filters: Filters, taps: Taps) -> Activations:
    """Return z and dh of a tile.

    Args:
        tiles: Has u and the gradient d by n(u).
        at: Where the tile starts.
        filters: The filters of the channel.
        taps: The K taps.
    """
    z = correlate(load_transformed(tiles.inputs, at, taps), filters.first, filters.shift)
    d = load_transformed(tiles.gradients, at, taps)
    return Activations(z, correlate(d, filters.second, splat(_ZERO)))


@kernel
def map_columns_backward(
    trial: Trial, tiles: Tiles, cnn: Cnn, passing: bool, adding: bool, taps: Taps
) -> None:
    """Take the gradient d by n(u) back through a few columns, to the filters and to u.

    With h = max(z, 0) computed again:

        dh_j = Σ_t w_t d_{j+t},    dz = dh where z > 0,
        d/dw_t += Σ_j h_j d_{j+t},    d/dw'_t += Σ_j dz_j u_{j+t},    d/db' += Σ_j dz_j,
        d/du_{j+t} += w'_t dz_j.

    The factor is part of w here, and so of all except d/dw_t. The sums over rows are kept as
    elements and by lane in ``filter_sums``. The gradient through batch norm's statistics follows in
    `worker.numba_engine.patch_statistics.statistics_backward`.

    Args:
        trial: Has the folded filters; its ``filter_sums`` are added to.
        tiles: Has u and d; gets the gradient by u.
        cnn: The CNN n.
        passing: Whether the gradient by u is needed.
        adding: Whether the gradient by u is added to, not overwritten.
        taps: The K taps.
    """
    for c in range(trial.channels):
        # With literals, each of the three sweeps is compiled without a test of them.
        if not passing:
            channel_backward(trial, tiles, cnn, c, False, False, taps)
        elif adding or c > 0:
            channel_backward(trial, tiles, cnn, c, True, True, taps)
        else:
            channel_backward(trial, tiles, cnn, c, True, False, taps)


@inlined
def channel_backward(
    trial: Trial,
    tiles: Tiles,
    cnn: Cnn,
    c: int,
    passing: bool,
    adding: bool,
    taps: Taps,
) -> None:
    """Take the gradient back through one channel: see `map_columns_backward`.

    Args:
        trial: Has the folded filters; its ``filter_sums`` are added to.
        tiles: Has u and d; gets the gradient by u.
        cnn: The CNN n.
        c: Which channel.
        passing: Whether the gradient by u is needed.
        adding: Whether the gradient by u is added to, not overwritten.
        taps: The K taps.
    """
    runs, count = runs_of_tiles(trial.n, tiles.columns)
    filters = scaled_filters(trial, cnn, c, taps)
    sums, step = trial.filter_sums, tile_size(taps)
    place = (cnn.cnn * trial.width + c) * filter_sums_size(taps)
    totals = FilterSums(
        load_transformed(sums, place, taps),
        load_transformed(sums, place + step, taps),
        load(sums, place + 2 * step),
    )
    at = 0
    for _ in range(runs):
        hidden, end = activations(tiles, at, filters, taps), at + count * step
        while at < end:
            ahead = activations(tiles, at + step, filters, taps)
            totals = tile_backward(
                tiles, at, filters.first, hidden, totals, True, passing, adding, taps
            )
            hidden = ahead
            at = opaque(at + step)
        if trial.n % OUTPUT_ROWS != 0:
            totals = tile_backward(
                tiles, at, filters.first, hidden, totals, False, passing, adding, taps
            )
            at += step
    store_transformed(sums, place, totals.by_first)
    store_transformed(sums, place + step, totals.by_second)
    store(sums, place + 2 * step, totals.by_shift)


@inlined
def tile_backward(
    tiles: Tiles,
    at: int,
    first: Vectors,
    hidden: Activations,
    totals: FilterSums,
    both: bool,
    passing: bool,
    adding: bool,
    taps: Taps,
) -> FilterSums:
    """Take the gradient back through one tile for one channel: see `map_columns_backward`.

    Args:
        tiles: Has u and d; gets the gradient by u.
        at: Where the tile starts.
        first: Elements of the first filter.
        hidden: Activations of the tile.
        totals: Sums over the tiles before.
        both: Whether the second of the tile's rows exists.
        passing: Whether the gradient by u is needed.
        adding: Whether the gradient by u is added to, not overwritten.
        taps: The K taps.

    Returns:
        The sums with this tile.
    """
    dz = gated(hidden.z, hidden.dh, both)
    elements = transposed_output_transform(dz, taps)
    u = load_transformed(tiles.inputs, at, taps)
    by_first = fma_each(u, elements, totals.by_first)
    h = transposed_output_transform(rectified(hidden.z, both), taps)
    d = load_transformed(tiles.gradients, at, taps)
    by_second = fma_each(d, h, totals.by_second)
    if passing:
        add_tile(tiles, at, first, elements, adding, taps)
    return FilterSums(by_first, by_second, totals.by_shift + (dz[0] + dz[1]))


@inlined
def add_tile(
    tiles: Tiles, at: int, first: Vectors, elements: Vectors, adding: bool, taps: Taps
) -> None:
    """Add first ⊙ elements to a tile of the gradient by u, or overwrite it.

    Args:
        tiles: Gets the gradient by u.
        at: Where the tile starts.
        first: Elements of the first filter.
        elements: Elements of dz.
        adding: Whether the gradient by u is added to, not overwritten.
        taps: The K taps.
    """
    zeros = repeat(splat(_ZERO), elements)
    total = load_transformed(tiles.outputs, at, taps) if adding else zeros
    store_transformed(tiles.outputs, at, fma_each(first, elements, total))


@kernel
def map_columns_backward_to_input(
    trial: Trial, tiles: Tiles, cnn: Cnn, adding: bool, taps: Taps
) -> None:
    """Take the gradient back through a few columns to u alone, as `map_columns_backward` does.

    Instead of the filters' gradients, ``filter_sums`` gets two numbers per channel, without the
    factor: Σ dz and Σ dz z. The second is also Σ dh h, so that its sum over channels is ⟨d, n(u)⟩
    without the bias.

    Args:
        trial: Has the folded filters; its ``filter_sums`` are added to.
        tiles: Has u and d; gets the gradient by u.
        cnn: The CNN n.
        adding: Whether the gradient by u is added to, not overwritten.
        taps: The K taps.
    """
    for c in range(trial.channels):
        # With a literal, each of the two sweeps is compiled without a test of ``adding``.
        if adding or c > 0:
            channel_backward_to_input(trial, tiles, cnn, c, True, taps)
        else:
            channel_backward_to_input(trial, tiles, cnn, c, False, taps)


@inlined
def channel_backward_to_input(
    trial: Trial, tiles: Tiles, cnn: Cnn, c: int, adding: bool, taps: Taps
) -> None:
    """Take the gradient back through one channel: see `map_columns_backward_to_input`.

    Args:
        trial: Has the folded filters; its ``filter_sums`` are added to.
        tiles: Has u and d; gets the gradient by u.
        cnn: The CNN n.
        c: Which channel.
        adding: Whether the gradient by u is added to, not overwritten.
        taps: The K taps.
    """
    runs, count = runs_of_tiles(trial.n, tiles.columns)
    filters = folded_filters(trial, cnn, c, taps)
    back = scale_each(splat(cnn.factor), filters.first)
    sums, step = trial.filter_sums, tile_size(taps)
    place = (cnn.cnn * trial.width + c) * input_sums_size()
    totals = InputSums(load(sums, place), load(sums, place + LANES))
    at = 0
    for _ in range(runs):
        hidden = activations(tiles, at, filters, taps)
        for _ in range(count):
            ahead = activations(tiles, at + step, filters, taps)
            totals = tile_backward_to_input(tiles, at, back, hidden, totals, True, adding, taps)
            hidden = ahead
            at += step
        if trial.n % OUTPUT_ROWS != 0:
            totals = tile_backward_to_input(tiles, at, back, hidden, totals, False, adding, taps)
            at += step
    store(sums, place, totals.by_shift)
    store(sums, place + LANES, totals.product)


@inlined
def tile_backward_to_input(
    tiles: Tiles,
    at: int,
    back: Vectors,
    hidden: Activations,
    totals: InputSums,
    both: bool,
    adding: bool,
    taps: Taps,
) -> InputSums:
    """Take the gradient back through one tile: see `map_columns_backward_to_input`.

    Args:
        tiles: Has u and d; gets the gradient by u.
        at: Where the tile starts.
        back: Elements of the first filter, times the factor.
        hidden: Activations of the tile.
        totals: Sums over the tiles before.
        both: Whether the second of the tile's rows exists.
        adding: Whether the gradient by u is added to, not overwritten.
        taps: The K taps.

    Returns:
        The sums with this tile.
    """
    z = hidden.z
    dz = gated(z, hidden.dh, both)
    add_tile(tiles, at, back, transposed_output_transform(dz, taps), adding, taps)
    product = fma(dz[0], z[0], fma(dz[1], z[1], totals.product))
    return InputSums(totals.by_shift + (dz[0] + dz[1]), product)
