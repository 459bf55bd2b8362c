"""The layers of a network with dilated convolutions, in Numba; only for trainings of weights.

They differ from those of `worker.numba_engine.layers_forward` and `layers_backward` in what a CNN
reads and where it writes: `worker.numba_engine.interpolation`. All other terms are the same.
"""

import numpy as np

from worker.numba_engine.cnn_backward import map_columns_backward
from worker.numba_engine.cnn_forward import map_columns
from worker.numba_engine.coefficients import (
    clear_gradients,
    cnn_of,
    coefficient,
    has_cnn,
    is_roll,
)
from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.interpolation import (
    direct_statistics,
    direct_statistics_backward,
    gather_column,
    interpolate_column,
    read_patches,
)
from worker.numba_engine.layers_backward import (
    clear_filter_sums,
    clear_patch_gradients,
    cnns_backward,
    constant_backward,
    linear_backward,
)
from worker.numba_engine.layers_forward import fold_cnns, mix_column
from worker.numba_engine.layout import column_start, column_tiles_size
from worker.numba_engine.linear_maps import Columns, apply, move, square_matrix
from worker.numba_engine.memory import (
    CNNS,
    COLUMNS_AT_ONCE,
    COLUMNS_MAPPED,
    ITEM,
    NORMAL,
    DirectTaps,
    Trial,
)
from worker.numba_engine.tiles import Tiles
from worker.numba_engine.vector_type import LANES

_ZERO = np.float32(0)


@kernel
def dilated_layer_forward(trial: Trial, layer: int, taps: DirectTaps) -> None:
    """Compute a layer's output, which is the next layer's input.

    Args:
        trial: Has the layer's input, noise, weights and coefficients; gets the output.
        layer: Which layer.
        taps: The K taps.
    """
    mapped, constant, size = has_cnn(trial, layer), _ZERO, trial.signal_size
    if is_roll(trial, layer):
        move(trial, trial.inputs, layer * size, (layer + 1) * size, trial.roll)
        return
    if mapped:
        read_patches(trial, layer, taps)
        direct_statistics(trial, layer, taps)
        constant = fold_cnns(trial, layer, taps)
    for first in range(0, trial.columns, COLUMNS_MAPPED):
        count = min(COLUMNS_MAPPED, trial.columns - first)
        if first % COLUMNS_AT_ONCE == 0 and coefficient(trial, layer, NORMAL) != _ZERO:
            inputs = Columns(trial.inputs, layer * size + column_start(trial, first), trial.stride)
            product = Columns(trial.product, 0, trial.n * LANES)
            apply(square_matrix(trial), trial.columns - first, inputs, product)
        if mapped:
            columns_forward(trial, layer, first, count, taps)
        for column in range(first, first + count):
            mix_column(trial, layer, column, mapped, constant, False, taps)


@inlined
def direct_tiles(trial: Trial, first: int, columns: int, taps: DirectTaps) -> Tiles:
    """Return the tiles of a few columns, whose inputs are the patches of a layer's input.

    Args:
        trial: The trial.
        first: The first of the columns.
        columns: Number of columns, `COLUMNS_MAPPED` at most.
        taps: The K taps.
    """
    inputs = trial.patches + first * column_tiles_size(trial, taps) * ITEM
    return Tiles(inputs, trial.gradient_tiles, trial.mapped_tiles, columns)


@inlined
def gather_columns(trial: Trial, layer: int, count: int, taps: DirectTaps) -> None:
    """Write the rows of a few columns of ``mapped_tiles`` to ``mapped``.

    Args:
        trial: Has the tiles; gets the rows.
        layer: Which layer.
        count: Number of columns.
        taps: The K taps.
    """
    for i in range(count):
        at, start = i * column_tiles_size(trial, taps), column_start(trial, i)
        gather_column(trial, layer, trial.mapped_tiles, at, start, taps)


@inlined
def columns_forward(trial: Trial, layer: int, first: int, count: int, taps: DirectTaps) -> None:
    """Write a few columns of c₅ n₀(u) + c₆ n₁(u), without the biases, to ``mapped``.

    Args:
        trial: Has the patches of the input and the folded filters.
        layer: Which layer.
        first: The first of the columns.
        count: Number of columns.
        taps: The K taps.
    """
    tiles, adding = direct_tiles(trial, first, count, taps), False
    for i in range(CNNS):
        cnn = cnn_of(trial, layer, i)
        if cnn.factor != _ZERO:
            map_columns(trial, tiles, cnn, adding, taps)
            adding = True
    gather_columns(trial, layer, count, taps)


@kernel
def dilated_layer_backward(trial: Trial, layer: int, source: int, taps: DirectTaps) -> None:
    """Take the gradient back through a layer, to its weights and its input.

    Args:
        trial: Has the layer's input and folded filters, and the gradient by its output; gets the
            gradient by its input, unless no layer below is trained.
        layer: Which layer.
        source: Where the gradient by its output starts in ``gradients``: at the first or the second
            signal. The other one gets the gradient by its input.
        taps: The K taps.
    """
    mapped, passing = has_cnn(trial, layer), layer > trial.lowest_trained
    target = trial.signal_size - source
    if is_roll(trial, layer):
        move(trial, trial.gradients, source, target, (trial.n - trial.roll) % trial.n)
        return
    clear_gradients(trial, layer)
    if mapped:
        read_patches(trial, layer, taps)
        clear_filter_sums(trial, np.bool_(True), taps)
    for first in range(0, trial.columns, COLUMNS_MAPPED):
        count = min(COLUMNS_MAPPED, trial.columns - first)
        normal = passing and coefficient(trial, layer, NORMAL) != _ZERO
        if first % COLUMNS_AT_ONCE == 0 and normal:
            start, product = source + column_start(trial, first), trial.n * LANES
            gradients = Columns(trial.gradients, start, trial.stride)
            products = Columns(trial.product, 0, product)
            apply(square_matrix(trial), trial.columns - first, gradients, products)
        if mapped:
            columns_backward(trial, layer, source, first, count, taps)
        if passing:
            for column in range(first, first + count):
                linear_backward(trial, layer, column, source, mapped)
    if mapped:
        clear_patch_gradients(trial, taps)
        cnns_backward(trial, layer, layer, np.bool_(True), taps)
        if passing:
            direct_statistics_backward(trial, layer, target, taps)


@inlined
def columns_backward(
    trial: Trial, layer: int, source: int, first: int, count: int, taps: DirectTaps
) -> None:
    """Take a few columns of the gradient back through a layer's CNNs.

    Args:
        trial: Has the patches of the input, the gradient and the folded filters; ``mapped`` gets
            the gradient by the input, and the ``filter_sums`` are added to.
        layer: Which layer.
        source: Where the gradient by its output starts in ``gradients``.
        first: The first of the columns.
        count: Number of columns.
        taps: The K taps.
    """
    passing, size = layer > trial.lowest_trained, column_tiles_size(trial, taps)
    tiles, adding = direct_tiles(trial, first, count, taps), False
    for i in range(count):
        start = source + column_start(trial, first + i)
        interpolate_column(trial, layer, trial.gradients, start, tiles.gradients, i * size, taps)
        constant_backward(trial, layer, start)
    for i in range(CNNS):
        cnn = cnn_of(trial, layer, i)
        if cnn.factor != _ZERO:
            map_columns_backward(trial, tiles, cnn, passing, adding, taps)
            adding = True
    if passing:
        gather_columns(trial, layer, count, taps)
