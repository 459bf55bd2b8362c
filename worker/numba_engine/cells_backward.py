"""The cells of a network in Numba, backward.

The gradient by a state is complete when all states after it are done: the cells go from the last
to the first, and a cell's states likewise. With d_j the gradient by the state that edge j leads to,
that by their common source u is

    d = Σ_j (a_j d_j + b_j AᵀA d_j + c_j roll⁻¹(d_j) + what the mappings and statistics send back).

AᵀA d_j and the points of d_j are computed once, for all edges to that state; the sum over points,
its way back to rows, and the way back through the patches' statistics once for all edges from one.
"""

from typing import Any

import numpy as np

from worker.numba_engine.cells_forward import (
    apply_normal,
    edge_of,
    feeds_mapping,
    lift_state,
    place_of,
    signal_of,
    takes_mapping,
    takes_normal,
)
from worker.numba_engine.cnn import (
    map_columns_backward,
    map_columns_backward_to_input,
    spread_column,
)
from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.layers import (
    add_gradient,
    clear,
    clear_patch_gradients,
    coefficient,
    is_mapped,
    mappings_backward,
    point_count,
)
from worker.numba_engine.memory import (
    COLUMNS_MAPPED,
    CONSTANT,
    FIRST_MAP,
    FLATTENING,
    IDENTITY,
    ITEM,
    MAPPINGS,
    NOISE,
    NORMAL,
    ROLL,
    START,
    TERMS,
    Taps,
)
from worker.numba_engine.patch_statistics import statistics_backward
from worker.numba_engine.simd import LANES, fma, lane_sum, load, number, put, splat, store

_ZERO = np.float32(0)


@inlined
def is_trained(trial: Any, cell: int, state: int) -> bool:
    """Return whether the gradient by a state is wanted."""
    return bool(number(trial.trained, signal_of(trial, cell, state)) != _ZERO)


@kernel
def cells_backward(trial: Any, for_weights: np.bool_, taps: Taps) -> None:
    """Take the gradient back through all cells, or through those that anything is trained in.

    Args:
        trial: Has the gradient by the last cell's output as the first of ``gradients``.
        for_weights: Whether the weights' gradients are wanted; if not, the coefficients' are.
        taps: The K taps.
    """
    for cell in range(trial.cells - 1, -1, -1):
        flatten_backward(trial, cell, for_weights)
        for state in range(trial.states, -1, -1):
            if state < trial.states:
                source_backward(trial, cell, state, for_weights, taps)
            if state > 0 and is_trained(trial, cell, state):
                prepare_target(trial, cell, state, taps)
        if not is_trained(trial, cell, 0):
            return


@kernel
def flatten_backward(trial: Any, cell: int, for_weights: np.bool_) -> None:
    """Take the gradient d by a cell's output back to its last two states u_s, and to the weights.

        du_s[i] = Σ_t w_st d[i − t + 1],    dw_st = Σ d[i] u_s[i + t − 1],    db = Σ d.

    Args:
        trial: Has d as the first of ``gradients``, which get those by the last two states, and
            zeros for the cell's other states and its input.
        cell: Which cell.
        for_weights: Whether the weights' gradients are wanted.
    """
    n, inputs, gradients, whole = trial.n, trial.inputs, trial.gradients, trial.whole
    at, states = cell * LANES, trial.states
    for s in range(2):
        start = signal_of(trial, cell, states - 1 + s) * whole
        w = at + 3 * s
        w0, w1 = splat(number(trial.flattening, w)), splat(number(trial.flattening, w + 1))
        w2 = splat(number(trial.flattening, w + 2))
        by_w0 = by_w1 = by_w2 = by_bias = splat(_ZERO)
        for column in range(trial.columns):
            here = column * trial.stride + trial.halo * LANES
            target = (states - 1 + s) * whole + here
            for i in range(n):
                row = here + i * LANES
                d = load(gradients, row)
                total = w0 * load(gradients, row + LANES)
                total = fma(w1, d, fma(w2, load(gradients, row - LANES), total))
                store(gradients, target + i * LANES, total)
                if for_weights:
                    u = start + row
                    by_w0 = fma(d, load(inputs, u - LANES), by_w0)
                    by_w1 = fma(d, load(inputs, u), by_w1)
                    by_w2 = fma(d, load(inputs, u + LANES), by_w2)
                    by_bias = by_bias + d
        put(trial.flattening_gradient, w, lane_sum(by_w0))
        put(trial.flattening_gradient, w + 1, lane_sum(by_w1))
        put(trial.flattening_gradient, w + 2, lane_sum(by_w2))
        put(trial.flattening_gradient, at + FLATTENING - 1, lane_sum(by_bias))
    clear(gradients, (states - 1) * whole)


