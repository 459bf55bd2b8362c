"""Drop path in Numba: edges of a supernet that are dropped; see `worker.engine.drop_path`.

A factor belongs to an edge and a sample, and every term of an edge is linear along a signal except
for its CNNs. So the factors multiply what an edge gives forward, and the gradient by it backward.
These kernels go around those of single layers and edges, which do not see the factors. In the
cell space the edges of a state then share neither the sum of their tiles nor, backward, the product
with AᵀA: a step takes longer than without drop path.
"""

import numpy as np

from worker.numba_engine.batch_norm import fold
from worker.numba_engine.cells_backward import (
    add_source_tiles,
    edge_backward,
    flatten_backward,
    is_trained,
    prepare_target,
)
from worker.numba_engine.cells_forward import (
    apply_normal,
    edge_of,
    end_column,
    feeds_cnn,
    flatten,
    signal_of,
    state_tiles_address,
    transform_state,
)
from worker.numba_engine.cnn_forward import map_columns
from worker.numba_engine.coefficients import cnn_of, coefficient, has_cnn, rolled
from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.drop_factors import Drop, Drops
from worker.numba_engine.layers_backward import clear_patch_gradients, layer_backward
from worker.numba_engine.layers_forward import layer_forward
from worker.numba_engine.layout import (
    clear,
    cnn_index,
    column_start,
    column_tiles_size,
    noise_start,
    target_product_start,
)
from worker.numba_engine.linear_maps import Columns
from worker.numba_engine.memory import (
    CNNS,
    COLUMNS_MAPPED,
    IDENTITY,
    ITEM,
    NOISE,
    NORMAL,
    ROLL,
    START,
    Taps,
    Trial,
)
from worker.numba_engine.patch_statistics import count_input, patch_statistics, statistics_backward
from worker.numba_engine.simd import fma, load, number, splat, store
from worker.numba_engine.tiles import Tiles, overlap_add_columns
from worker.numba_engine.vector_type import LANES

_ZERO, _ONE = np.float32(0), np.float32(1)


@inlined
def drop_of(drops: Drops | None, training: bool, step: int, trial: Trial) -> Drop | None:
    """Return the addresses for a step.

    Args:
        drops: Those of the epoch; None without drop path.
        training: Whether the weights take the step; if not, α.
        step: Which step of the epoch.
        trial: Sizes of the factors.
    """
    if drops is None:
        return None
    size = trial.layers * trial.columns * LANES * ITEM
    return Drop((drops.training if training else drops.validation) + step * size, drops.saved)


@inlined
def factor_start(trial: Trial, edge: int, column: int) -> int:
    """Return where the factors of a column's samples start."""
    return (edge * trial.columns + column) * LANES


@kernel
def dropped_layer_forward(trial: Trial, layer: int, drop: Drop, taps: Taps) -> None:
    """Compute a layer's output, and let its input pass where the layer is dropped.

    The output is factor · output + (1 − factor) · input.

    Args:
        trial: As for `layer_forward`.
        layer: Which layer.
        drop: Addresses for this step.
        taps: The K taps.
    """
    layer_forward(trial, layer, taps)
    inputs, size = trial.inputs, trial.signal_size
    for column in range(trial.columns):
        factor = load(drop.factors, factor_start(trial, layer, column))
        rest = splat(_ONE) - factor
        start = layer * size + column_start(trial, column)
        for i in range(trial.n):
            row = start + i * LANES
            passed = rest * load(inputs, row)
            store(inputs, row + size, fma(factor, load(inputs, row + size), passed))
    if layer + 1 < trial.layers and has_cnn(trial, layer + 1):
        count_input(trial, layer + 1, taps)


