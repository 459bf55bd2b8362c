"""The cells of a network in Numba, forward (Sec. 4.2).

A state is the sum of its edges. Each edge has the terms and coefficients of a layer: see
`worker.numba_engine.coefficients`. With u_i the source of edge i, therefore,

    state = Σ_i (a_i u_i + c_i roll(u_i) + d_i ε_i + e_i n₀(u_i) + f_i n₁(u_i)) + AᵀA Σ_i b_i u_i
            + (Σ_i s_i) Aᵀy,

and all edges of a state share one product with AᵀA, one sum of tiles, and one overlap-add. What
the edges *from* a state share, the statistics of its patches and its transformed tiles, is computed
when the state is complete. A cell's output is the convolution of its last two states.

Signals are numbered cell by cell, each cell's input and then its states; the last signal is the
network's output. Edges are numbered as `worker.engine.contract` says.
"""

import numpy as np

from worker.numba_engine.batch_norm import fold
from worker.numba_engine.cnn_forward import map_columns
from worker.numba_engine.coefficients import cnn_of, coefficient, has_cnn, rolled
from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.layout import (
    cnn_index,
    column_start,
    noise_start,
    state_tiles_start,
    target_product_start,
)
from worker.numba_engine.linear_maps import Columns, apply, square_matrix
from worker.numba_engine.memory import (
    CNNS,
    COLUMNS_AT_ONCE,
    COLUMNS_MAPPED,
    FLATTENING,
    IDENTITY,
    ITEM,
    NOISE,
    NORMAL,
    ROLL,
    START,
    Taps,
    Trial,
)
from worker.numba_engine.patch_statistics import count_input, patch_statistics
from worker.numba_engine.simd import fma, load, number, splat, store
from worker.numba_engine.tiles import Tiles, overlap_add_columns, transform_column
from worker.numba_engine.vector_type import LANES

_ZERO = np.float32(0)


@inlined
def signal_of(trial: Trial, cell: int, state: int) -> int:
    """Return the signal of a state in a cell; state 0 is the input of the cell."""
    return int(cell * (trial.states + 1) + state)


