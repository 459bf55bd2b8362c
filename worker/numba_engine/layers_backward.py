"""The layers of a network in the sequential space, backward, in Numba.

`worker.numba_engine.coefficients` gives the formula of a layer's output. The gradient by the input
of the lowest layer that is trained is not computed.
"""

import numpy as np

from worker.numba_engine.batch_norm import fold_backward, fold_backward_to_input
from worker.numba_engine.cnn_backward import map_columns_backward, map_columns_backward_to_input
from worker.numba_engine.coefficients import (
    add_gradient,
    clear_gradients,
    cnn_of,
    coefficient,
    has_cnn,
    is_roll,
    put_gradient,
    rolled_back,
)
from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.layout import (
    clear,
    cnn_index,
    column_start,
    column_tiles_size,
    filter_sums_size,
    input_sums_size,
    noise_start,
    product_start,
)
from worker.numba_engine.linear_maps import Columns, apply, move, square_matrix
from worker.numba_engine.memory import (
    CNNS,
    COLUMNS_AT_ONCE,
    COLUMNS_MAPPED,
    CONSTANT,
    FIRST_MAP,
    IDENTITY,
    NOISE,
    NORMAL,
    ROLL,
    START,
    TERMS,
    Taps,
    Trial,
)
from worker.numba_engine.patch_statistics import statistics_backward
from worker.numba_engine.simd import fma, load, number, put, splat, store
from worker.numba_engine.tiles import overlap_add_columns, tiles_of, transform_column
from worker.numba_engine.vector_type import LANES

_ZERO = np.float32(0)


@kernel
def layer_backward(
    trial: Trial, layer: int, source: int, for_weights: np.bool_, taps: Taps
) -> None:
    """Take the gradient back through a layer.

    Args:
        trial: Has the layer's input and folded filters, and the gradient by its output; gets the
            gradient by its input, unless no layer below is trained.
        layer: Which layer.
        source: Where the gradient by its output starts in ``gradients``: at the first or the second
            signal. The other one gets the gradient by its input.
        for_weights: Whether the weights' gradients are needed; if not, those of the coefficients.
        taps: The K taps.
    """
    mapped, passing = has_cnn(trial, layer), layer > trial.lowest_trained
    if for_weights and is_roll(trial, layer):
        back = (trial.n - trial.roll) % trial.n
        move(trial, trial.gradients, source, trial.signal_size - source, back)
        return
    clear_gradients(trial, layer)
    if mapped:
        clear_filter_sums(trial, for_weights, taps)
    normal = coefficient(trial, layer, NORMAL) != _ZERO and (passing or not for_weights)
    for first in range(0, trial.columns, COLUMNS_MAPPED):
        count = min(COLUMNS_MAPPED, trial.columns - first)
        if first % COLUMNS_AT_ONCE == 0 and normal:
            start, left = source + column_start(trial, first), trial.columns - first
            gradients = Columns(trial.gradients, start, trial.stride)
            product = Columns(trial.product, 0, trial.n * LANES)
            apply(square_matrix(trial), left, gradients, product)
        if mapped:
            columns_backward(trial, layer, source, first, count, for_weights, taps)
        for column in range(first, first + count):
            if passing:
                linear_backward(trial, layer, column, source, mapped)
            if not for_weights:
                coefficients_backward(trial, layer, column, source)
    if mapped:
        clear_patch_gradients(trial, taps)
        cnns_backward(trial, layer, layer, for_weights, taps)
        if passing:
            statistics_backward(trial, layer, trial.signal_size - source, taps)


@inlined
def columns_backward(
    trial: Trial,
    layer: int,
    source: int,
    first: int,
    count: int,
    for_weights: np.bool_,
    taps: Taps,
) -> None:
    """Take a few columns of the gradient back through a layer's CNNs.

    Args:
        trial: Has the input, the gradient and the folded filters; ``mapped`` gets the gradient by
            the input, and the ``filter_sums`` are added to.
        layer: Which layer.
        source: Where the gradient by its output starts in ``gradients``.
        first: The first of the columns.
        count: Number of columns.
        for_weights: Whether the weights' gradients are needed; if not, those of the coefficients.
        taps: The K taps.
    """
    passing, size = layer > trial.lowest_trained, column_tiles_size(trial, taps)
    tiles = tiles_of(trial, count)
    for i in range(count):
        here = column_start(trial, first + i)
        inputs, gradients = layer * trial.signal_size + here, source + here
        transform_column(trial.inputs, inputs, trial.n, taps, tiles.inputs, i * size)
        transform_column(trial.gradients, gradients, trial.n, taps, tiles.gradients, i * size)
        constant_backward(trial, layer, gradients)
    adding = False
    for i in range(CNNS):
        cnn = cnn_of(trial, layer, i)
        if cnn.factor != _ZERO and for_weights:
            map_columns_backward(trial, tiles, cnn, passing, adding, taps)
        elif cnn.factor != _ZERO:
            map_columns_backward_to_input(trial, tiles, cnn, adding, taps)
        adding = adding or cnn.factor != _ZERO
    if passing:
        overlap_add_columns(trial, count, taps)


@inlined
def clear_filter_sums(trial: Trial, for_weights: np.bool_, taps: Taps) -> None:
    """Set the sums of a layer's CNNs to zero.

    Args:
        trial: Its ``filter_sums`` become zero.
        for_weights: Whether the sums are those of the weights' gradients; if not, those of α's.
        taps: The K taps.
    """
    size = filter_sums_size(taps) if for_weights else input_sums_size()
    clear(trial.filter_sums, CNNS * trial.width * size)