@kernel
def prepare_target(trial: Any, cell: int, target: int, taps: Taps) -> None:
    """Compute what all edges to a state need of the gradient d by it: AᵀA d, points and sums."""
    start = target * trial.whole
    if takes_normal(trial, cell, target):
        first = start + trial.halo * LANES
        apply_normal(trial, (trial.gradients, first, trial.stride), target)
    if takes_mapping(trial, cell, target):
        points = trial.state_gradient_points
        lift_state(trial, trial.gradients, start, points, target - 1, taps)
    d_sum = by_start = splat(_ZERO)
    for column in range(trial.columns):
        here = column * trial.stride + trial.halo * LANES
        for i in range(trial.n):
            row = here + i * LANES
            d = load(trial.gradients, start + row)
            d_sum = d_sum + d
            by_start = fma(d, load(trial.inputs, row), by_start)
    put(trial.target_sums, 2 * (target - 1), lane_sum(d_sum))
    put(trial.target_sums, 2 * (target - 1) + 1, lane_sum(by_start))


@kernel
def source_backward(trial: Any, cell: int, source: int, for_weights: np.bool_, taps: Taps) -> None:
    """Take the gradients by all states after one back to it, through the edges between.

    Args:
        trial: Has the gradients by the states after; that by this one is added to.
        cell: Which cell.
        source: Which state.
        for_weights: Whether the weights' gradients are wanted; if not, the coefficients' are.
        taps: The K taps.
    """
    mapped, signal = feeds_mapping(trial, cell, source), signal_of(trial, cell, source)
    if mapped:
        clear(trial.source_points, trial.columns * point_count(trial, taps))
        clear_patch_gradients(trial, taps)
        if cell < trial.cells - 1:  # the points are those of the last cell
            start = signal * trial.whole
            lift_state(trial, trial.inputs, start, trial.state_points, source, taps)
    for target in range(source + 1, trial.states + 1):
        if is_trained(trial, cell, target):
            edge_backward(trial, cell, target, source, for_weights, taps)
    if mapped and is_trained(trial, cell, source):
        start = source * trial.whole
        add_points(trial, start, taps)
        statistics_backward(trial, signal, start, taps)


@kernel
def edge_backward(
    trial: Any, cell: int, target: int, source: int, for_weights: np.bool_, taps: Taps
) -> None:
    """Take the gradient by an edge's target back through it.

    Args:
        trial: Has that gradient; the gradient by the source, and what the mappings add to it in
            ``source_points``, are added to.
        cell: Which cell.
        target: The state that the edge leads to.
        source: The state that it comes from.
        for_weights: Whether the weights' gradients are wanted; if not, the coefficients' are.
        taps: The K taps.
    """
    edge, by_coefficients = edge_of(trial, cell, target, source), trial.coefficients_gradient
    for term in range(TERMS):
        put(by_coefficients, edge * TERMS + term, _ZERO)
    put(by_coefficients, edge * TERMS + CONSTANT, number(trial.target_sums, 2 * (target - 1)))
    if is_mapped(trial, edge):
        points = point_count(trial, taps)
        sums_a_channel = 2 * points // ((trial.n + 1) // 2) + LANES if for_weights else 2 * LANES
        clear(trial.filter_sums, MAPPINGS * trial.width * sums_a_channel)
        for first in range(0, trial.columns, COLUMNS_MAPPED):
            edge_columns_backward(trial, cell, target, source, first, for_weights, taps)
        mappings_backward(trial, edge, signal_of(trial, cell, source), for_weights, taps)
    if is_trained(trial, cell, source):
        add_linear(trial, cell, target, source)
    if not for_weights:
        edge_coefficients_backward(trial, cell, target, source)


