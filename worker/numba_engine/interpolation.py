"""What the taps of a dilated convolution read, its statistics, and the way back, in Numba.

With a dilation δ, tap t of K reads a column between its rows, at i + (t − K // 2) δ, by linear
interpolation, and zero beyond the ends. These are the *patches* P_t of the column. They are stored
as ``[row][tap][lane]``, with an even number of rows: two rows are a tile that is filtered directly
(`worker.numba_engine.winograd`), so that the kernels of a CNN convolve them as they convolve other
tiles. The transpose of what tap t reads is what tap K − 1 − t reads.
"""

import numpy as np

from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.layout import column_start, column_tiles_size
from worker.numba_engine.memory import DirectTaps, Trial, tile_count
from worker.numba_engine.patch_statistics import subtract
from worker.numba_engine.simd import (
    dot,
    fma,
    fma_all,
    lane_sum,
    load,
    load_strided,
    number,
    put,
    repeat,
    scale_each,
    splat,
    splat_each,
    store,
    store_strided,
)
from worker.numba_engine.vector_type import LANES
from worker.numba_engine.winograd import OUTPUT_ROWS

_ZERO, _ONE, _TWO = np.float32(0), np.float32(1), np.float32(2)


@inlined
def reading(trial: Trial, layer: int, tap: int, taps: DirectTaps) -> tuple[int, np.float32]:
    """Return where a tap reads: how many rows further, and the share of the row after that one.

    Args:
        trial: Has the dilations.
        layer: Which layer.
        tap: Which tap.
        taps: The K taps.
    """
    shift = (tap - len(taps) // 2) * np.float64(number(trial.dilations, layer))
    whole = np.floor(shift)
    return int(whole), np.float32(shift - whole)


@kernel
def interpolate_column(
    trial: Trial, layer: int, base: int, start: int, tiles: int, at: int, taps: DirectTaps
) -> None:
    """Write the patches of a column.

    Args:
        trial: Has the dilations.
        layer: Which layer, for its dilation.
        base: Address of signals with halos of zeros.
        start: Index of the column's row 0.
        tiles: Address of patches.
        at: Where the column's patches start there.
        taps: The K taps.
    """
    n, step, zero = trial.n, len(taps) * LANES, splat(_ZERO)
    for t in range(len(taps)):
        whole, share = reading(trial, layer, t, taps)
        # A row from −1 to n − 1, and the row after it, are in the column or in its halo of zeros.
        low = min(max(0, -1 - whole), n)
        high = max(low, min(n, n - whole))
        first, second = splat(_ONE - share), splat(share)
        place = at + t * LANES
        for i in range(low):
            store(tiles, place + i * step, zero)
        for i in range(low, high):
            row = start + (i + whole) * LANES
            value = fma(second, load(base, row + LANES), first * load(base, row))
            store(tiles, place + i * step, value)
        for i in range(high, OUTPUT_ROWS * tile_count(n)):
            store(tiles, place + i * step, zero)


@kernel
def gather_column(
    trial: Trial, layer: int, tiles: int, at: int, start: int, taps: DirectTaps
) -> None:
    """Write the transpose of `interpolate_column`: each row gets what the taps read from it.

    Args:
        trial: Has the dilations; ``mapped`` gets the rows.
        layer: Which layer, for its dilation.
        tiles: Address of what goes back to the rows, stored as patches.
        at: Where the column's part starts there.
        start: Index of the column's row 0 in ``mapped``.
        taps: The K taps.
    """
    n, k, base, step = trial.n, len(taps), trial.mapped, len(taps) * LANES
    middle = at + k // 2 * LANES  # this tap reads the row itself
    for i in range(n):
        store(base, start + i * LANES, load(tiles, middle + i * step))
    for t in range(k):
        if t != k // 2:
            whole, share = reading(trial, layer, k - 1 - t, taps)
            first, second = splat(_ONE - share), splat(share)
            for i in range(max(0, -1 - whole), min(n, n - whole)):
                row, place = start + i * LANES, at + t * LANES + (i + whole) * step
                total = load(base, row)
                if i + whole >= 0:
                    total = fma(first, load(tiles, place), total)
                if i + whole + 1 < n:
                    total = fma(second, load(tiles, place + step), total)
                store(base, row, total)


@kernel
def read_patches(trial: Trial, layer: int, taps: DirectTaps) -> None:
    """Write the patches of all columns of a layer's input.

    Args:
        trial: Has the input; gets its ``patches``.
        layer: Which layer.
        taps: The K taps.
    """
    size = column_tiles_size(trial, taps)
    for column in range(trial.columns):
        start = layer * trial.signal_size + column_start(trial, column)
        interpolate_column(trial, layer, trial.inputs, start, trial.patches, column * size, taps)


@kernel
def direct_statistics(trial: Trial, layer: int, taps: DirectTaps) -> None:
    """Compute E[P] and Cov(P) of a layer's input from its patches.

    Args:
        trial: Has the ``patches``; gets ``patch_mean`` and ``patch_covariance``.
        layer: Which layer.
        taps: The K taps.
    """
    k, zeros = len(taps), repeat(splat(_ZERO), taps)
    share = 1 / np.float64(trial.n * trial.batch)
    means, covariances = trial.patch_mean, trial.patch_covariance
    mean, covariance = layer * k, layer * k * k
    for t in range(k):
        products, plain = zeros, splat(_ZERO)
        for column in range(trial.columns):
            at = column * column_tiles_size(trial, taps)
            of_column, plain_of_column = zeros, splat(_ZERO)
            for _ in range(trial.n):
                tap = load(trial.patches, at + t * LANES)
                row = load_strided(trial.patches, at, LANES, taps)
                of_column = fma_all(tap, row, of_column)
                plain_of_column = plain_of_column + tap
                at += k * LANES
            # Sums of sums round less than one long sum.
            products = fma_all(splat(_ONE), of_column, products)
            plain = plain + plain_of_column
        put(means, mean + t, np.float32(lane_sum(plain) * share))
        store_strided(trial.lags, 0, LANES, products)
        for s in range(k):
            product = lane_sum(load(trial.lags, s * LANES)) * share
            put(covariances, covariance + t * k + s, np.float32(product))
    for t in range(k):
        for s in range(k):
            both = number(means, mean + t) * number(means, mean + s)
            subtract(covariances, covariance + t * k + s, both)


@kernel
def direct_statistics_backward(trial: Trial, layer: int, target: int, taps: DirectTaps) -> None:
    """Add the gradient through a layer's patch statistics to the gradient by its input.

    dP_t is that of `worker.numba_engine.patch_statistics.statistics_backward`.

    Args:
        trial: Has the ``patches``, and dE and dC in ``patch_mean_gradient`` and
            ``patch_covariance_gradient``.
        layer: Which layer.
        target: Where the gradient by its input starts in ``gradients``.
        taps: The K taps.
    """
    n, k, gradients = trial.n, len(taps), trial.gradients
    by_mean, by_covariance = trial.patch_mean_gradient, trial.patch_covariance_gradient
    for t in range(k):
        for s in range(k):
            both = number(by_covariance, t * k + s) * number(trial.patch_mean, layer * k + s)
            subtract(by_mean, t, _TWO * both)
    share = _ONE / np.float32(n * trial.batch)
    for column in range(trial.columns):
        for t in range(k):
            at = column * column_tiles_size(trial, taps)
            plain = splat(share * number(by_mean, t))
            weights = scale_each(splat(_TWO * share), splat_each(by_covariance, t * k, taps))
            for i in range(n):
                row = load_strided(trial.patches, at, LANES, taps)
                store(trial.mapped_tiles, (i * k + t) * LANES, dot(weights, row, plain))
                at += k * LANES
        row = column_start(trial, 0)
        gather_column(trial, layer, trial.mapped_tiles, 0, row, taps)
        inside = load(trial.mask, column * LANES)
        place = target + column_start(trial, column)
        for i in range(0, n * LANES, LANES):
            total = fma(load(trial.mapped, row + i), inside, load(gradients, place + i))
            store(gradients, place + i, total)