@kernel
def clear_patch_gradients(trial: Trial, taps: Taps) -> None:
    """Set the gradients by a signal's patch statistics to zero.

    Args:
        trial: Its ``patch_mean_gradient`` and ``patch_covariance_gradient`` become zero.
        taps: The K taps.
    """
    for t in range(len(taps)):
        put(trial.patch_mean_gradient, t, _ZERO)
        for s in range(len(taps)):
            put(trial.patch_covariance_gradient, t * len(taps) + s, _ZERO)


@kernel
def cnns_backward(trial: Trial, layer: int, source: int, for_weights: np.bool_, taps: Taps) -> None:
    """Turn the sums over all columns into gradients by weights, or coefficients, and statistics.

    Args:
        trial: Has the sums; gets the gradients. Those by the patch statistics are added to.
        layer: Which layer.
        source: Which signal is its input.
        for_weights: Whether the weights' gradients are needed; if not, those of the coefficients.
        taps: The K taps.
    """
    d_sum = number(trial.coefficients_gradient, layer * TERMS + CONSTANT)
    for i in range(CNNS):
        place, factor = cnn_index(layer, i), cnn_of(trial, layer, i).factor
        if factor != _ZERO and for_weights:
            fold_backward(trial, layer, source, i, factor, taps)
            put(trial.bias_gradient, place, np.float32(factor * d_sum))
        elif factor != _ZERO:
            inner = fold_backward_to_input(trial, layer, i, factor, taps)
            inner += d_sum * number(trial.bias, place)
            put_gradient(trial, layer, FIRST_MAP + i, inner)


@kernel
def linear_backward(trial: Trial, layer: int, column: int, source: int, mapped: bool) -> None:
    """Take one column of the gradient d back through all terms that are not a CNN.

    The gradient by u is c₀ d + c₁ AᵀA d + c₃ roll⁻¹(d), since AᵀA is symmetric. The CNNs' part
    is added.

    Args:
        trial: Has AᵀA d in ``product`` and the CNNs' part in ``mapped``; gets the gradient.
        layer: Which layer.
        column: Which column.
        source: Where d starts in ``gradients``: the other signal gets the gradient by u.
        mapped: Whether the CNNs have a part.
    """
    n, gradients, here = trial.n, trial.gradients, column_start(trial, column)
    start, target = source + here, trial.signal_size - source + here
    inside = load(trial.mask, column * LANES)
    c_identity = splat(coefficient(trial, layer, IDENTITY))
    c_normal, c_roll = coefficient(trial, layer, NORMAL), coefficient(trial, layer, ROLL)
    # `product_start`, but without a call: LLVM would unroll the loop in another way, and round the
    # last row of an odd number differently.
    product, product_at = trial.product, column % COLUMNS_AT_ONCE * n * LANES
    cnns, mapped_at = trial.mapped, column_start(trial, column % COLUMNS_MAPPED)
    roll = trial.roll
    for i in range(n):
        row = i * LANES
        d = load(gradients, start + row)
        total = c_identity * d
        if c_normal != _ZERO:
            total = fma(splat(c_normal), load(product, product_at + row), total)
        if c_roll != _ZERO:
            j = rolled_back(i, roll, n)
            total = fma(splat(c_roll), load(gradients, start + j * LANES), total)
        if mapped:
            total = total + load(cnns, mapped_at + row)
        store(gradients, target + row, total * inside)


@kernel
def constant_backward(trial: Trial, layer: int, start: int) -> None:
    """Add a column's Σ d to the gradient by a constant; a CNN's bias is part of it.

    Args:
        trial: Has the gradient d; the gradient by a constant is added to.
        layer: Which layer.
        start: Index of the column's row 0 in ``gradients``.
    """
    total = splat(_ZERO)
    for i in range(trial.n):
        total = total + load(trial.gradients, start + i * LANES)
    add_gradient(trial, layer, CONSTANT, total)


@kernel
def coefficients_backward(trial: Trial, layer: int, column: int, source: int) -> None:
    """Add a column's gradients by the coefficients of all terms that are not a CNN.

    They are ⟨d, u⟩, ⟨d, AᵀA u⟩ = ⟨AᵀA d, u⟩, ⟨d, Aᵀy⟩, ⟨d, roll(u)⟩ = ⟨roll⁻¹(d), u⟩ and ⟨d, ε⟩.

    Args:
        trial: Has AᵀA d in ``product``; the gradients are added to.
        layer: Which layer.
        column: Which column.
        source: Where d starts in ``gradients``.
    """
    n, roll, here = trial.n, trial.roll, column_start(trial, column)
    inputs, gradients, product = trial.inputs, trial.gradients, trial.product
    d_start, u_start = source + here, layer * trial.signal_size + here
    product_at, noise = product_start(n, column), noise_start(trial, layer, column)
    rolls = coefficient(trial, layer, ROLL) != _ZERO
    noisy = coefficient(trial, layer, NOISE) != _ZERO
    by_identity = by_normal = by_start = by_roll = by_noise = splat(_ZERO)
    for i in range(n):
        row = i * LANES
        d, u = load(gradients, d_start + row), load(inputs, u_start + row)
        by_identity = fma(d, u, by_identity)
        by_normal = fma(load(product, product_at + row), u, by_normal)
        by_start = fma(d, load(inputs, here + row), by_start)
        if rolls:
            j = rolled_back(i, roll, n)
            by_roll = fma(load(gradients, d_start + j * LANES), u, by_roll)
        if noisy:
            by_noise = fma(d, load(trial.noises, noise + i * trial.batch), by_noise)
    add_gradient(trial, layer, IDENTITY, by_identity)
    add_gradient(trial, layer, NORMAL, by_normal)
    add_gradient(trial, layer, START, by_start)
    add_gradient(trial, layer, ROLL, by_roll)
    add_gradient(trial, layer, NOISE, by_noise)