@kernel
def edge_columns_backward(
    trial: Any,
    cell: int,
    target: int,
    source: int,
    first: int,
    for_weights: np.bool_,
    taps: Taps,
) -> None:
    """Take a few columns of the gradient, from ``first`` on, back through an edge's mappings."""
    edge, passing = edge_of(trial, cell, target, source), is_trained(trial, cell, source)
    count, own = min(COLUMNS_MAPPED, trial.columns - first), trial.mapped_points
    place = place_of(trial, source, first, taps)
    trial.input_points = trial.state_points + place * ITEM
    place = place_of(trial, target - 1, first, taps)
    trial.gradient_points = trial.state_gradient_points + place * ITEM
    trial.mapped_points = trial.source_points + place_of(trial, 0, first, taps) * ITEM
    for mapping in range(MAPPINGS):
        factor = coefficient(trial, edge, FIRST_MAP + mapping)
        if factor != _ZERO and for_weights:
            map_columns_backward(trial, edge, mapping, factor, count, passing, True, taps)
        elif factor != _ZERO:
            map_columns_backward_to_input(trial, edge, mapping, factor, count, True, taps)
    trial.mapped_points = own


@kernel
def add_linear(trial: Any, cell: int, target: int, source: int) -> None:
    """Add a d + b AᵀA d + c roll⁻¹(d) of an edge to the gradient by its source."""
    n, gradients, edge = trial.n, trial.gradients, edge_of(trial, cell, target, source)
    c_identity = coefficient(trial, edge, IDENTITY)
    c_normal, c_roll = coefficient(trial, edge, NORMAL), coefficient(trial, edge, ROLL)
    if c_identity == _ZERO and c_normal == _ZERO and c_roll == _ZERO:
        return
    roll = trial.roll
    for column in range(trial.columns):
        here = column * trial.stride + trial.halo * LANES
        d_start, to_start = target * trial.whole + here, source * trial.whole + here
        product = ((target - 1) * trial.columns + column) * n * LANES
        for i in range(n):
            row = i * LANES
            total = load(gradients, to_start + row)
            if c_identity != _ZERO:
                total = fma(splat(c_identity), load(gradients, d_start + row), total)
            if c_normal != _ZERO:
                total = fma(splat(c_normal), load(trial.products, product + row), total)
            if c_roll != _ZERO:
                j = i + roll if i + roll < n else i + roll - n
                total = fma(splat(c_roll), load(gradients, d_start + j * LANES), total)
            store(gradients, to_start + row, total)


@kernel
def edge_coefficients_backward(trial: Any, cell: int, target: int, source: int) -> None:
    """Write an edge's gradients by the coefficients of all that is not a mapping.

    They are those of `worker.numba_engine.layers.coefficients_backward`.
    """
    n, inputs, gradients = trial.n, trial.inputs, trial.gradients
    edge, roll = edge_of(trial, cell, target, source), trial.roll
    rolls, noisy = (
        coefficient(trial, edge, ROLL) != _ZERO,
        coefficient(trial, edge, NOISE) != _ZERO,
    )
    by_identity = by_normal = by_roll = by_noise = splat(_ZERO)
    for column in range(trial.columns):
        here = column * trial.stride + trial.halo * LANES
        d_start = target * trial.whole + here
        u_start = signal_of(trial, cell, source) * trial.whole + here
        noise = edge * trial.normals + column * LANES
        product = ((target - 1) * trial.columns + column) * n * LANES
        for i in range(n):
            row = i * LANES
            d, u = load(gradients, d_start + row), load(inputs, u_start + row)
            by_identity = fma(d, u, by_identity)
            by_normal = fma(load(trial.products, product + row), u, by_normal)
            if rolls:
                j = i + roll if i + roll < n else i + roll - n
                by_roll = fma(load(gradients, d_start + j * LANES), u, by_roll)
            if noisy:
                by_noise = fma(d, load(trial.noises, noise + i * trial.batch), by_noise)
    add_gradient(trial, edge, IDENTITY, by_identity)
    add_gradient(trial, edge, NORMAL, by_normal)
    add_gradient(trial, edge, ROLL, by_roll)
    add_gradient(trial, edge, NOISE, by_noise)
    by_start = number(trial.target_sums, 2 * (target - 1) + 1)
    put(trial.coefficients_gradient, edge * TERMS + START, by_start)


@kernel
def add_points(trial: Any, start: int, taps: Taps) -> None:
    """Add the rows of all ``source_points`` to the signal of ``gradients`` at ``start``."""
    gradients, mapped, halo = trial.gradients, trial.mapped, trial.halo * LANES
    for column in range(trial.columns):
        place = place_of(trial, 0, column, taps)
        spread_column(trial.source_points, place, trial.n, taps, mapped, halo)
        at = start + column * trial.stride + halo
        for i in range(trial.n):
            total = load(gradients, at + i * LANES) + load(mapped, halo + i * LANES)
            store(gradients, at + i * LANES, total)
