"""The layers of a network, forward and backward, in Numba.

A layer's output is linear in a few signals, with coefficients that follow from softmax(α):

    out = c₀ u + c₁ AᵀA u + c₂ Aᵀy + c₃ roll(u) + c₄ ε + c₅ n₀(u) + c₆ n₁(u).

A term whose coefficient is 0 is not computed: a retraining has one operation on each layer. Of the
lowest layer that is trained, no gradient by its input is computed.
"""

from typing import Any

import numpy as np

from worker.numba_engine.batch_norm import fold, fold_backward, fold_backward_to_input
from worker.numba_engine.cnn import (
    lift_column,
    map_columns,
    map_columns_backward,
    map_columns_backward_to_input,
    spread_column,
)
from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.linear_maps import apply, move
from worker.numba_engine.memory import (
    COLUMNS_AT_ONCE,
    COLUMNS_MAPPED,
    CONSTANT,
    FIRST_MAP,
    IDENTITY,
    MAPPINGS,
    NOISE,
    NORMAL,
    ROLL,
    START,
    TERMS,
    Taps,
)
from worker.numba_engine.patch_statistics import (
    clear_lags,
    count_input,
    keep_lags,
    no_lags,
    patch_statistics,
    statistics_backward,
    with_row,
)
from worker.numba_engine.simd import LANES, fma, lane_sum, load, number, put, splat, store

_ZERO = np.float32(0)


@inlined
def coefficient(trial: Any, layer: int, term: int) -> np.float32:
    """Return a layer's coefficient of a term."""
    return np.float32(number(trial.coefficients, layer * TERMS + term))


@inlined
def is_mapped(trial: Any, layer: int) -> bool:
    """Return whether a layer has a mapping."""
    first = coefficient(trial, layer, FIRST_MAP)
    return first != _ZERO or coefficient(trial, layer, FIRST_MAP + 1) != _ZERO


@inlined
def is_roll(trial: Any, layer: int) -> bool:
    """Return whether a layer does nothing but shift its rows."""
    alone = coefficient(trial, layer, ROLL) == np.float32(1) and not is_mapped(trial, layer)
    for term in (IDENTITY, NORMAL, START, NOISE):
        alone = alone and coefficient(trial, layer, term) == _ZERO
    return alone


@inlined
def clear(base: int, count: int) -> None:
    """Set numbers to zero, in whole vectors."""
    for i in range(0, count, LANES):
        store(base, i, splat(_ZERO))


@inlined
def point_count(trial: Any, taps: Taps) -> int:
    """Return how many numbers the points of a column are."""
    points = len(taps) + 1 if len(taps) == 3 else len(taps) + 2
    return (trial.n + 1) // 2 * points * LANES


@kernel
def layer_forward(trial: Any, layer: int, taps: Taps) -> None:
    """Compute a layer's output, the next layer's input, and its sums if that has a mapping.

    Args:
        trial: Has the layer's input, its ``lags``, noise, weights and coefficients.
        layer: Which layer.
        taps: The K taps.
    """
    mapped, counted = is_mapped(trial, layer), False
    if layer + 1 < trial.layers:
        counted = is_mapped(trial, layer + 1)
    if is_roll(trial, layer):
        move(trial, trial.inputs, layer * trial.whole, (layer + 1) * trial.whole, trial.roll)
        if counted:
            count_input(trial, layer + 1, taps)
        return
    constant = _ZERO
    if mapped:
        patch_statistics(trial, layer, taps)
        for mapping in range(MAPPINGS):
            factor = coefficient(trial, layer, FIRST_MAP + mapping)
            if factor != _ZERO:
                fold(trial, layer, layer, mapping, taps)
                constant += factor * number(trial.bias, layer * MAPPINGS + mapping)
    clear_lags(trial, taps)
    points = point_count(trial, taps)
    for first in range(0, trial.columns, COLUMNS_MAPPED):
        count = min(COLUMNS_MAPPED, trial.columns - first)
        start = layer * trial.whole + first * trial.stride + trial.halo * LANES
        if first % COLUMNS_AT_ONCE == 0 and coefficient(trial, layer, NORMAL) != _ZERO:
            left, length = trial.columns - first, trial.n * LANES
            rows = trial.square, trial.square_runs, trial.n, trial.n
            apply(rows, left, (trial.inputs, start, trial.stride), (trial.product, 0, length))
        if mapped:
            for i in range(count):
                at = start + i * trial.stride
                lift_column(trial.inputs, at, trial.n, taps, trial.input_points, i * points)
            adding = False
            for mapping in range(MAPPINGS):
                factor = coefficient(trial, layer, FIRST_MAP + mapping)
                if factor != _ZERO:
                    map_columns(trial, layer, mapping, factor, count, adding, taps)
                    adding = True
            spread_columns(trial, count, taps)
        for column in range(first, first + count):
            mix_column(trial, layer, column, mapped, constant, counted, taps)


