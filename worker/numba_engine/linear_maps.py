"""The inverse problem in Numba: matrices times signals, measurements, and errors."""

from typing import Any

import numpy as np

from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.memory import COLUMNS_AT_ONCE
from worker.numba_engine.simd import (
    LANES,
    fma,
    fma_all,
    lane_sum,
    load,
    load_strided,
    number,
    splat,
    store,
    store_strided,
)

_ZERO = np.float32(0)


@kernel
def apply(
    matrix: tuple[int, int, int, int],
    left: int,
    signal: tuple[int, int, int],
    out: tuple[int, int, int],
) -> None:
    """Multiply the next eight columns of a signal, or the fewer that are left, by a matrix.

    Args:
        matrix: Addresses of its entries and of its rows' runs, its rows, and its columns.
        left: Columns of the signal that are left.
        signal: Its address, the index of its first column's row 0, and from one column to the next.
        out: The same of the product.
    """
    source, first, stride = signal
    target, to, length = out
    zero, column, end = splat(_ZERO), 0, min(left, COLUMNS_AT_ONCE)
    while column < end:
        here = source, first + column * stride, stride
        there = target, to + column * length, length
        if end - column >= 8:
            apply_to(matrix, here, there, (zero, zero, zero, zero, zero, zero, zero, zero))
            column += 8
        elif end - column >= 4:
            apply_to(matrix, here, there, (zero, zero, zero, zero))
            column += 4
        else:
            apply_to(matrix, here, there, (zero,))
            column += 1


@inlined
def apply_to(
    matrix: tuple[int, int, int, int],
    signal: tuple[int, int, int],
    out: tuple[int, int, int],
    zeros: Any,
) -> None:
    """Multiply the columns of a signal from the first one on, as many as there are ``zeros``."""
    entries, runs, rows, width = matrix
    source, first, stride = signal
    target, to, length = out
    for i in range(0, rows, 2):  # two rows at a time, the last one twice where they are odd
        k = min(i + 1, rows - 1)
        total = below = zeros
        start = min(int(number(runs, 2 * i)), int(number(runs, 2 * k)))
        end = max(int(number(runs, 2 * i + 1)), int(number(runs, 2 * k + 1)))
        for j in range(start, end):
            row = load_strided(source, first + j * LANES, stride, zeros)
            total = fma_all(splat(number(entries, i * width + j)), row, total)
            below = fma_all(splat(number(entries, k * width + j)), row, below)
        store_strided(target, to + i * LANES, length, total)
        store_strided(target, to + k * LANES, length, below)


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
