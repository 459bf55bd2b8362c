"""Mean and covariance of the patches of a layer's input, and their gradient, in Numba.

With P_t[i] = u[i + t − K // 2] (zero beyond the ends), sums over rows i and samples:

    E[P_t] = Σ P_t / N,    Cov(P_t, P_s) = Σ P_t P_s / N − E[P_t] E[P_s].

Σ P_t P_s is the sum of u_j u_{j−d} at the lag d = s − t, but for a few rows at the ends, so that K
lags make all K² of them. N is n · batch.
"""

from typing import Any

import numpy as np

from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.memory import Taps
from worker.numba_engine.simd import (
    LANES,
    dot,
    fma,
    fma_all,
    lane_sum,
    load,
    load_around,
    load_strided,
    number,
    push,
    put,
    repeat,
    splat,
    splat_each,
    store,
    store_strided,
)

_ZERO, _ONE, _TWO = np.float32(0), np.float32(1), np.float32(2)


@inlined
def no_lags(taps: Taps) -> Any:
    """Return the sums of no rows: the rows before, Σ u_j u_{j−d} for each lag d, and Σ u_j."""
    zero = splat(_ZERO)
    return repeat(zero, taps), repeat(zero, taps), zero


@inlined
def with_row(lags: Any, row: Any) -> Any:
    """Return the sums with one row more."""
    recent, products, plain = lags
    recent = push(row, recent)
    return recent, fma_all(row, recent, products), plain + row


@inlined
def keep_lags(trial: Any, lags: Any, taps: Taps) -> None:
    """Add a column's sums to those before: sums of sums, which round less than one long sum."""
    _, products, plain = lags
    before = load_strided(trial.lags, 0, LANES, taps)
    store_strided(trial.lags, 0, LANES, fma_all(splat(_ONE), products, before))
    place = len(taps) * LANES
    store(trial.lags, place, load(trial.lags, place) + plain)


@kernel
def clear_lags(trial: Any, taps: Taps) -> None:
    """Start the sums of a layer's input from zero."""
    for i in range(len(taps) + 1):
        store(trial.lags, i * LANES, splat(_ZERO))


@kernel
def count_input(trial: Any, layer: int, taps: Taps) -> None:
    """Compute the sums of a layer's input, where nothing else sweeps over it anyway."""
    clear_lags(trial, taps)
    for column in range(trial.columns):
        start = layer * trial.whole + column * trial.stride + trial.halo * LANES
        lags = no_lags(taps)
        for j in range(trial.n):
            lags = with_row(lags, load(trial.inputs, start + j * LANES))
        keep_lags(trial, lags, taps)


@kernel
def row_product(trial: Any, layer: int, a: int, b: int) -> np.float32:
    """Return Σ u_a u_b over all samples of a layer's input."""
    total = splat(_ZERO)
    for column in range(trial.columns):
        at = layer * trial.whole + column * trial.stride + trial.halo * LANES
        row = load(trial.inputs, at + a * LANES)
        total = fma(row, load(trial.inputs, at + b * LANES), total)
    return np.float32(lane_sum(total))


@kernel
def row_sum(trial: Any, layer: int, row: int) -> np.float32:
    """Return Σ u_row over all samples of a layer's input."""
    total = splat(_ZERO)
    for column in range(trial.columns):
        at = layer * trial.whole + column * trial.stride + (trial.halo + row) * LANES
        total = total + load(trial.inputs, at)
    return np.float32(lane_sum(total))


@inlined
def subtract(base: int, index: int, value: float) -> None:
    """Take a value from the number at ``index``."""
    put(base, index, np.float32(number(base, index) - value))