@kernel
def dropped_layer_backward(
    trial: Trial, layer: int, source: int, for_weights: np.bool_, drop: Drop, taps: Taps
) -> None:
    """Take the gradient back through a layer, and past it where it is dropped.

    Args:
        trial: As for `layer_backward`.
        layer: Which layer.
        source: Where the gradient by its output starts in ``gradients``.
        for_weights: Whether the weights' gradients are needed; if not, those of the coefficients.
        drop: Addresses for this step.
        taps: The K taps.
    """
    gradients, target = trial.gradients, trial.signal_size - source
    for column in range(trial.columns):
        factor = load(drop.factors, factor_start(trial, layer, column))
        rest = splat(_ONE) - factor
        here = column_start(trial, column)
        for i in range(trial.n):
            row = here + i * LANES
            d = load(gradients, source + row)
            store(drop.saved, row, rest * d)
            store(gradients, source + row, factor * d)
    layer_backward(trial, layer, source, for_weights, taps)
    if layer > trial.lowest_trained:
        for column in range(trial.columns):
            here = column_start(trial, column)
            for i in range(trial.n):
                row = here + i * LANES
                total = load(gradients, target + row) + load(drop.saved, row)
                store(gradients, target + row, total)


@kernel
def dropped_cell_forward(trial: Trial, cell: int, drop: Drop, taps: Taps) -> None:
    """Compute a cell's states and its output, edge by edge.

    Args:
        trial: As for `cell_forward`.
        cell: Which cell.
        drop: Addresses for this step.
        taps: The K taps.
    """
    for state in range(trial.states + 1):
        signal = signal_of(trial, cell, state)
        start = signal * trial.signal_size
        if state > 0:
            clear(trial.inputs + start * ITEM, trial.signal_size)
            for source in range(state):
                add_dropped_edge(trial, cell, state, source, drop, taps)
            for column in range(trial.columns):
                end_column(trial, cell, state, column)
        if feeds_cnn(trial, cell, state):
            count_input(trial, signal, taps)
            patch_statistics(trial, signal, taps)
            transform_state(trial, trial.inputs, start, trial.state_tiles, state, taps)
        if state < trial.states:
            first = start + column_start(trial, 0)
            apply_normal(trial, Columns(trial.inputs, first, trial.stride), state + 1)
    flatten(trial, cell)


@kernel
def add_dropped_edge(
    trial: Trial, cell: int, target: int, source: int, drop: Drop, taps: Taps
) -> None:
    """Add factor · output of an edge to the state that it leads to.

    Args:
        trial: Has the source, the statistics of its patches, its tiles and, in ``products``, its
            product with AᵀA; the state is added to.
        cell: Which cell.
        target: The state that the edge leads to.
        source: The state that it comes from.
        drop: Addresses for this step.
        taps: The K taps.
    """
    edge, mapped, constant = edge_of(trial, cell, target, source), False, _ZERO
    for i in range(CNNS):
        cnn = cnn_of(trial, edge, i)
        if cnn.factor != _ZERO:
            fold(trial, edge, signal_of(trial, cell, source), i, taps)
            constant += cnn.factor * number(trial.bias, cnn_index(edge, i))
            mapped = True
    for column in range(trial.columns):
        if mapped and column % COLUMNS_MAPPED == 0:
            map_source(trial, edge, source, column, taps)
        add_dropped_column(trial, cell, target, source, column, mapped, constant, drop)


@kernel
def map_source(trial: Trial, edge: int, source: int, first: int, taps: Taps) -> None:
    """Write a few columns of e n₀(u) + f n₁(u), without the biases, to ``mapped``.

    Args:
        trial: Has the tiles of the source u and the folded filters. There is a CNN on the edge.
        edge: Which edge.
        source: The state that it comes from.
        first: The first of the columns.
        taps: The K taps.
    """
    count, adding = min(COLUMNS_MAPPED, trial.columns - first), False
    inputs = state_tiles_address(trial, trial.state_tiles, source, first, taps)
    tiles = Tiles(inputs, trial.gradient_tiles, trial.mapped_tiles, count)
    for i in range(CNNS):
        cnn = cnn_of(trial, edge, i)
        if cnn.factor != _ZERO:
            map_columns(trial, tiles, cnn, adding, taps)
            adding = True
    overlap_add_columns(trial, count, taps)


