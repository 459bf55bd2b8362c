"""The cells of a network in Numba, forward (Sec. 4.2).

A state is the sum of its edges, each of which is a layer of `worker.numba_engine.layers` in the
terms that it is made of and in its coefficients. Hence, with u_i the source of edge i,

    state = Σ_i (a_i u_i + c_i roll(u_i) + d_i ε_i + e_i n₀(u_i) + f_i n₁(u_i)) + AᵀA Σ_i b_i u_i
            + (Σ_i s_i) Aᵀy,

and all edges of a state share one product with AᵀA, one sum over points, and one pass to the rows.
What the edges *from* a state share, its patches' statistics and points, is computed when the state
is done. A cell's output is the convolution of its last two states.

Signals are numbered cell by cell, each cell's input and then its states; the last is the network's
output. Edges are numbered as `worker.engine.contract` says.
"""

from typing import Any

import numpy as np

from worker.numba_engine.batch_norm import fold
from worker.numba_engine.cnn import lift_column, map_columns
from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.layers import coefficient, is_mapped, point_count, spread_columns
from worker.numba_engine.linear_maps import apply
from worker.numba_engine.memory import (
    COLUMNS_AT_ONCE,
    COLUMNS_MAPPED,
    FIRST_MAP,
    FLATTENING,
    IDENTITY,
    ITEM,
    MAPPINGS,
    NOISE,
    NORMAL,
    ROLL,
    START,
    Taps,
)
from worker.numba_engine.patch_statistics import count_input, patch_statistics
from worker.numba_engine.simd import LANES, fma, load, number, splat, store

_ZERO = np.float32(0)


@inlined
def signal_of(trial: Any, cell: int, state: int) -> int:
    """Return which signal a cell's state is; state 0 is its input."""
    return int(cell * (trial.states + 1) + state)


