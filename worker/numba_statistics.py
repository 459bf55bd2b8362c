"""Mean and covariance of the patches of a layer's input, and their gradient, in Numba.

With P_t[i] = u[i + t − K // 2] (zero beyond the ends), sums over rows i and samples:

    E[P_t] = Σ P_t / N,    Cov(P_t, P_s) = Σ P_t P_s / N − E[P_t] E[P_s].

Σ P_t P_s is the sum of u_j u_{j+d} at the lag d = s − t, but for a few rows at the ends, so that K
lags make all K² of them.
"""

import numpy as np

from worker.numba_compile import kernel
from worker.numba_layouts import Doubles, Floats, Folded, Sizes, Taps, Work
from worker.numba_vectors import (
    LANES,
    dot,
    fma,
    fma_all,
    lane_sum,
    load,
    load_around,
    load_window,
    scale_each,
    splat,
    splat_each,
    store,
)

_ZERO = np.float32(0)


@kernel
def lag_sums(
    signal: Floats, start: int, low: int, high: int, sizes: Sizes, taps: Taps, sums: Doubles
) -> None:
    """Sum u_j u_{j + d} and u_j over rows low ≤ j < high and all samples, in double precision.

    Args:
        signal: Flat signals.
        start: Index where the signal starts, its first halo included.
        low: First row.
        high: One beyond the last.
        sizes: The trial's sizes.
        taps: The K taps.
        sums: Overwritten: the lags d = 0, …, K − 1, one number of no use, and Σ u_j.
    """
    sums[:] = 0.0
    if low >= high:
        return
    for column in range(sizes.columns):
        at = start + column * sizes.stride + sizes.halo * LANES
        plain = splat(_ZERO)
        lagged = scale_each(plain, load_window(signal, start, taps))
        for j in range(low, high):
            rows = load_window(signal, at + j * LANES, taps)
            lagged = fma_all(rows[0], rows, lagged)
            plain = plain + rows[0]
        for lag, total in enumerate(lagged):
            sums[lag] += np.float64(lane_sum(total))
        sums[len(lagged)] += np.float64(lane_sum(plain))


@kernel
def patch_statistics(work: Work, layer: int, sizes: Sizes, taps: Taps, folded: Folded) -> None:
    """Compute E[P] and Cov(P) of a layer's input.

    Row i of P_t is row i + t − K // 2 of u: of the sums over all rows, the first or the last
    |t − K // 2| drop out.
    """
    signal, start = work.layers, layer * sizes.columns * sizes.stride
    mean, covariance = folded.patch_mean[layer], folded.patch_covariance[layer]
    n, k = sizes.n, len(taps)
    reach = k // 2
    share = 1 / np.float64(n * sizes.batch)
    sums, part = work.lag_sums[0], work.lag_sums[1]
    lag_sums(signal, start, 0, n, sizes, taps, sums)
    for t in range(k):
        mean[t] = sums[k + 1] * share
        for s in range(t, k):
            covariance[t, s] = sums[s - t] * share
    for j in range(reach):
        # Row j is not in P_t for t − K // 2 > j, nor is row n − 1 − j for K // 2 − t > j.
        lag_sums(signal, start, j, j + 1, sizes, taps, part)
        for t in range(j + reach + 1, k):
            mean[t] -= part[k + 1] * share
            for s in range(t, k):
                covariance[t, s] -= part[s - t] * share
        for lag in range(reach - j):
            last = n - 1 - j
            lag_sums(signal, start, last - lag, last - lag + 1, sizes, taps, part)
            for s in range(lag, reach - j):
                covariance[s - lag, s] -= part[lag] * share
                if lag == 0:
                    mean[s] -= part[k + 1] * share
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