@kernel
def patch_statistics(trial: Any, layer: int, taps: Taps) -> None:
    """Compute E[P] and Cov(P) of a layer's input, from its ``lags``.

    Row i of P_t is row i + t − K // 2 of u: of the sums over all rows, the first or the last
    |t − K // 2| drop out.
    """
    k = len(taps)
    reach, last = k // 2, trial.n - 1
    share = 1 / np.float64(trial.n * trial.batch)
    means, covariances = trial.patch_mean, trial.patch_covariance
    mean, covariance = layer * k, layer * k * k
    for t in range(k):
        put(means, mean + t, np.float32(lane_sum(load(trial.lags, k * LANES)) * share))
        for s in range(t, k):
            product = lane_sum(load(trial.lags, (s - t) * LANES))
            put(covariances, covariance + t * k + s, np.float32(product * share))
    for j in range(reach):
        # Row j is not in P_t for t − K // 2 > j, nor is its mirror image for K // 2 − t > j.
        head, tail = row_sum(trial, layer, j), row_sum(trial, layer, last - j)
        for t in range(reach - j):
            subtract(means, mean + t, tail * share)
            subtract(means, mean + k - 1 - t, head * share)
        for lag in range(reach - j):
            head = row_product(trial, layer, j, j + lag)
            tail = row_product(trial, layer, last - j, last - j - lag)
            for t in range(reach - j - lag):
                subtract(covariances, covariance + t * k + t + lag, tail * share)
                mirrored = (k - 1 - t - lag) * k + k - 1 - t
                subtract(covariances, covariance + mirrored, head * share)
    for t in range(k):
        for s in range(t, k):
            at = covariance + t * k + s
            subtract(covariances, at, number(means, mean + t) * number(means, mean + s))
            put(covariances, covariance + s * k + t, number(covariances, at))


@kernel
def statistics_backward(trial: Any, layer: int, target: int, taps: Taps) -> None:
    """Add to the gradient by a layer's input what its patch statistics send back.

    Given dE and dC, the gradients by E[P] and by Cov(P), through Cov = E[PPᵀ] − E[P] E[P]ᵀ:

        dE_t −= 2 Σ_s dC_ts E[P_s],    dP_t[i] = dE_t / N + 2 / N Σ_s dC_ts P_s[i],

    and u_j takes dP_t[j − t + K // 2] over the taps t for which that row exists: a constant and a
    stencil of u, which are the same for all rows but those near the ends.

    Args:
        trial: Has dE and dC.
        layer: Which layer.
        target: Where the gradient by its input starts in ``gradients``.
        taps: The K taps.
    """
    n, k = trial.n, len(taps)
    reach = k // 2
    for t in range(k):
        for s in range(k):
            by_covariance = number(trial.patch_covariance_gradient, t * k + s)
            mean = number(trial.patch_mean, layer * k + s)
            subtract(trial.patch_mean_gradient, t, _TWO * by_covariance * mean)
    for j in range(reach):
        add_stencil(trial, layer, target, j, j + 1, taps)
    add_stencil(trial, layer, target, reach, n - reach, taps)
    for j in range(n - reach, n):
        add_stencil(trial, layer, target, j, j + 1, taps)


@kernel
def add_stencil(trial: Any, layer: int, target: int, low: int, high: int, taps: Taps) -> None:
    """Do what `statistics_backward` says for a run of rows that the same taps reach."""
    k = len(taps)
    share = _ONE / np.float32(trial.n * trial.batch)
    weights = trial.stencil  # u_{j−d} is taken weights[d + K − 1] times
    for d in range(2 * k - 1):
        put(weights, d, _ZERO)
    constant = _ZERO
    for t in range(max(0, low + k // 2 - trial.n + 1), min(k, low + k // 2 + 1)):
        constant += share * number(trial.patch_mean_gradient, t)
        for s in range(k):
            by_covariance = number(trial.patch_covariance_gradient, t * k + s)
            subtract(weights, t - s + k - 1, -_TWO * share * by_covariance)
    inputs, gradients, plain = trial.inputs, trial.gradients, splat(constant)
    start = trial.halo * LANES
    stencil = splat_each(weights, 0, load_around(inputs, start, taps))
    for column in range(trial.columns):
        inside = load(trial.mask, column * LANES)
        at = column * trial.stride + start + low * LANES
        here = layer * trial.whole + at
        # The rows around the one before, the last of them first: each row brings one more.
        rows = load_around(inputs, here - LANES, taps)
        for _ in range(low, high):
            rows = push(load(inputs, here + (k - 1) * LANES), rows)
            total = dot(stencil, rows, plain)
            store(gradients, target + at, fma(total, inside, load(gradients, target + at)))
            at += LANES
            here += LANES