@inlined
def spread_columns(trial: Any, count: int, taps: Taps) -> None:
    """Write the rows of a few columns of ``mapped_points`` to ``mapped``."""
    for i in range(count):
        start, row = i * point_count(trial, taps), i * trial.stride + trial.halo * LANES
        spread_column(trial.mapped_points, start, trial.n, taps, trial.mapped, row)


@kernel
def mix_column(
    trial: Any,
    layer: int,
    column: int,
    mapped: bool,
    constant: np.float32,
    counted: bool,
    taps: Taps,
) -> None:
    """Write a column of a layer's output.

    Args:
        trial: Has AᵀA u in ``product`` and the mappings' share in ``mapped``.
        layer: Which layer.
        column: Which column.
        mapped: Whether there is a mappings' share.
        constant: The mappings' biases, times their coefficients.
        counted: Whether the output's sums are wanted in ``lags``.
        taps: The K taps.
    """
    n, inputs = trial.n, trial.inputs
    here = column * trial.stride + trial.halo * LANES
    start = layer * trial.whole + here
    inside, plain = load(trial.mask, column * LANES), splat(constant)
    c_identity = coefficient(trial, layer, IDENTITY)
    c_normal = coefficient(trial, layer, NORMAL)
    c_start = coefficient(trial, layer, START)
    c_roll = coefficient(trial, layer, ROLL)
    c_noise = coefficient(trial, layer, NOISE)
    product, mappings = trial.product, trial.mapped
    noise = layer * trial.normals + column * LANES
    product_start = column % COLUMNS_AT_ONCE * n * LANES
    mapped_start = column % COLUMNS_MAPPED * trial.stride + trial.halo * LANES
    whole, roll = trial.whole, trial.roll
    lags = no_lags(taps)
    for i in range(n):
        row = i * LANES
        total = plain
        if mapped:
            total = total + load(mappings, mapped_start + row)
        if c_identity != _ZERO:
            total = fma(splat(c_identity), load(inputs, start + row), total)
        if c_normal != _ZERO:
            total = fma(splat(c_normal), load(product, product_start + row), total)
        if c_start != _ZERO:
            total = fma(splat(c_start), load(inputs, here + row), total)
        if c_roll != _ZERO:
            j = i - roll if i >= roll else i - roll + n
            total = fma(splat(c_roll), load(inputs, start + j * LANES), total)
        if c_noise != _ZERO:
            total = fma(splat(c_noise), load(trial.noises, noise + i * trial.batch), total)
        total = total * inside
        store(inputs, start + whole + row, total)
        if counted:
            lags = with_row(lags, total)
    if counted:
        keep_lags(trial, lags, taps)


