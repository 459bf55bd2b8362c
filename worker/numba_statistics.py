"""Mean and covariance of the patches of a layer's input, and their gradient, in Numba.

With P_t[i] = u[i + t − K // 2] (zero beyond the ends), sums over rows i and samples:

    E[P_t] = Σ P_t / N,    Cov(P_t, P_s) = Σ P_t P_s / N − E[P_t] E[P_s].

Σ P_t P_s is the sum of u_j u_{j+d} at the lag d = s − t, but for a few rows at the ends, so that K
lags make all K² of them.
"""

from typing import Any

import numpy as np

from worker.numba_compile import inlined, kernel
from worker.numba_layouts import Floats, Folded, Sizes, Taps, Work
from worker.numba_vectors import (
    LANES,
    dot,
    fma,
    fma_all,
    lane_sum,
    load,
    load_around,
    load_strided,
    push,
    repeat,
    splat,
    splat_each,
    store,
    store_strided,
)

_ZERO = np.float32(0)


@kernel
def add_lags(signal: Floats, at: int, rows: int, taps: Taps, lags: Floats) -> None:
    """Add the sums over a column's rows j of u_j u_{j − d} and of u_j, lane by lane.

    Args:
        signal: Flat signals.
        at: Index of the first row; those before it count as zero.
        rows: How many rows.
        taps: The K taps.
        lags: Vectors of the lags d = 0, …, K − 1, and of Σ u_j; added to.
    """
    zero = splat(_ZERO)
    recent, products, plain = repeat(zero, taps), repeat(zero, taps), zero
    for j in range(rows):
        row = load(signal, at + j * LANES)
        recent = push(row, recent)
        products = fma_all(row, recent, products)
        plain = plain + row
    store_lags(products, plain, taps, lags)


@inlined
def store_lags(products: Any, plain: Any, taps: Taps, lags: Floats) -> None:
    """Add a column's sums to those before: sums of sums, which round less than one long sum."""
    one = splat(np.float32(1))
    before = load_strided(lags, 0, LANES, taps)
    store_strided(lags, 0, LANES, fma_all(one, products, before))
    place = len(taps) * LANES
    store(lags, place, load(lags, place) + plain)


@kernel
def row_product(signal: Floats, start: int, a: int, b: int, sizes: Sizes) -> np.float32:
    """Return Σ u_a u_b over all samples of the signal at ``start``."""
    total = splat(_ZERO)
    for column in range(sizes.columns):
        at = start + column * sizes.stride + sizes.halo * LANES
        total = fma(load(signal, at + a * LANES), load(signal, at + b * LANES), total)
    return lane_sum(total)


@kernel
def row_sum(signal: Floats, start: int, row: int, sizes: Sizes) -> np.float32:
    """Return Σ u_row over all samples of the signal at ``start``."""
    total = splat(_ZERO)
    for column in range(sizes.columns):
        at = start + column * sizes.stride + sizes.halo * LANES
        total = total + load(signal, at + row * LANES)
    return lane_sum(total)


@kernel
def patch_statistics(work: Work, layer: int, sizes: Sizes, taps: Taps, folded: Folded) -> None:
    """Compute E[P] and Cov(P) of a layer's input.

    Row i of P_t is row i + t − K // 2 of u: of the sums over all rows, the first or the last
    |t − K // 2| drop out.

    Args:
        work: Has the layer's input, and its sums over all rows in ``lags``.
        layer: Which layer.
        sizes: The trial's sizes.
        taps: The K taps.
        folded: Gets the statistics.
    """
    signal, start = work.layers, layer * sizes.columns * sizes.stride
    mean, covariance = folded.patch_mean[layer], folded.patch_covariance[layer]
    n, k = sizes.n, len(taps)
    reach = k // 2
    share = 1 / np.float64(n * sizes.batch)
    sums = work.lags
    for t in range(k):
        mean[t] = lane_sum(load(sums, k * LANES)) * share
        for s in range(t, k):
            covariance[t, s] = lane_sum(load(sums, (s - t) * LANES)) * share
    for j in range(reach):
        # Row j is not in P_t for t − K // 2 > j, nor is its mirror image for K // 2 − t > j.
        mirrored = n - 1 - j
        head, tail = row_sum(signal, start, j, sizes), row_sum(signal, start, mirrored, sizes)
        for t in range(reach - j):
            mean[t] -= tail * share
            mean[k - 1 - t] -= head * share
        for lag in range(reach - j):
            head = row_product(signal, start, j, j + lag, sizes)
            tail = row_product(signal, start, mirrored, mirrored - lag, sizes)
            for t in range(reach - j - lag):
                covariance[t, t + lag] -= tail * share
                covariance[k - 1 - t - lag, k - 1 - t] -= head * share
    for t in range(k):
        for s in range(t, k):
            covariance[t, s] -= mean[t] * mean[s]
            covariance[s, t] = covariance[t, s]


@kernel
def statistics_backward(
    work: Work, layer: int, sizes: Sizes, taps: Taps, folded: Folded, gradient_start: int
) -> None:
    """Add to the gradient by a layer's input what its patch statistics send back.

    Given dE and dC, the gradients by E[P] and by Cov(P), through Cov = E[PPᵀ] − E[P] E[P]ᵀ:

        dE_t −= 2 Σ_s dC_ts E[P_s],    dP_t[i] = dE_t / N + 2 / N Σ_s dC_ts P_s[i],

    and u_j takes dP_t[j − t + K // 2] over the taps t for which that row exists: a constant and a
    stencil of u, which are the same for all rows but those near the ends.
    """
    by_mean, by_covariance = work.by_patch_mean, work.by_patch_covariance
    mean = folded.patch_mean[layer]
    n, k = sizes.n, len(taps)
    reach = k // 2
    share = 1 / np.float32(n * sizes.batch)
    for t in range(k):
        for s in range(k):
            by_mean[t] -= np.float32(2) * by_covariance[t, s] * mean[s]
    for j in range(reach):
        add_stencil(work, layer, sizes, taps, share, (j, j + 1), gradient_start)
    add_stencil(work, layer, sizes, taps, share, (reach, n - reach), gradient_start)
    for j in range(n - reach, n):
        add_stencil(work, layer, sizes, taps, share, (j, j + 1), gradient_start)


@kernel
def add_stencil(
    work: Work,
    layer: int,
    sizes: Sizes,
    taps: Taps,
    share: np.float32,
    rows: tuple[int, int],
    gradient_start: int,
) -> None:
    """Do what `statistics_backward` says for a run of rows that the same taps reach."""
    k = len(taps)
    reach = k // 2
    low, high = rows
    whole = sizes.columns * sizes.stride
    constant = _ZERO
    weights = work.stencil  # u_{j + d} is taken weights[d + K − 1] times
    weights[:] = _ZERO
    for t in range(max(0, low + reach - sizes.n + 1), min(k, low + reach + 1)):
        constant += share * work.by_patch_mean[t]
        for s in range(k):
            weights[s - t + k - 1] += np.float32(2) * share * work.by_patch_covariance[t, s]
    start = layer * whole
    stencil = splat_each(weights, load_around(work.layers, start + sizes.halo * LANES, taps))
    plain = splat(constant)
    for column in range(sizes.columns):
        inside = load(work.mask, column * LANES)
        for j in range(low, high):
            at = column * sizes.stride + (sizes.halo + j) * LANES
            total = dot(stencil, load_around(work.layers, start + at, taps), plain)
            place = gradient_start + at
            store(work.gradient, place, fma(total, inside, load(work.gradient, place)))
