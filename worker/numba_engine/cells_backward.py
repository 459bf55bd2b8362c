"""The cells of a network in Numba, backward.

The gradient by a state is complete when those by all later states are: the cells go from the last
to the first, and the states of a cell, too. With d_j the gradient by the state that edge j leads
to, the gradient by their common source u is

    d = Σ_j (a_j d_j + b_j AᵀA d_j + c_j roll⁻¹(d_j) + the part of the CNNs and statistics).

AᵀA d_j and the tiles of d_j are computed once for all edges *to* a state. The sum of tiles, its
overlap-add, and the gradient through the patches' statistics are computed once for all edges *from*
a state.
"""

import numpy as np

from worker.numba_engine.cells_forward import (
    apply_normal,
    edge_of,
    feeds_cnn,
    signal_of,
    state_tiles_address,
    takes_cnn,
    takes_normal,
    transform_state,
)
from worker.numba_engine.cnn_backward import map_columns_backward, map_columns_backward_to_input
from worker.numba_engine.coefficients import (
    add_gradient,
    clear_gradients,
    cnn_of,
    coefficient,
    has_cnn,
    put_gradient,
    rolled_back,
)
from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.layers_backward import (
    clear_filter_sums,
    clear_patch_gradients,
    cnns_backward,
)
from worker.numba_engine.layout import (
    clear,
    column_start,
    column_tiles_size,
    noise_start,
    state_tiles_start,
    target_product_start,
)
from worker.numba_engine.linear_maps import Columns
from worker.numba_engine.memory import (
    CNNS,
    COLUMNS_MAPPED,
    CONSTANT,
    FLATTENING,
    IDENTITY,
    NOISE,
    NORMAL,
    ROLL,
    START,
    Taps,
    Trial,
)
from worker.numba_engine.patch_statistics import statistics_backward
from worker.numba_engine.simd import fma, lane_sum, load, number, put, splat, store
from worker.numba_engine.tiles import Tiles, overlap_add_column
from worker.numba_engine.vector_type import LANES

_ZERO = np.float32(0)


@inlined
def is_trained(trial: Trial, cell: int, state: int) -> bool:
    """Return whether the gradient by a state is needed."""
    return bool(number(trial.trained, signal_of(trial, cell, state)) != _ZERO)


