"""The inverse problem in Numba: matrices times signals, measurements, and errors."""

from typing import Any

import numpy as np

from worker.numba_compile import kernel
from worker.numba_layouts import COLUMNS_AT_ONCE
from worker.numba_vectors import LANES, fma, lane_sum, load, number, splat, store

_ZERO = np.float32(0)


@kernel
def apply(
    matrix: tuple[int, int, int, int],
    left: int,
    signal: tuple[int, int, int],
    out: tuple[int, int, int],
) -> None:
    """Multiply the next four columns of a signal, or the fewer that are left, by a matrix.

    Args:
        matrix: Addresses of its entries and of its rows' runs, its rows, and its columns.
        left: Columns of the signal that are left.
        signal: Its address, the index of its first column's row 0, and from one column to the next.
        out: The same of the product.
    """
    entries, runs, rows, width = matrix
    source, first, stride = signal
    target, to, length = out
    last = min(left, COLUMNS_AT_ONCE) - 1  # columns beyond the last are that one again
    b, c, d = min(1, last), min(2, last), min(3, last)
    for i in range(0, rows, 2):  # two rows at a time, the last one twice where they are odd
        k = min(i + 1, rows - 1)
        total_a = total_b = total_c = total_d = splat(_ZERO)
        below_a = below_b = below_c = below_d = splat(_ZERO)
        start = min(int(number(runs, 2 * i)), int(number(runs, 2 * k)))
        end = max(int(number(runs, 2 * i + 1)), int(number(runs, 2 * k + 1)))
        for j in range(start, end):
            entry, below = (
                splat(number(entries, i * width + j)),
                splat(number(entries, k * width + j)),
            )
            at = first + j * LANES
            row_a, row_b = load(source, at), load(source, at + b * stride)
            row_c, row_d = load(source, at + c * stride), load(source, at + d * stride)
            total_a, below_a = fma(entry, row_a, total_a), fma(below, row_a, below_a)
            total_b, below_b = fma(entry, row_b, total_b), fma(below, row_b, below_b)
            total_c, below_c = fma(entry, row_c, total_c), fma(below, row_c, below_c)
            total_d, below_d = fma(entry, row_d, total_d), fma(below, row_d, below_d)
        at, under = to + i * LANES, to + k * LANES
        store(target, at, total_a)
        store(target, at + b * length, total_b)
        store(target, at + c * length, total_c)
        store(target, at + d * length, total_d)
        store(target, under, below_a)
        store(target, under + b * length, below_b)
        store(target, under + c * length, below_c)
        store(target, under + d * length, below_d)


@kernel
def move(trial: Any, base: int, source: int, target: int, shift: int) -> None:
    """Write a signal with its rows moved down; those that leave the end come in at the top.

    Args:
        trial: The trial.
        base: Address of signals.
        source: Index of one.
        target: Index of another, overwritten.
        shift: By how many rows, in [0, n).
    """
    for column in range(trial.columns):
        at = column * trial.stride + trial.halo * LANES
        for i in range(shift):
            row = load(base, source + at + (trial.n - shift + i) * LANES)
            store(base, target + at + i * LANES, row)
        for i in range(shift, trial.n):
            row = load(base, source + at + (i - shift) * LANES)
            store(base, target + at + i * LANES, row)


@kernel
def arrange(trial: Any, signals: int, first: int) -> None:
    """Copy a batch of signals from ``(row, sample)`` to the target's columns, zeros beyond it.

    Args:
        trial: Gets the target.
        signals: Address of the signals, at least a vector more than samples.
        first: Index of the first of them.
    """
    for column in range(trial.columns):
        inside = load(trial.mask, column * LANES)
        at = column * trial.stride + trial.halo * LANES
        for i in range(trial.n):
            values = load(signals, first + i * trial.batch + column * LANES)
            store(trial.target, at + i * LANES, values * inside)


@kernel
def measure(trial: Any) -> None:
    """Compute y = A x + noise · ε and the first layer's input Aᵀ y.

    Args:
        trial: Has x in ``target`` and ε in ``drawn``.
    """
    m, noise = trial.m, splat(np.float32(trial.noise))
    length = m * LANES
    forward = trial.forward, trial.forward_runs, m, trial.n
    adjoint = trial.adjoint, trial.adjoint_runs, trial.n, m
    for column in range(trial.columns):
        left, inside = trial.columns - column, load(trial.mask, column * LANES)
        start, measured = column * trial.stride + trial.halo * LANES, column * length
        if column % COLUMNS_AT_ONCE == 0:
            apply(forward, left, (trial.target, start, trial.stride), (trial.product, 0, length))
        product = column % COLUMNS_AT_ONCE * length
        for i in range(m):
            clean = load(trial.product, product + i * LANES)
            drawn = load(trial.drawn, i * trial.batch + column * LANES)
            store(trial.measured, measured + i * LANES, fma(noise * drawn, inside, clean))
    for column in range(0, trial.columns, COLUMNS_AT_ONCE):
        left = trial.columns - column
        start, measurement = column * trial.stride + trial.halo * LANES, column * length
        measured = trial.measured, measurement, length
        apply(adjoint, left, measured, (trial.inputs, start, trial.stride))


@kernel
def loss_and_gradient(trial: Any, output: int, residual: np.float32) -> float:
    """Compare the output with x.

    Args:
        trial: The trial.
        output: Which signal of ``inputs`` the output is.
        residual: How many times the first one, Aᵀy, is added to it.

    Returns:
        The mean squared error; ``squares`` gets its sum over the rows of each sample, and the
        first half of ``gradients`` its gradient 2 (output − x) / (n · batch).
    """
    count = trial.n * trial.batch
    scale, total = splat(np.float32(2 / count)), 0.0
    inputs, last, share = trial.inputs, output * trial.whole, splat(residual)
    for column in range(trial.columns):
        squares = splat(_ZERO)
        start = column * trial.stride + trial.halo * LANES
        for i in range(trial.n):
            at = start + i * LANES
            error = fma(share, load(inputs, at), load(inputs, last + at)) - load(trial.target, at)
            squares = fma(error, error, squares)
            store(trial.gradients, at, error * scale)
        store(trial.squares, column * LANES, squares)
        total += np.float64(lane_sum(squares))
    return total / count


@kernel
def mean_psnr(trial: Any) -> float:
    """Return the mean of −10 log₁₀(mean squared error) over samples, in dB.

    Six errors have one logarithm, that of their product, which a double holds whatever they are.
    """
    total = 0.0
    for first in range(0, trial.batch, 6):
        product = 1.0
        for sample in range(first, min(first + 6, trial.batch)):
            product *= np.float64(number(trial.squares, sample)) / trial.n
        total -= 10.0 * np.log10(product)
    return total / trial.batch