@kernel
def layer_backward(trial: Any, layer: int, source: int, for_weights: np.bool_, taps: Taps) -> None:
    """Take the gradient back through a layer.

    Args:
        trial: Has the layer's input and lifted filters, and the gradient by its output; gets the
            gradient by its input, unless no layer below is to be trained.
        layer: Which layer.
        source: Where the gradient by its output starts in ``gradients``: at the first or the
            second half, of which the other takes that by its input.
        for_weights: Whether the weights' gradients are wanted; if not, the coefficients' are.
        taps: The K taps.
    """
    mapped, passing = is_mapped(trial, layer), layer > trial.lowest
    if for_weights and is_roll(trial, layer):
        back = (trial.n - trial.roll) % trial.n
        move(trial, trial.gradients, source, trial.whole - source, back)
        return
    points, by_coefficients = point_count(trial, taps), trial.coefficients_gradient
    for term in range(TERMS):
        put(by_coefficients, layer * TERMS + term, _ZERO)
    if mapped:
        sums_a_channel = 2 * points // ((trial.n + 1) // 2) + LANES if for_weights else 2 * LANES
        clear(trial.filter_sums, MAPPINGS * trial.width * sums_a_channel)
    normal = coefficient(trial, layer, NORMAL) != _ZERO and (passing or not for_weights)
    for first in range(0, trial.columns, COLUMNS_MAPPED):
        count = min(COLUMNS_MAPPED, trial.columns - first)
        here = first * trial.stride + trial.halo * LANES
        if first % COLUMNS_AT_ONCE == 0 and normal:
            left, length, at = trial.columns - first, trial.n * LANES, source + here
            rows = trial.square, trial.square_runs, trial.n, trial.n
            apply(rows, left, (trial.gradients, at, trial.stride), (trial.product, 0, length))
        if mapped:
            columns_backward(trial, layer, source, first, count, for_weights, taps)
        for column in range(first, first + count):
            if passing:
                linear_backward(trial, layer, column, source, mapped)
            if not for_weights:
                coefficients_backward(trial, layer, column, source)
    if mapped:
        clear_patch_gradients(trial, taps)
        mappings_backward(trial, layer, layer, for_weights, taps)
        if passing:
            statistics_backward(trial, layer, trial.whole - source, taps)


@inlined
def columns_backward(
    trial: Any,
    layer: int,
    source: int,
    first: int,
    count: int,
    for_weights: np.bool_,
    taps: Taps,
) -> None:
    """Take a few columns of the gradient, from ``first`` on, back through a layer's mappings."""
    passing, points = layer > trial.lowest, point_count(trial, taps)
    for i in range(count):
        here = (first + i) * trial.stride + trial.halo * LANES
        inputs, gradients = layer * trial.whole + here, source + here
        lift_column(trial.inputs, inputs, trial.n, taps, trial.input_points, i * points)
        lift_column(trial.gradients, gradients, trial.n, taps, trial.gradient_points, i * points)
        constant_backward(trial, layer, gradients)
    adding = False
    for mapping in range(MAPPINGS):
        factor = coefficient(trial, layer, FIRST_MAP + mapping)
        if factor != _ZERO and for_weights:
            map_columns_backward(trial, layer, mapping, factor, count, passing, adding, taps)
        elif factor != _ZERO:
            map_columns_backward_to_input(trial, layer, mapping, factor, count, adding, taps)
        adding = adding or factor != _ZERO
    if passing:
        spread_columns(trial, count, taps)


@kernel
def clear_patch_gradients(trial: Any, taps: Taps) -> None:
    """Start the gradients by a signal's patch statistics from zero."""
    for t in range(len(taps)):
        put(trial.patch_mean_gradient, t, _ZERO)
        for s in range(len(taps)):
            put(trial.patch_covariance_gradient, t * len(taps) + s, _ZERO)


@kernel
def mappings_backward(
    trial: Any, layer: int, source: int, for_weights: np.bool_, taps: Taps
) -> None:
    """Turn the sums over all columns into gradients by weights, or coefficients, and statistics.

    Args:
        trial: Has the sums; the gradients by the patch statistics are added to.
        layer: Which layer.
        source: Which signal is its input.
        for_weights: Whether the weights' gradients are wanted; if not, the coefficients' are.
        taps: The K taps.
    """
    d_sum = number(trial.coefficients_gradient, layer * TERMS + CONSTANT)
    for mapping in range(MAPPINGS):
        place = layer * MAPPINGS + mapping
        factor = coefficient(trial, layer, FIRST_MAP + mapping)
        if factor != _ZERO and for_weights:
            fold_backward(trial, layer, source, mapping, factor, taps)
            put(trial.bias_gradient, place, np.float32(factor * d_sum))
        elif factor != _ZERO:
            inner = fold_backward_to_input(trial, layer, mapping, factor, taps)
            inner += d_sum * number(trial.bias, place)
            put(trial.coefficients_gradient, layer * TERMS + FIRST_MAP + mapping, inner)


