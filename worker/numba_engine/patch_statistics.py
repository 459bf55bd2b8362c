"""Mean and covariance of the patches of a layer's input, and their gradient, in Numba.

With P_t[i] = u[i + t − K // 2] (zero beyond the ends), sums over rows i and samples:

    E[P_t] = Σ P_t / N,    Cov(P_t, P_s) = Σ P_t P_s / N − E[P_t] E[P_s].

Σ P_t P_s is the sum of u_j u_{j−d} at the lag d = s − t, except for a few rows at the ends: all K²
sums follow from K lags. N is n · batch.

"Layer" means the signal that is a layer's input here: in the cell space, any signal.
"""

from typing import NamedTuple

import numpy as np

from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.layout import column_start
from worker.numba_engine.memory import Taps, Trial
from worker.numba_engine.simd import (
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
from worker.numba_engine.vector_type import LANES, Vector, Vectors

_ZERO, _ONE, _TWO = np.float32(0), np.float32(1), np.float32(2)


class LagSums(NamedTuple):
    """Sums over the rows of one column of a layer's input u."""

    recent: Vectors
    """The last K rows, the last of them first."""
    products: Vectors
    """Σ u_j u_{j−d} for each lag d < K."""
    plain: Vector
    """Σ u_j."""


@inlined
def no_lags(taps: Taps) -> LagSums:
    """Return the sums over no rows.

    Args:
        taps: The K taps.
    """
    zero = splat(_ZERO)
    return LagSums(repeat(zero, taps), repeat(zero, taps), zero)


@inlined
def with_row(lags: LagSums, row: Vector) -> LagSums:
    """Return the sums with one more row.

    Args:
        lags: Sums over the rows before.
        row: The next row of the column.
    """
    recent = push(row, lags.recent)
    return LagSums(recent, fma_all(row, recent, lags.products), lags.plain + row)


@inlined
def keep_lags(trial: Trial, lags: LagSums, taps: Taps) -> None:
    """Add a column's sums to those of earlier columns; sums of sums round less than one long sum.

    Args:
        trial: Its ``lags`` are added to.
        lags: Sums over the column's rows.
        taps: The K taps.
    """
    before = load_strided(trial.lags, 0, LANES, taps)
    store_strided(trial.lags, 0, LANES, fma_all(splat(_ONE), lags.products, before))
    place = len(taps) * LANES
    store(trial.lags, place, load(trial.lags, place) + lags.plain)


@kernel
def clear_lags(trial: Trial, taps: Taps) -> None:
    """Set the sums of a layer's input to zero.

    Args:
        trial: Its ``lags`` become zero.
        taps: The K taps.
    """
    for i in range(len(taps) + 1):
        store(trial.lags, i * LANES, splat(_ZERO))


@kernel
def count_input(trial: Trial, layer: int, taps: Taps) -> None:
    """Compute the sums of a layer's input in a separate sweep, if no other kernel computes them.

    Args:
        trial: Has the input; gets its ``lags``.
        layer: Which layer.
        taps: The K taps.
    """
    clear_lags(trial, taps)
    for column in range(trial.columns):
        start = layer * trial.signal_size + column_start(trial, column)
        lags = no_lags(taps)
        for j in range(trial.n):
            lags = with_row(lags, load(trial.inputs, start + j * LANES))
        keep_lags(trial, lags, taps)


@kernel
def row_product(trial: Trial, layer: int, a: int, b: int) -> np.float32:
    """Return Σ u_a u_b over all samples of a layer's input.

    Args:
        trial: Has the input.
        layer: Which layer.
        a: A row.
        b: A row.
    """
    total = splat(_ZERO)
    for column in range(trial.columns):
        at = layer * trial.signal_size + column_start(trial, column)
        row = load(trial.inputs, at + a * LANES)
        total = fma(row, load(trial.inputs, at + b * LANES), total)
    return np.float32(lane_sum(total))


@kernel
def row_sum(trial: Trial, layer: int, row: int) -> np.float32:
    """Return Σ u_row over all samples of a layer's input.

    Args:
        trial: Has the input.
        layer: Which layer.
        row: A row.
    """
    total = splat(_ZERO)
    for column in range(trial.columns):
        at = layer * trial.signal_size + column_start(trial, column)
        total = total + load(trial.inputs, at + row * LANES)
    return np.float32(lane_sum(total))


@inlined
def subtract(base: int, index: int, value: float) -> None:
    """Subtract a value from the number at ``index`` from the address ``base``."""
    put(base, index, np.float32(number(base, index) - value))


@kernel
def patch_statistics(trial: Trial, layer: int, taps: Taps) -> None:
    """Compute E[P] and Cov(P) of a layer's input, from its ``lags``.

    Row i of P_t is row i + t − K // 2 of u: the first or the last |t − K // 2| rows of u are not
    part of the sums over P_t.

    Args:
        trial: Has the input and its ``lags``; gets ``patch_mean`` and ``patch_covariance``.
        layer: Which layer.
        taps: The K taps.
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
def statistics_backward(trial: Trial, layer: int, target: int, taps: Taps) -> None:
    """Add the gradient through a layer's patch statistics to the gradient by its input.

    Given dE and dC, the gradients by E[P] and by Cov(P), through Cov = E[PPᵀ] − E[P] E[P]ᵀ:

        dE_t −= 2 Σ_s dC_ts E[P_s],    dP_t[i] = dE_t / N + 2 / N Σ_s dC_ts P_s[i],

    and u_j gets dP_t[j − t + K // 2] over the taps t for which that row exists: a constant and a
    stencil of u, which are the same for all rows except those near the ends.

    Args:
        trial: Has dE and dC in ``patch_mean_gradient`` and ``patch_covariance_gradient``.
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
def add_stencil(trial: Trial, layer: int, target: int, low: int, high: int, taps: Taps) -> None:
    """Add the gradient to consecutive rows that the same taps reach: see `statistics_backward`.

    Args:
        trial: Has dE and dC.
        layer: Which layer.
        target: Where the gradient by its input starts in ``gradients``.
        low: The first row.
        high: The row after the last one.
        taps: The K taps.
    """
    k = len(taps)
    share = _ONE / np.float32(trial.n * trial.batch)
    weights = trial.stencil  # weights[d + K − 1] is the factor of u_{j−d}
    for d in range(2 * k - 1):
        put(weights, d, _ZERO)
    constant = _ZERO
    for t in range(max(0, low + k // 2 - trial.n + 1), min(k, low + k // 2 + 1)):
        constant += share * number(trial.patch_mean_gradient, t)
        for s in range(k):
            by_covariance = number(trial.patch_covariance_gradient, t * k + s)
            subtract(weights, t - s + k - 1, -_TWO * share * by_covariance)
    inputs, gradients, plain = trial.inputs, trial.gradients, splat(constant)
    stencil = splat_each(weights, 0, load_around(inputs, column_start(trial, 0), taps))
    for column in range(trial.columns):
        inside = load(trial.mask, column * LANES)
        at = column_start(trial, column) + low * LANES
        here = layer * trial.signal_size + at
        # The rows around the row before, the last of them first: each step adds the next row.
        rows = load_around(inputs, here - LANES, taps)
        for _ in range(low, high):
            rows = push(load(inputs, here + (k - 1) * LANES), rows)
            total = dot(stencil, rows, plain)
            store(gradients, target + at, fma(total, inside, load(gradients, target + at)))
            at += LANES
            here += LANES
