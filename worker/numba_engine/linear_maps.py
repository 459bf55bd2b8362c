"""The inverse problem in Numba: matrices times signals, measurements, and errors."""

from typing import NamedTuple

import numpy as np

from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.layout import column_start
from worker.numba_engine.memory import COLUMNS_AT_ONCE, Trial
from worker.numba_engine.simd import (
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
from worker.numba_engine.vector_type import LANES, Vectors

_ZERO = np.float32(0)
_SAMPLES_PER_LOGARITHM = 6


class Matrix(NamedTuple):
    """A matrix in a trial's memory."""

    entries: int
    """Address of the entries, row by row."""
    runs: int
    """Address of each row's range of entries that are not zero: start and end."""
    rows: int
    columns: int


class Columns(NamedTuple):
    """Consecutive columns of a signal, or of a measurement."""

    base: int
    """Address of the signals."""
    first: int
    """Index of the first column's row 0."""
    stride: int
    """Numbers from one column to the next."""


@inlined
def square_matrix(trial: Trial) -> Matrix:
    """Return AᵀA."""
    return Matrix(trial.square, trial.square_runs, trial.n, trial.n)


@kernel
def apply(matrix: Matrix, left: int, source: Columns, target: Columns) -> None:
    """Multiply the next `COLUMNS_AT_ONCE` columns, or the fewer that are left, by a matrix.

    Args:
        matrix: The matrix.
        left: Number of columns that are left.
        source: The columns to multiply.
        target: Gets the products.
    """
    zero, column, end = splat(_ZERO), 0, min(left, COLUMNS_AT_ONCE)
    while column < end:
        here = Columns(source.base, source.first + column * source.stride, source.stride)
        there = Columns(target.base, target.first + column * target.stride, target.stride)
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
def apply_to(matrix: Matrix, source: Columns, target: Columns, zeros: Vectors) -> None:
    """Multiply some columns by a matrix.

    Args:
        matrix: The matrix.
        source: The columns to multiply.
        target: Gets the products.
        zeros: A vector of zeros for each column.
    """
    entries, runs, rows, width = matrix.entries, matrix.runs, matrix.rows, matrix.columns
    for i in range(0, rows, 2):  # two rows at a time; the last row twice if their number is odd
        k = min(i + 1, rows - 1)
        total = below = zeros
        start = min(int(number(runs, 2 * i)), int(number(runs, 2 * k)))
        end = max(int(number(runs, 2 * i + 1)), int(number(runs, 2 * k + 1)))
        for j in range(start, end):
            row = load_strided(source.base, source.first + j * LANES, source.stride, zeros)
            total = fma_all(splat(number(entries, i * width + j)), row, total)
            below = fma_all(splat(number(entries, k * width + j)), row, below)
        store_strided(target.base, target.first + i * LANES, target.stride, total)
        store_strided(target.base, target.first + k * LANES, target.stride, below)


@kernel
def move(trial: Trial, base: int, source: int, target: int, shift: int) -> None:
    """Write a signal with its rows moved down; rows moved beyond the end return at the top.

    Args:
        trial: Sizes of the signal.
        base: Address of signals.
        source: Index of the signal.
        target: Index of the signal that is overwritten.
        shift: Number of rows to move by, in [0, n).
    """
    for column in range(trial.columns):
        at = column_start(trial, column)
        for i in range(shift):
            row = load(base, source + at + (trial.n - shift + i) * LANES)
            store(base, target + at + i * LANES, row)
        for i in range(shift, trial.n):
            row = load(base, source + at + (i - shift) * LANES)
            store(base, target + at + i * LANES, row)


@kernel
def arrange(trial: Trial, signals: int, first: int) -> None:
    """Copy a batch of signals from ``(row, sample)`` to the target's columns, zeros beyond it.

    Args:
        trial: Gets the target.
        signals: Address of the signals, followed by space for one more vector per column.
        first: Index of the first of them.
    """
    for column in range(trial.columns):
        inside = load(trial.mask, column * LANES)
        at = column_start(trial, column)
        for i in range(trial.n):
            values = load(signals, first + i * trial.batch + column * LANES)
            store(trial.target, at + i * LANES, values * inside)


@kernel
def measure(trial: Trial) -> None:
    """Compute y = A x + noise · ε and the first layer's input Aᵀ y.

    Args:
        trial: Has x in ``target`` and ε in ``drawn``; gets y and Aᵀ y.
    """
    m, noise = trial.m, splat(np.float32(trial.noise))
    length = m * LANES
    forward = Matrix(trial.forward, trial.forward_runs, m, trial.n)
    adjoint = Matrix(trial.adjoint, trial.adjoint_runs, trial.n, m)
    for column in range(trial.columns):
        left, inside = trial.columns - column, load(trial.mask, column * LANES)
        start, measured = column_start(trial, column), column * length
        if column % COLUMNS_AT_ONCE == 0:
            signal = Columns(trial.target, start, trial.stride)
            apply(forward, left, signal, Columns(trial.product, 0, length))
        product = column % COLUMNS_AT_ONCE * length
        for i in range(m):
            clean = load(trial.product, product + i * LANES)
            drawn = load(trial.drawn, i * trial.batch + column * LANES)
            store(trial.measured, measured + i * LANES, fma(noise * drawn, inside, clean))
    for column in range(0, trial.columns, COLUMNS_AT_ONCE):
        left, start = trial.columns - column, column_start(trial, column)
        measurement = Columns(trial.measured, column * length, length)
        apply(adjoint, left, measurement, Columns(trial.inputs, start, trial.stride))


@kernel
def loss_and_gradient(trial: Trial, output: int, residual: np.float32) -> float:
    """Compare the network's output with x.

    Args:
        trial: Has the signals. ``squares`` gets the sum of the squared errors of each sample, and
            the first signal of ``gradients`` the gradient 2 (output − x) / (n · batch).
        output: Which signal of ``inputs`` the output is.
        residual: Factor of the first signal, Aᵀy, that is added to the output.

    Returns:
        The mean squared error.
    """
    count = trial.n * trial.batch
    scale, total = splat(np.float32(2 / count)), 0.0
    inputs, last, share = trial.inputs, output * trial.signal_size, splat(residual)
    for column in range(trial.columns):
        squares = splat(_ZERO)
        start = column_start(trial, column)
        for i in range(trial.n):
            at = start + i * LANES
            error = fma(share, load(inputs, at), load(inputs, last + at)) - load(trial.target, at)
            squares = fma(error, error, squares)
            store(trial.gradients, at, error * scale)
        store(trial.squares, column * LANES, squares)
        total += np.float64(lane_sum(squares))
    return total / count


@kernel
def mean_psnr(trial: Trial) -> float:
    """Return the mean of −10 log₁₀(mean squared error) over samples, in dB.

    Six errors share one logarithm, that of their product: a double holds it for any errors.

    Args:
        trial: Has the errors in ``squares``.
    """
    total = 0.0
    for first in range(0, trial.batch, _SAMPLES_PER_LOGARITHM):
        product = 1.0
        for sample in range(first, min(first + _SAMPLES_PER_LOGARITHM, trial.batch)):
            product *= np.float64(number(trial.squares, sample)) / trial.n
        total -= 10.0 * np.log10(product)
    return total / trial.batch