@inlined
def edge_of(trial: Any, cell: int, target: int, source: int) -> int:
    """Return which edge leads from one state of a cell to another."""
    states = trial.states
    return int((cell * states * (states + 1) + target * (target - 1)) // 2 + source)


@inlined
def place_of(trial: Any, state: int, column: int, taps: Taps) -> int:
    """Return where a column's points of a state start, among those of all."""
    return int((state * trial.columns + column) * point_count(trial, taps))


@kernel
def feeds_mapping(trial: Any, cell: int, source: int) -> bool:
    """Return whether any edge from a state has a mapping."""
    found = False
    for target in range(source + 1, trial.states + 1):
        found = found or is_mapped(trial, edge_of(trial, cell, target, source))
    return found


@kernel
def takes_mapping(trial: Any, cell: int, target: int) -> bool:
    """Return whether any edge to a state has a mapping."""
    found = False
    for source in range(target):
        found = found or is_mapped(trial, edge_of(trial, cell, target, source))
    return found


@kernel
def takes_normal(trial: Any, cell: int, target: int) -> bool:
    """Return whether any edge to a state has AᵀA."""
    found = False
    for source in range(target):
        factor = coefficient(trial, edge_of(trial, cell, target, source), NORMAL)
        found = found or factor != _ZERO
    return found


@kernel
def lift_state(trial: Any, base: int, start: int, points: int, state: int, taps: Taps) -> None:
    """Write the points of all columns of a signal.

    Args:
        trial: The trial.
        base: Address of signals.
        start: Index of the signal.
        points: Address of the points of some states.
        state: Which of them the signal is.
        taps: The K taps.
    """
    for column in range(trial.columns):
        at = start + column * trial.stride + trial.halo * LANES
        lift_column(base, at, trial.n, taps, points, place_of(trial, state, column, taps))


@kernel
def apply_normal(trial: Any, signal: tuple[int, int, int], state: int) -> None:
    """Multiply all columns of a signal by AᵀA.

    Args:
        trial: Gets the product in ``products``.
        signal: Address, index of the first column's row 0, and from one column to the next.
        state: Which of the products is to be written, from 1 on.
    """
    base, first, stride = signal
    length = trial.n * LANES
    rows = trial.square, trial.square_runs, trial.n, trial.n
    for column in range(0, trial.columns, COLUMNS_AT_ONCE):
        at = ((state - 1) * trial.columns + column) * length
        here = base, first + column * stride, stride
        apply(rows, trial.columns - column, here, (trial.products, at, length))


@kernel
def cell_forward(trial: Any, cell: int, taps: Taps) -> None:
    """Compute a cell's states and its output, the next cell's input.

    Args:
        trial: Has the cell's input, noise, weights and coefficients.
        cell: Which cell.
        taps: The K taps.
    """
    for state in range(trial.states + 1):
        if state > 0:
            state_forward(trial, cell, state, taps)
        if feeds_mapping(trial, cell, state):
            signal = signal_of(trial, cell, state)
            count_input(trial, signal, taps)
            patch_statistics(trial, signal, taps)
            start = signal * trial.whole
            lift_state(trial, trial.inputs, start, trial.state_points, state, taps)
    flatten(trial, cell)


@kernel
def state_forward(trial: Any, cell: int, target: int, taps: Taps) -> None:
    """Compute a state.

    Args:
        trial: Has the states before, their patches' statistics and points.
        cell: Which cell.
        target: Which state.
        taps: The K taps.
    """
    first, constant, starts = edge_of(trial, cell, target, 0), _ZERO, _ZERO
    mapped, normal = takes_mapping(trial, cell, target), takes_normal(trial, cell, target)
    for source in range(target):
        starts += coefficient(trial, first + source, START)
        for mapping in range(MAPPINGS):
            factor = coefficient(trial, first + source, FIRST_MAP + mapping)
            if factor != _ZERO:
                fold(trial, first + source, signal_of(trial, cell, source), mapping, taps)
                constant += factor * number(trial.bias, (first + source) * MAPPINGS + mapping)
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
def mix_normals(trial: Any, cell: int, target: int) -> None:
    """Write AᵀA Σ_i b_i u_i of a state, some b_i not being 0, to the first of the ``products``."""
    n, inputs, mixture = trial.n, trial.inputs, trial.mixture
    for column in range(trial.columns):
        at, begun = column * n * LANES, False
        for source in range(target):
            factor = coefficient(trial, edge_of(trial, cell, target, source), NORMAL)
            if factor == _ZERO:
                continue
            start = signal_of(trial, cell, source) * trial.whole
            start += column * trial.stride + trial.halo * LANES
            for i in range(n):
                total = load(mixture, at + i * LANES) if begun else splat(_ZERO)
                total = fma(splat(factor), load(inputs, start + i * LANES), total)
                store(mixture, at + i * LANES, total)
            begun = True
    apply_normal(trial, (mixture, 0, n * LANES), 1)


@kernel
def map_sources(trial: Any, cell: int, target: int, first: int, taps: Taps) -> None:
    """Write Σ_i (e_i n₀(u_i) + f_i n₁(u_i)), but for the biases, to ``mapped``: a few columns.

    Args:
        trial: The trial.
        cell: Which cell.
        target: Which state.
        first: The first of the columns.
        taps: The K taps.
    """
    count = min(COLUMNS_MAPPED, trial.columns - first)
    adding = False
    for source in range(target):
        edge = edge_of(trial, cell, target, source)
        place = place_of(trial, source, first, taps)
        trial.input_points = trial.state_points + place * ITEM
        for mapping in range(MAPPINGS):
            factor = coefficient(trial, edge, FIRST_MAP + mapping)
            if factor != _ZERO:
                map_columns(trial, edge, mapping, factor, count, adding, taps)
                adding = True
    spread_columns(trial, count, taps)


@kernel
def begin_column(
    trial: Any,
    cell: int,
    target: int,
    column: int,
    mapped: bool,
    normal: bool,
    constant: np.float32,
    starts: np.float32,
) -> None:
    """Write to a state's column what its edges make together.

    Args:
        trial: Has the mappings' share in ``mapped``, and that of AᵀA in ``products``.
        cell: Which cell.
        target: Which state.
        column: Which column.
        mapped: Whether there is a mappings' share.
        normal: Whether there is one of AᵀA.
        constant: The mappings' biases, times their coefficients.
        starts: The coefficient of Aᵀy.
    """
    n, inputs = trial.n, trial.inputs
    here = column * trial.stride + trial.halo * LANES
    start, product = signal_of(trial, cell, target) * trial.whole + here, column * n * LANES
    mapped_start = column % COLUMNS_MAPPED * trial.stride + trial.halo * LANES
    for i in range(n):
        row, total = i * LANES, splat(constant)
        if mapped:
            total = total + load(trial.mapped, mapped_start + row)
        if normal:
            total = total + load(trial.products, product + row)
        if starts != _ZERO:
            total = fma(splat(starts), load(inputs, here + row), total)
        store(inputs, start + row, total)


@kernel
def add_edge(trial: Any, cell: int, target: int, source: int, column: int) -> None:
    """Add to a state's column what an edge makes of its source alone, and its noise."""
    n, inputs, edge = trial.n, trial.inputs, edge_of(trial, cell, target, source)
    here = column * trial.stride + trial.halo * LANES
    from_start = signal_of(trial, cell, source) * trial.whole + here
    to_start = signal_of(trial, cell, target) * trial.whole + here
    noise, roll = edge * trial.normals + column * LANES, trial.roll
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
            j = i - roll if i >= roll else i - roll + n
            total = fma(splat(c_roll), load(inputs, from_start + j * LANES), total)
        if c_noise != _ZERO:
            total = fma(splat(c_noise), load(trial.noises, noise + i * trial.batch), total)
        store(inputs, to_start + row, total)


@kernel
def end_column(trial: Any, cell: int, target: int, column: int) -> None:
    """Set a state's column to zero beyond the batch."""
    inputs, inside = trial.inputs, load(trial.mask, column * LANES)
    start = signal_of(trial, cell, target) * trial.whole
    start += column * trial.stride + trial.halo * LANES
    for i in range(trial.n):
        store(inputs, start + i * LANES, load(inputs, start + i * LANES) * inside)


@kernel
def flatten(trial: Any, cell: int) -> None:
    """Compute a cell's output Σ_s Σ_t w_st u_s[i + t − 1] + b from its last two states u_s."""
    inputs, at = trial.inputs, cell * LANES
    for column in range(trial.columns):
        inside, here = load(trial.mask, column * LANES), column * trial.stride
        here += trial.halo * LANES
        start = signal_of(trial, cell, trial.states - 1) * trial.whole + here
        to_start = signal_of(trial, cell + 1, 0) * trial.whole + here
        for i in range(trial.n):
            total = splat(number(trial.flattening, at + FLATTENING - 1))
            for t in range(3):
                row = start + (i + t - 1) * LANES
                first = splat(number(trial.flattening, at + t))
                total = fma(first, load(inputs, row), total)
                last = splat(number(trial.flattening, at + 3 + t))
                total = fma(last, load(inputs, row + trial.whole), total)
            store(inputs, to_start + i * LANES, total * inside)