@kernel
def cells_backward(trial: Trial, for_weights: np.bool_, taps: Taps) -> None:
    """Take the gradient back through all cells, or down to the first one that is trained.

    Args:
        trial: Has the gradient by the last cell's output as the first of ``gradients``; gets the
            gradients by the weights, or by the coefficients.
        for_weights: Whether the weights' gradients are needed; if not, those of the coefficients.
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
def flatten_backward(trial: Trial, cell: int, for_weights: np.bool_) -> None:
    """Take the gradient d by a cell's output back to its last two states u_s, and to the weights.

        du_s[i] = Σ_t w_st d[i − t + 1],    dw_st = Σ d[i] u_s[i + t − 1],    db = Σ d.

    Args:
        trial: Has d as the first of ``gradients``, which get the gradients by the last two states,
            and zeros for the cell's other states and its input.
        cell: Which cell.
        for_weights: Whether the weights' gradients are needed.
    """
    n, inputs, gradients, size = trial.n, trial.inputs, trial.gradients, trial.signal_size
    at, states = cell * LANES, trial.states
    for s in range(2):
        start = signal_of(trial, cell, states - 1 + s) * size
        w = at + 3 * s
        w0, w1 = splat(number(trial.flattening, w)), splat(number(trial.flattening, w + 1))
        w2 = splat(number(trial.flattening, w + 2))
        by_w0 = by_w1 = by_w2 = by_bias = splat(_ZERO)
        for column in range(trial.columns):
            here = column_start(trial, column)
            target = (states - 1 + s) * size + here
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
    clear(gradients, (states - 1) * size)


@kernel
def prepare_target(trial: Trial, cell: int, target: int, taps: Taps) -> None:
    """Compute what all edges to a state need of the gradient d by it: AᵀA d, tiles and sums.

    Args:
        trial: Has d; gets ``products``, ``state_gradient_tiles`` and ``target_sums``.
        cell: Which cell.
        target: Which state.
        taps: The K taps.
    """
    start = target * trial.signal_size
    if takes_normal(trial, cell, target):
        first = start + column_start(trial, 0)
        apply_normal(trial, Columns(trial.gradients, first, trial.stride), target)
    if takes_cnn(trial, cell, target):
        tiles = trial.state_gradient_tiles
        transform_state(trial, trial.gradients, start, tiles, target - 1, taps)
    d_sum = by_start = splat(_ZERO)
    for column in range(trial.columns):
        here = column_start(trial, column)
        for i in range(trial.n):
            row = here + i * LANES
            d = load(trial.gradients, start + row)
            d_sum = d_sum + d
            by_start = fma(d, load(trial.inputs, row), by_start)
    put(trial.target_sums, 2 * (target - 1), lane_sum(d_sum))
    put(trial.target_sums, 2 * (target - 1) + 1, lane_sum(by_start))


@kernel
def source_backward(
    trial: Trial, cell: int, source: int, for_weights: np.bool_, taps: Taps
) -> None:
    """Take the gradients by all later states back to a state, through the edges between them.

    Args:
        trial: Has the gradients by the later states; that by this state is added to.
        cell: Which cell.
        source: Which state.
        for_weights: Whether the weights' gradients are needed; if not, those of the coefficients.
        taps: The K taps.
    """
    mapped, signal = feeds_cnn(trial, cell, source), signal_of(trial, cell, source)
    if mapped:
        clear(trial.source_tiles, trial.columns * column_tiles_size(trial, taps))
        clear_patch_gradients(trial, taps)
        if cell < trial.cells - 1:  # the way forward left the tiles of the last cell
            start = signal * trial.signal_size
            transform_state(trial, trial.inputs, start, trial.state_tiles, source, taps)
    for target in range(source + 1, trial.states + 1):
        if is_trained(trial, cell, target):
            edge_backward(trial, cell, target, source, for_weights, taps)
    if mapped and is_trained(trial, cell, source):
        start = source * trial.signal_size
        add_source_tiles(trial, start, taps)
        statistics_backward(trial, signal, start, taps)


@kernel
def edge_backward(
    trial: Trial, cell: int, target: int, source: int, for_weights: np.bool_, taps: Taps
) -> None:
    """Take the gradient by an edge's target back through it.

    Args:
        trial: Has that gradient; the gradient by the source, and the CNNs' part of it in
            ``source_tiles``, are added to.
        cell: Which cell.
        target: The state that the edge leads to.
        source: The state that it comes from.
        for_weights: Whether the weights' gradients are needed; if not, those of the coefficients.
        taps: The K taps.
    """
    edge = edge_of(trial, cell, target, source)
    clear_gradients(trial, edge)
    put_gradient(trial, edge, CONSTANT, number(trial.target_sums, 2 * (target - 1)))
    if has_cnn(trial, edge):
        clear_filter_sums(trial, for_weights, taps)
        for first in range(0, trial.columns, COLUMNS_MAPPED):
            edge_columns_backward(trial, cell, target, source, first, for_weights, taps)
        cnns_backward(trial, edge, signal_of(trial, cell, source), for_weights, taps)
    if is_trained(trial, cell, source):
        add_linear(trial, cell, target, source)
    if not for_weights:
        edge_coefficients_backward(trial, cell, target, source)


@kernel
def edge_columns_backward(
    trial: Trial,
    cell: int,
    target: int,
    source: int,
    first: int,
    for_weights: np.bool_,
    taps: Taps,
) -> None:
    """Take a few columns of the gradient back through an edge's CNNs.

    Args:
        trial: Has the tiles of the source and of the gradient by the target, and the folded
            filters; the ``filter_sums`` and the ``source_tiles`` are added to.
        cell: Which cell.
        target: The state that the edge leads to.
        source: The state that it comes from.
        first: The first of the columns.
        for_weights: Whether the weights' gradients are needed; if not, those of the coefficients.
        taps: The K taps.
    """
    edge, passing = edge_of(trial, cell, target, source), is_trained(trial, cell, source)
    tiles = Tiles(
        state_tiles_address(trial, trial.state_tiles, source, first, taps),
        state_tiles_address(trial, trial.state_gradient_tiles, target - 1, first, taps),
        state_tiles_address(trial, trial.source_tiles, 0, first, taps),
        min(COLUMNS_MAPPED, trial.columns - first),
    )
    for i in range(CNNS):
        cnn = cnn_of(trial, edge, i)
        if cnn.factor != _ZERO and for_weights:
            map_columns_backward(trial, tiles, cnn, passing, True, taps)
        elif cnn.factor != _ZERO:
            map_columns_backward_to_input(trial, tiles, cnn, True, taps)


@kernel
def add_linear(trial: Trial, cell: int, target: int, source: int) -> None:
    """Add a d + b AᵀA d + c roll⁻¹(d) of an edge to the gradient by its source.

    Args:
        trial: Has the gradient d by the target; that by the source is added to.
        cell: Which cell.
        target: The state that the edge leads to.
        source: The state that it comes from.
    """
    n, gradients, edge = trial.n, trial.gradients, edge_of(trial, cell, target, source)
    c_identity = coefficient(trial, edge, IDENTITY)
    c_normal, c_roll = coefficient(trial, edge, NORMAL), coefficient(trial, edge, ROLL)
    if c_identity == _ZERO and c_normal == _ZERO and c_roll == _ZERO:
        return
    roll = trial.roll
    for column in range(trial.columns):
        here = column_start(trial, column)
        d_start, to_start = target * trial.signal_size + here, source * trial.signal_size + here
        product = target_product_start(trial, target, column)
        for i in range(n):
            row = i * LANES
            total = load(gradients, to_start + row)
            if c_identity != _ZERO:
                total = fma(splat(c_identity), load(gradients, d_start + row), total)
            if c_normal != _ZERO:
                total = fma(splat(c_normal), load(trial.products, product + row), total)
            if c_roll != _ZERO:
                j = rolled_back(i, roll, n)
                total = fma(splat(c_roll), load(gradients, d_start + j * LANES), total)
            store(gradients, to_start + row, total)


@kernel
def edge_coefficients_backward(trial: Trial, cell: int, target: int, source: int) -> None:
    """Write an edge's gradients by the coefficients of all terms that are not a CNN.

    They are those of `worker.numba_engine.layers_backward.coefficients_backward`.

    Args:
        trial: Has the gradient by the target; gets the gradients by the coefficients.
        cell: Which cell.
        target: The state that the edge leads to.
        source: The state that it comes from.
    """
    n, inputs, gradients = trial.n, trial.inputs, trial.gradients
    edge, roll = edge_of(trial, cell, target, source), trial.roll
    rolls = coefficient(trial, edge, ROLL) != _ZERO
    noisy = coefficient(trial, edge, NOISE) != _ZERO
    by_identity = by_normal = by_roll = by_noise = splat(_ZERO)
    for column in range(trial.columns):
        here = column_start(trial, column)
        d_start = target * trial.signal_size + here
        u_start = signal_of(trial, cell, source) * trial.signal_size + here
        noise = noise_start(trial, edge, column)
        product = target_product_start(trial, target, column)
        for i in range(n):
            row = i * LANES
            d, u = load(gradients, d_start + row), load(inputs, u_start + row)
            by_identity = fma(d, u, by_identity)
            by_normal = fma(load(trial.products, product + row), u, by_normal)
            if rolls:
                j = rolled_back(i, roll, n)
                by_roll = fma(load(gradients, d_start + j * LANES), u, by_roll)
            if noisy:
                by_noise = fma(d, load(trial.noises, noise + i * trial.batch), by_noise)
    add_gradient(trial, edge, IDENTITY, by_identity)
    add_gradient(trial, edge, NORMAL, by_normal)
    add_gradient(trial, edge, ROLL, by_roll)
    add_gradient(trial, edge, NOISE, by_noise)
    put_gradient(trial, edge, START, number(trial.target_sums, 2 * (target - 1) + 1))


@kernel
def add_source_tiles(trial: Trial, start: int, taps: Taps) -> None:
    """Add the overlap-add of all ``source_tiles`` to a gradient.

    Args:
        trial: Has the tiles; the gradient is added to, and ``mapped`` is overwritten.
        start: Where the gradient starts in ``gradients``.
        taps: The K taps.
    """
    gradients, mapped, first = trial.gradients, trial.mapped, column_start(trial, 0)
    for column in range(trial.columns):
        tiles = state_tiles_start(trial, 0, column, taps)
        overlap_add_column(trial.source_tiles, tiles, trial.n, taps, mapped, first)
        at = start + column_start(trial, column)
        for i in range(trial.n):
            total = load(gradients, at + i * LANES) + load(mapped, first + i * LANES)
            store(gradients, at + i * LANES, total)