@kernel
def add_dropped_column(
    trial: Trial,
    cell: int,
    target: int,
    source: int,
    column: int,
    mapped: bool,
    constant: np.float32,
    drop: Drop,
) -> None:
    """Add one column of factor · output of an edge to a state.

    Args:
        trial: Has the CNNs' part in ``mapped``, and AᵀA u in ``products``.
        cell: Which cell.
        target: The state that the edge leads to.
        source: The state that it comes from.
        column: Which column.
        mapped: Whether the CNNs have a part.
        constant: The CNNs' biases, times their coefficients.
        drop: Addresses for this step.
    """
    n, inputs, edge = trial.n, trial.inputs, edge_of(trial, cell, target, source)
    here, roll = column_start(trial, column), trial.roll
    from_start = signal_of(trial, cell, source) * trial.signal_size + here
    to_start = signal_of(trial, cell, target) * trial.signal_size + here
    product, noise = (
        target_product_start(trial, source + 1, column),
        noise_start(trial, edge, column),
    )
    mapped_at = column_start(trial, column % COLUMNS_MAPPED)
    factor = load(drop.factors, factor_start(trial, edge, column))
    c_identity = coefficient(trial, edge, IDENTITY)
    c_normal, c_start = coefficient(trial, edge, NORMAL), coefficient(trial, edge, START)
    c_roll, c_noise = coefficient(trial, edge, ROLL), coefficient(trial, edge, NOISE)
    for i in range(n):
        row, total = i * LANES, splat(constant)
        if mapped:
            total = total + load(trial.mapped, mapped_at + row)
        if c_identity != _ZERO:
            total = fma(splat(c_identity), load(inputs, from_start + row), total)
        if c_normal != _ZERO:
            total = fma(splat(c_normal), load(trial.products, product + row), total)
        if c_start != _ZERO:
            total = fma(splat(c_start), load(inputs, here + row), total)
        if c_roll != _ZERO:
            total = fma(splat(c_roll), load(inputs, from_start + rolled(i, roll, n) * LANES), total)
        if c_noise != _ZERO:
            total = fma(splat(c_noise), load(trial.noises, noise + i * trial.batch), total)
        store(inputs, to_start + row, fma(factor, total, load(inputs, to_start + row)))


@kernel
def dropped_cells_backward(trial: Trial, for_weights: np.bool_, drop: Drop, taps: Taps) -> None:
    """Take the gradient back through all cells, with what each edge needs of it edge by edge.

    Args:
        trial: As for `cells_backward`.
        for_weights: Whether the weights' gradients are needed; if not, those of the coefficients.
        drop: Addresses for this step.
        taps: The K taps.
    """
    for cell in range(trial.cells - 1, -1, -1):
        flatten_backward(trial, cell, for_weights)
        for state in range(trial.states, -1, -1):
            if state < trial.states:
                dropped_source_backward(trial, cell, state, for_weights, drop, taps)
            start = state * trial.signal_size
            for i in range(start, start + trial.signal_size, LANES):
                store(drop.saved, i, load(trial.gradients, i))
        if not is_trained(trial, cell, 0):
            return


@kernel
def dropped_source_backward(
    trial: Trial, cell: int, source: int, for_weights: np.bool_, drop: Drop, taps: Taps
) -> None:
    """Take the gradients by all later states back to a state, through the edges between them.

    Args:
        trial: The gradient by this state is added to; those by later states are overwritten by
            those of their edges.
        cell: Which cell.
        source: Which state.
        for_weights: Whether the weights' gradients are needed; if not, those of the coefficients.
        drop: Addresses for this step, with the gradients by later states.
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
            edge = edge_of(trial, cell, target, source)
            for column in range(trial.columns):
                factor = load(drop.factors, factor_start(trial, edge, column))
                start = target * trial.signal_size + column_start(trial, column)
                for i in range(trial.n):
                    row = start + i * LANES
                    store(trial.gradients, row, factor * load(drop.saved, row))
            prepare_target(trial, cell, target, taps)
            edge_backward(trial, cell, target, source, for_weights, taps)
    if mapped and is_trained(trial, cell, source):
        start = source * trial.signal_size
        add_source_tiles(trial, start, taps)
        statistics_backward(trial, signal, start, taps)