@kernel
def linear_backward(trial: Any, layer: int, column: int, source: int, mapped: bool) -> None:
    """Take one column of the gradient d back through all that is not a mapping.

    The gradient by u is c₀ d + c₁ AᵀA d + c₃ roll⁻¹(d), AᵀA being symmetric, to which ``mapped``
    is added.

    Args:
        trial: Has AᵀA d in ``product`` and the mappings' share in ``mapped``.
        layer: Which layer.
        column: Which column.
        source: Where d starts in ``gradients``: the other half takes the gradient by u.
        mapped: Whether there is a mappings' share.
    """
    n, gradients = trial.n, trial.gradients
    here = column * trial.stride + trial.halo * LANES
    start, target = source + here, trial.whole - source + here
    inside = load(trial.mask, column * LANES)
    c_identity = splat(coefficient(trial, layer, IDENTITY))
    c_normal, c_roll = coefficient(trial, layer, NORMAL), coefficient(trial, layer, ROLL)
    product, product_start = trial.product, column % COLUMNS_AT_ONCE * n * LANES
    mapped_start = column % COLUMNS_MAPPED * trial.stride + trial.halo * LANES
    mappings, roll = trial.mapped, trial.roll
    for i in range(n):
        row = i * LANES
        d = load(gradients, start + row)
        total = c_identity * d
        if c_normal != _ZERO:
            total = fma(splat(c_normal), load(product, product_start + row), total)
        if c_roll != _ZERO:
            j = i + roll if i + roll < n else i + roll - n
            total = fma(splat(c_roll), load(gradients, start + j * LANES), total)
        if mapped:
            total = total + load(mappings, mapped_start + row)
        store(gradients, target + row, total * inside)


@kernel
def constant_backward(trial: Any, layer: int, start: int) -> None:
    """Add a column's Σ d to the gradient by a constant, which a mapping's bias is in part.

    Args:
        trial: The trial.
        layer: Which layer.
        start: Index of the column's row 0 in ``gradients``.
    """
    total = splat(_ZERO)
    for i in range(trial.n):
        total = total + load(trial.gradients, start + i * LANES)
    add_gradient(trial, layer, CONSTANT, total)


@kernel
def coefficients_backward(trial: Any, layer: int, column: int, source: int) -> None:
    """Add a column's gradients by the coefficients of all that is not a mapping.

    They are ⟨d, u⟩, ⟨d, AᵀA u⟩ = ⟨AᵀA d, u⟩, ⟨d, Aᵀy⟩, ⟨d, roll(u)⟩ = ⟨roll⁻¹(d), u⟩ and ⟨d, ε⟩.

    Args:
        trial: Has AᵀA d in ``product``.
        layer: Which layer.
        column: Which column.
        source: Where d starts in ``gradients``.
    """
    n, inputs, gradients = trial.n, trial.inputs, trial.gradients
    here = column * trial.stride + trial.halo * LANES
    d_start, u_start, roll = source + here, layer * trial.whole + here, trial.roll
    product, product_start = trial.product, column % COLUMNS_AT_ONCE * n * LANES
    rolls = coefficient(trial, layer, ROLL) != _ZERO
    noisy = coefficient(trial, layer, NOISE) != _ZERO
    noise = layer * trial.normals + column * LANES
    by_identity = by_normal = by_start = by_roll = by_noise = splat(_ZERO)
    for i in range(n):
        row = i * LANES
        d, u = load(gradients, d_start + row), load(inputs, u_start + row)
        by_identity = fma(d, u, by_identity)
        by_normal = fma(load(product, product_start + row), u, by_normal)
        by_start = fma(d, load(inputs, here + row), by_start)
        if rolls:
            j = i + roll if i + roll < n else i + roll - n
            by_roll = fma(load(gradients, d_start + j * LANES), u, by_roll)
        if noisy:
            by_noise = fma(d, load(trial.noises, noise + i * trial.batch), by_noise)
    add_gradient(trial, layer, IDENTITY, by_identity)
    add_gradient(trial, layer, NORMAL, by_normal)
    add_gradient(trial, layer, START, by_start)
    add_gradient(trial, layer, ROLL, by_roll)
    add_gradient(trial, layer, NOISE, by_noise)


@inlined
def add_gradient(trial: Any, layer: int, term: int, by_term: Any) -> None:
    """Add a vector's lanes to the gradient by one of a layer's coefficients."""
    at, gradients = layer * TERMS + term, trial.coefficients_gradient
    put(gradients, at, np.float32(number(gradients, at) + lane_sum(by_term)))