@inlined
def edge_of(trial: Trial, cell: int, target: int, source: int) -> int:
    """Return which edge leads to a state of a cell from another one.

    Args:
        trial: Has the number of states.
        cell: Which cell.
        target: The state that the edge leads to.
        source: The state that it comes from.
    """
    states = trial.states
    return int((cell * states * (states + 1) + target * (target - 1)) // 2 + source)


@kernel
def feeds_cnn(trial: Trial, cell: int, source: int) -> bool:
    """Return whether an edge from a state has a CNN."""
    found = False
    for target in range(source + 1, trial.states + 1):
        found = found or has_cnn(trial, edge_of(trial, cell, target, source))
    return found


@kernel
def takes_cnn(trial: Trial, cell: int, target: int) -> bool:
    """Return whether an edge to a state has a CNN."""
    found = False
    for source in range(target):
        found = found or has_cnn(trial, edge_of(trial, cell, target, source))
    return found


@kernel
def takes_normal(trial: Trial, cell: int, target: int) -> bool:
    """Return whether an edge to a state has AᵀA."""
    found = False
    for source in range(target):
        factor = coefficient(trial, edge_of(trial, cell, target, source), NORMAL)
        found = found or factor != _ZERO
    return found


@kernel
def transform_state(
    trial: Trial, base: int, start: int, tiles: int, state: int, taps: Taps
) -> None:
    """Write the transformed tiles of all columns of a signal.

    Args:
        trial: Sizes of the signal.
        base: Address of signals.
        start: Index of the signal.
        tiles: Address of the tiles of all states of a cell.
        state: Which of the states the signal is.
        taps: The K taps.
    """
    for column in range(trial.columns):
        here = start + column_start(trial, column)
        at = state_tiles_start(trial, state, column, taps)
        transform_column(base, here, trial.n, taps, tiles, at)


@inlined
def state_tiles_address(trial: Trial, tiles: int, state: int, column: int, taps: Taps) -> int:
    """Return the address of a column's tiles of a state.

    Args:
        trial: Sizes of the signals.
        tiles: Address of the tiles of all states of a cell.
        state: Which state.
        column: Which column.
        taps: The K taps.
    """
    return int(tiles + state_tiles_start(trial, state, column, taps) * ITEM)


@kernel
def apply_normal(trial: Trial, signal: Columns, state: int) -> None:
    """Multiply all columns of a signal by AᵀA.

    Args:
        trial: Gets the product in ``products``.
        signal: The signal's columns.
        state: Which of the products is written, from 1 on.
    """
    for column in range(0, trial.columns, COLUMNS_AT_ONCE):
        at = target_product_start(trial, state, column)
        here = Columns(signal.base, signal.first + column * signal.stride, signal.stride)
        product = Columns(trial.products, at, trial.n * LANES)
        apply(square_matrix(trial), trial.columns - column, here, product)


@kernel
def cell_forward(trial: Trial, cell: int, taps: Taps) -> None:
    """Compute a cell's states and its output, the next cell's input.

    Args:
        trial: Has the cell's input, noise, weights and coefficients; gets the states and the
            output.
        cell: Which cell.
        taps: The K taps.
    """
    for state in range(trial.states + 1):
        if state > 0:
            state_forward(trial, cell, state, taps)
        if feeds_cnn(trial, cell, state):
            signal = signal_of(trial, cell, state)
            count_input(trial, signal, taps)
            patch_statistics(trial, signal, taps)
            start = signal * trial.signal_size
            transform_state(trial, trial.inputs, start, trial.state_tiles, state, taps)
    flatten(trial, cell)


@kernel
def state_forward(trial: Trial, cell: int, target: int, taps: Taps) -> None:
    """Compute a state.

    Args:
        trial: Has the states before, the statistics of their patches and their tiles; gets the
            state.
        cell: Which cell.
        target: Which state.
        taps: The K taps.
    """
    first, constant, starts = edge_of(trial, cell, target, 0), _ZERO, _ZERO
    mapped, normal = takes_cnn(trial, cell, target), takes_normal(trial, cell, target)
    for source in range(target):
        edge = first + source
        starts += coefficient(trial, edge, START)
        for i in range(CNNS):
            factor = cnn_of(trial, edge, i).factor
            if factor != _ZERO:
                fold(trial, edge, signal_of(trial, cell, source), i, taps)
                constant += factor * number(trial.bias, cnn_index(edge, i))
    if normal:
        mix_normals(trial, cell, target)
    for column in range(trial.columns):
        if mapped and column % COLUMNS_MAPPED == 0:
            map_sources(trial, cell, target, column, taps)
        begin_column(trial, cell, target, column, mapped, normal, constant, starts)
        for source in range(target):
            add_edge(trial, cell, target, source, column)
        end_column(trial, cell, target, column)


@kernel
def mix_normals(trial: Trial, cell: int, target: int) -> None:
    """Write AᵀA Σ_i b_i u_i of a state to the first of the ``products``.

    Args:
        trial: Has the states before; gets the product. At least one b_i is not 0.
        cell: Which cell.
        target: Which state.
    """
    n, inputs, mixture = trial.n, trial.inputs, trial.mixture
    for column in range(trial.columns):
        at, begun = column * n * LANES, False
        for source in range(target):
            factor = coefficient(trial, edge_of(trial, cell, target, source), NORMAL)
            if factor == _ZERO:
                continue
            start = signal_of(trial, cell, source) * trial.signal_size
            start += column_start(trial, column)
            for i in range(n):
                total = load(mixture, at + i * LANES) if begun else splat(_ZERO)
                total = fma(splat(factor), load(inputs, start + i * LANES), total)
                store(mixture, at + i * LANES, total)
            begun = True
    apply_normal(trial, Columns(mixture, 0, n * LANES), 1)


@kernel
def map_sources(trial: Trial, cell: int, target: int, first: int, taps: Taps) -> None:
    """Write a few columns of Σ_i (e_i n₀(u_i) + f_i n₁(u_i)), without the biases, to ``mapped``.

    Args:
        trial: Has the tiles of the states before and the folded filters.
        cell: Which cell.
        target: Which state.
        first: The first of the columns.
        taps: The K taps.
    """
    count = min(COLUMNS_MAPPED, trial.columns - first)
    adding = False
    for source in range(target):
        edge = edge_of(trial, cell, target, source)
        inputs = state_tiles_address(trial, trial.state_tiles, source, first, taps)
        tiles = Tiles(inputs, trial.gradient_tiles, trial.mapped_tiles, count)
        for i in range(CNNS):
            cnn = cnn_of(trial, edge, i)
            if cnn.factor != _ZERO:
                map_columns(trial, tiles, cnn, adding, taps)
                adding = True
    overlap_add_columns(trial, count, taps)


@kernel
def begin_column(
    trial: Trial,
    cell: int,
    target: int,
    column: int,
    mapped: bool,
    normal: bool,
    constant: np.float32,
    starts: np.float32,
) -> None:
    """Write the terms that all edges of a state share to one of its columns.

    Args:
        trial: Has the CNNs' part in ``mapped``, and that of AᵀA in ``products``.
        cell: Which cell.
        target: Which state.
        column: Which column.
        mapped: Whether the CNNs have a part.
        normal: Whether AᵀA has a part.
        constant: The CNNs' biases, times their coefficients.
        starts: The coefficient of Aᵀy.
    """
    n, inputs, here = trial.n, trial.inputs, column_start(trial, column)
    start = signal_of(trial, cell, target) * trial.signal_size + here
    product = target_product_start(trial, 1, column)
    mapped_at = column_start(trial, column % COLUMNS_MAPPED)
    for i in range(n):
        row, total = i * LANES, splat(constant)
        if mapped:
            total = total + load(trial.mapped, mapped_at + row)
        if normal:
            total = total + load(trial.products, product + row)
        if starts != _ZERO:
            total = fma(splat(starts), load(inputs, here + row), total)
        store(inputs, start + row, total)


@kernel
def add_edge(trial: Trial, cell: int, target: int, source: int, column: int) -> None:
    """Add the terms of one edge that it does not share, and its noise, to a state's column.

    Args:
        trial: Has the source and the noise; the state is added to.
        cell: Which cell.
        target: The state that the edge leads to.
        source: The state that it comes from.
        column: Which column.
    """
    n, inputs, edge = trial.n, trial.inputs, edge_of(trial, cell, target, source)
    here = column_start(trial, column)
    from_start = signal_of(trial, cell, source) * trial.signal_size + here
    to_start = signal_of(trial, cell, target) * trial.signal_size + here
    noise, roll = noise_start(trial, edge, column), trial.roll
    c_identity = coefficient(trial, edge, IDENTITY)
    c_roll = coefficient(trial, edge, ROLL)
    c_noise = coefficient(trial, edge, NOISE)
    if c_identity == _ZERO and c_roll == _ZERO and c_noise == _ZERO:
        return
    for i in range(n):
        row = i * LANES
        total = load(inputs, to_start + row)
        if c_identity != _ZERO:
            total = fma(splat(c_identity), load(inputs, from_start + row), total)
        if c_roll != _ZERO:
            total = fma(splat(c_roll), load(inputs, from_start + rolled(i, roll, n) * LANES), total)
        if c_noise != _ZERO:
            total = fma(splat(c_noise), load(trial.noises, noise + i * trial.batch), total)
        store(inputs, to_start + row, total)


@kernel
def end_column(trial: Trial, cell: int, target: int, column: int) -> None:
    """Set the lanes of a state's column beyond the batch to zero."""
    inputs, inside = trial.inputs, load(trial.mask, column * LANES)
    start = signal_of(trial, cell, target) * trial.signal_size + column_start(trial, column)
    for i in range(trial.n):
        store(inputs, start + i * LANES, load(inputs, start + i * LANES) * inside)


@kernel
def flatten(trial: Trial, cell: int) -> None:
    """Compute a cell's output Σ_s Σ_t w_st u_s[i + t − 1] + b from its last two states u_s.

    Args:
        trial: Has the states and the weights; gets the output.
        cell: Which cell.
    """
    inputs, at = trial.inputs, cell * LANES
    for column in range(trial.columns):
        inside, here = load(trial.mask, column * LANES), column_start(trial, column)
        start = signal_of(trial, cell, trial.states - 1) * trial.signal_size + here
        to_start = signal_of(trial, cell + 1, 0) * trial.signal_size + here
        for i in range(trial.n):
            total = splat(number(trial.flattening, at + FLATTENING - 1))
            for t in range(3):
                row = start + (i + t - 1) * LANES
                first = splat(number(trial.flattening, at + t))
                total = fma(first, load(inputs, row), total)
                last = splat(number(trial.flattening, at + 3 + t))
                total = fma(last, load(inputs, row + trial.signal_size), total)
            store(inputs, to_start + i * LANES, total * inside)
