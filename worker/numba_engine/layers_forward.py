"""The layers of a network in the sequential space, forward, in Numba.

`worker.numba_engine.coefficients` gives the formula of a layer's output.
"""

import numpy as np

from worker.numba_engine.batch_norm import fold
from worker.numba_engine.cnn_forward import map_columns
from worker.numba_engine.coefficients import cnn_of, coefficient, has_cnn, is_roll, rolled
from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.layout import (
    cnn_index,
    column_start,
    column_tiles_size,
    noise_start,
    product_start,
)
from worker.numba_engine.linear_maps import Columns, apply, move, square_matrix
from worker.numba_engine.memory import (
    CNNS,
    COLUMNS_AT_ONCE,
    COLUMNS_MAPPED,
    IDENTITY,
    NOISE,
    NORMAL,
    ROLL,
    START,
    Taps,
    Trial,
)
from worker.numba_engine.patch_statistics import (
    clear_lags,
    count_input,
    keep_lags,
    no_lags,
    patch_statistics,
    with_row,
)
from worker.numba_engine.simd import fma, load, number, splat, store
from worker.numba_engine.tiles import overlap_add_columns, tiles_of, transform_column
from worker.numba_engine.vector_type import LANES

_ZERO = np.float32(0)


@kernel
def layer_forward(trial: Trial, layer: int, taps: Taps) -> None:
    """Compute a layer's output, which is the next layer's input.

    If the next layer has a CNN, the sums over its input are computed, too.

    Args:
        trial: Has the layer's input, its ``lags``, noise, weights and coefficients; gets the
            output and its ``lags``.
        layer: Which layer.
        taps: The K taps.
    """
    mapped, counted = has_cnn(trial, layer), False
    if layer + 1 < trial.layers:
        counted = has_cnn(trial, layer + 1)
    size = trial.signal_size
    if is_roll(trial, layer):
        move(trial, trial.inputs, layer * size, (layer + 1) * size, trial.roll)
        if counted:
            count_input(trial, layer + 1, taps)
        return
    constant = _ZERO
    if mapped:
        patch_statistics(trial, layer, taps)
        constant = fold_cnns(trial, layer, taps)
    clear_lags(trial, taps)
    for first in range(0, trial.columns, COLUMNS_MAPPED):
        count = min(COLUMNS_MAPPED, trial.columns - first)
        start = layer * size + column_start(trial, first)
        if first % COLUMNS_AT_ONCE == 0 and coefficient(trial, layer, NORMAL) != _ZERO:
            left, product = trial.columns - first, Columns(trial.product, 0, trial.n * LANES)
            apply(square_matrix(trial), left, Columns(trial.inputs, start, trial.stride), product)
        if mapped:
            columns_forward(trial, layer, start, count, taps)
        for column in range(first, first + count):
            mix_column(trial, layer, column, mapped, constant, counted, taps)


@inlined
def fold_cnns(trial: Trial, layer: int, taps: Taps) -> np.float32:
    """Fold the batch norm of a layer's CNNs.

    Args:
        trial: Has the weights and the input's statistics; gets the folded filters.
        layer: Which layer.
        taps: The K taps.

    Returns:
        The sum of the CNNs' biases, times their coefficients.
    """
    constant = _ZERO
    for i in range(CNNS):
        cnn = cnn_of(trial, layer, i)
        if cnn.factor != _ZERO:
            fold(trial, layer, layer, i, taps)
            constant += cnn.factor * number(trial.bias, cnn_index(layer, i))
    return constant


@inlined
def columns_forward(trial: Trial, layer: int, start: int, count: int, taps: Taps) -> None:
    """Write a few columns of c₅ n₀(u) + c₆ n₁(u), without the biases, to ``mapped``.

    Args:
        trial: Has the input and the folded filters.
        layer: Which layer.
        start: Index of the first column's row 0 in ``inputs``.
        count: Number of columns.
        taps: The K taps.
    """
    size, tiles = column_tiles_size(trial, taps), tiles_of(trial, count)
    for i in range(count):
        at = start + i * trial.stride
        transform_column(trial.inputs, at, trial.n, taps, tiles.inputs, i * size)
    adding = False
    for i in range(CNNS):
        cnn = cnn_of(trial, layer, i)
        if cnn.factor != _ZERO:
            map_columns(trial, tiles, cnn, adding, taps)
            adding = True
    overlap_add_columns(trial, count, taps)


@kernel
def mix_column(
    trial: Trial,
    layer: int,
    column: int,
    mapped: bool,
    constant: np.float32,
    counted: bool,
    taps: Taps,
) -> None:
    """Write a column of a layer's output.

    Args:
        trial: Has AᵀA u in ``product`` and the CNNs' part in ``mapped``; gets the output.
        layer: Which layer.
        column: Which column.
        mapped: Whether the CNNs have a part.
        constant: The CNNs' biases, times their coefficients.
        counted: Whether the output's sums are added to ``lags``.
        taps: The K taps.
    """
    n, inputs = trial.n, trial.inputs
    here = column_start(trial, column)
    start = layer * trial.signal_size + here
    inside, plain = load(trial.mask, column * LANES), splat(constant)
    c_identity = coefficient(trial, layer, IDENTITY)
    c_normal = coefficient(trial, layer, NORMAL)
    c_start = coefficient(trial, layer, START)
    c_roll = coefficient(trial, layer, ROLL)
    c_noise = coefficient(trial, layer, NOISE)
    product, cnns = trial.product, trial.mapped
    noise, product_at = noise_start(trial, layer, column), product_start(n, column)
    mapped_at = column_start(trial, column % COLUMNS_MAPPED)
    size, roll = trial.signal_size, trial.roll
    lags = no_lags(taps)
    for i in range(n):
        row = i * LANES
        total = plain
        if mapped:
            total = total + load(cnns, mapped_at + row)
        if c_identity != _ZERO:
            total = fma(splat(c_identity), load(inputs, start + row), total)
        if c_normal != _ZERO:
            total = fma(splat(c_normal), load(product, product_at + row), total)
        if c_start != _ZERO:
            total = fma(splat(c_start), load(inputs, here + row), total)
        if c_roll != _ZERO:
            total = fma(splat(c_roll), load(inputs, start + rolled(i, roll, n) * LANES), total)
        if c_noise != _ZERO:
            total = fma(splat(c_noise), load(trial.noises, noise + i * trial.batch), total)
        total = total * inside
        store(inputs, start + size + row, total)
        if counted:
            lags = with_row(lags, total)
    if counted:
        keep_lags(trial, lags, taps)
