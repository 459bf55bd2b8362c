"""Mean and covariance of the patches of a signal, and their gradient, in Numba.

With P_t[i] = u[i + t − K // 2] (zero beyond the ends), sums over rows i and samples:

    E[P_t] = Σ P_t / N,    Cov(P_t, P_s) = Σ P_t P_s / N − E[P_t] E[P_s].

Σ P_t P_s is the sum of u_j u_{j+d} at the lag d = s − t, but for a few rows at the ends, so that K
lags make all K² of them.
"""

import numpy as np

from worker.numba_compile import kernel
from worker.numba_layouts import Floats, Folded, Sizes, Work
from worker.numba_vectors import LANES, fma, lane_sum, load, splat, store

_ZERO = np.float32(0)


@kernel
def lag_sum(signal: Floats, start: int, lag: int, low: int, high: int, sizes: Sizes) -> float:
    """Return Σ u_j u_{j + lag} over rows low ≤ j < high and all samples, in double precision."""
    total = 0.0
    for column in range(sizes.columns):
        at = start + column * sizes.stride + sizes.halo * LANES
        partial = splat(_ZERO)
        for j in range(low, high):
            here = at + j * LANES
            partial = fma(load(signal, here), load(signal, here + lag * LANES), partial)
        total += np.float64(lane_sum(partial))
    return total


@kernel
def row_sum(signal: Floats, start: int, low: int, high: int, sizes: Sizes) -> float:
    """Return Σ u_j over rows low ≤ j < high and all samples, in double precision."""
    total = 0.0
    for column in range(sizes.columns):
        at = start + column * sizes.stride + sizes.halo * LANES
        partial = splat(_ZERO)
        for j in range(low, high):
            partial = partial + load(signal, at + j * LANES)
        total += np.float64(lane_sum(partial))
    return total


@kernel
def patch_statistics(work: Work, layer: int, sizes: Sizes, folded: Folded) -> None:
    """Compute E[P] and Cov(P) of a layer's input."""
    signal, start = work.layers, layer * sizes.columns * sizes.stride
    mean, covariance = folded.patch_mean[layer], folded.patch_covariance[layer]
    n, taps = sizes.n, mean.shape[0]
    reach = taps // 2
    count = np.float64(n * sizes.batch)
    everything = row_sum(signal, start, 0, n, sizes)
    for t in range(taps):
        # Row i of P_t is row i + t − reach of u: the first or last |t − reach| rows drop out.
        lost = row_sum(signal, start, 0, max(0, t - reach), sizes)
        lost += row_sum(signal, start, min(n, n + t - reach), n, sizes)
        mean[t] = (everything - lost) / count
    for lag in range(taps):
        everything = lag_sum(signal, start, lag, 0, n - lag, sizes)
        for t in range(taps - lag):
            s = t + lag
            lost = lag_sum(signal, start, lag, 0, max(0, t - reach), sizes)
            lost += lag_sum(signal, start, lag, min(n, n + s - reach) - lag, n - lag, sizes)
            moment = (everything - lost) / count
            covariance[t, s] = moment - np.float64(mean[t]) * np.float64(mean[s])
            covariance[s, t] = covariance[t, s]


@kernel
def statistics_backward(
    work: Work, layer: int, sizes: Sizes, folded: Folded, gradient_start: int
) -> None:
    """Add to the gradient by a layer's input what its patch statistics send back.

    Given dE and dC, the gradients by E[P] and by Cov(P), through Cov = E[PPᵀ] − E[P] E[P]ᵀ:

        dE_t −= 2 Σ_s dC_ts E[P_s],    dP_t[i] = dE_t / N + 2 / N Σ_s dC_ts P_s[i],

    and u_j takes dP_t[j − t + K // 2] over the taps t for which that row exists: a constant and a
    stencil of u, which are the same for all rows but those near the ends.
    """
    by_mean, by_covariance = work.by_patch_mean, work.by_patch_covariance
    mean = folded.patch_mean[layer]
    n, taps = sizes.n, mean.shape[0]
    reach = taps // 2
    share = np.float32(1 / (n * sizes.batch))
    signal = layer * sizes.columns * sizes.stride
    for t in range(taps):
        for s in range(taps):
            by_mean[t] -= np.float32(2) * by_covariance[t, s] * mean[s]
    stencil = work.stencil  # u_{j + d} is taken stencil[d + K − 1] times
    constant = _ZERO
    for j in range(n):
        if j <= reach or j >= n - reach:
            stencil[:] = _ZERO
            constant = _ZERO
            for t in range(max(0, j + reach - n + 1), min(taps, j + reach + 1)):
                constant += share * by_mean[t]
                for s in range(taps):
                    stencil[s - t + taps - 1] += np.float32(2) * share * by_covariance[t, s]
        for column in range(sizes.columns):
            at = column * sizes.stride + (sizes.halo + j) * LANES
            total = splat(constant)
            for d in range(1 - taps, taps):
                row = load(work.layers, signal + at + d * LANES)
                total = fma(splat(stencil[d + taps - 1]), row, total)
            place = gradient_start + at
            mask = load(work.mask, column * LANES)
            store(work.gradient, place, fma(total, mask, load(work.gradient, place)))
