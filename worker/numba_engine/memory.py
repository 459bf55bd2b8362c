"""The memory of a trial: the numbers that kernels compute with, and where they are.

A kernel gets a *trial*, a record of sizes, settings and addresses of float32 numbers. That is one
pointer; arrays would take about four hundred machine words in each call.

**Signals** are stored as columns of ``LANES`` samples of the batch: ``[column][row][lane]``, with
``halo`` rows of zeros before and after the n rows of each column, and zeros in the lanes beyond
the batch. A column of 50 rows fits several times into the fastest cache. Where a column starts, or
anything else that kernels share, `worker.numba_engine.layout` says.
"""

import math
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from worker.engine.philox import blocks
from worker.numba_engine.compilation import shared
from worker.numba_engine.vector_type import LANES
from worker.numba_engine.winograd import DIRECT_ELEMENTS, OUTPUT_ROWS, TILE_ELEMENTS

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

Trial: TypeAlias = Any
"""A record of the sizes, settings and addresses of one trial: see `Memory`.

Its fields are known only when a kernel is compiled: names of `_INTEGERS` and `_REALS` hold numbers,
names of `array_shapes` hold the addresses of arrays.
"""

DirectTaps = tuple[np.int32, ...]
"""The taps of dilated convolutions, as 32-bit integers: the type tells a kernel to filter directly
(`worker.numba_engine.winograd`)."""
Taps = tuple[int, ...] | DirectTaps
"""The numbers 0, …, K − 1: their count tells a kernel the kernel size K when it is compiled."""


class CellSpace(NamedTuple):
    """Sizes of the cell space."""

    cells: int
    states: int
    """States of a cell without its input."""


Space = CellSpace | None
"""The cell space, or None for the sequential space: the type tells a kernel the space when it is
compiled."""

IDENTITY, NORMAL, START, ROLL, NOISE, FIRST_MAP = 0, 1, 2, 3, 4, 5
"""Columns of a layer's coefficients: u, AᵀA u, Aᵀy, roll(u), ε, and the CNNs n₀(u), n₁(u)."""
TERMS = 8
"""Columns of the coefficients: the seven terms, and in gradients that by a constant."""
CONSTANT = 7
"""Column of the gradient by a constant."""
FLATTENING = 7
"""Weights of a cell's flattening: three taps of each of two states, and a bias."""
CNNS = 2
"""CNNs with weights that a layer can have: the learnable gradient's and the CNN's."""
COLUMNS_AT_ONCE = 8
"""Columns of a signal that are multiplied by a matrix together."""
COLUMNS_MAPPED = 2
"""Columns that a CNN's sweep over a channel takes together; divides `COLUMNS_AT_ONCE`."""

ITEM = 4
"""Bytes of a float32."""

_LINE = 64  # bytes in a cache line, and in the longest vector

_INTEGERS = (
    "n",  # rows of a signal
    "m",  # rows of a measurement
    "batch",  # samples of a batch
    "columns",  # columns of a signal
    "halo",  # rows of zeros at each end of a column
    "stride",  # numbers from one column to the next, halo included
    "signal_size",  # numbers in a signal
    "layers",  # layers, or edges in the cell space: each has its coefficients and CNNs
    "cells",  # cells; 0 in the sequential space
    "states",  # states of a cell without its input
    "channels",  # channels that are computed: padded to a multiple of four
    "width",  # numbers from one row of channels to the next: padded to whole vectors
    "roll",  # rows by which the roll shifts, in [0, n)
    "noise_size",  # numbers reserved for the noise of a layer
    "parameters",  # numbers in all weights
    "lowest_trained",  # the lowest layer to be trained; the number of layers to train no layer
    "key0",  # low word of the seed
    "key1",  # high word of the seed
)
_WEIGHTS = ("first", "second", "scale", "shift", "bias", "flattening")
_REALS = (
    "tau",  # step size of the gradient steps
    "sigma",  # standard deviation of the operation noise
    "noise",  # standard deviation of the measurement noise
    "weight_decay",
)

Shapes = dict[str, tuple[int, ...]]
"""Shapes of arrays by name."""


class Sizes(NamedTuple):
    """What the sizes of a trial's arrays follow from, next to the problem's matrix."""

    batch: int
    """Samples per batch."""
    taps: int
    """Kernel size K."""
    layers: int
    """Layers of the network, or edges of its cells."""
    channels: int
    """Hidden channels of a CNN."""
    noisy: bool
    """Whether a layer can draw operation noise."""
    space: Space = None
    dilated: bool = False
    """Whether a trial can have dilated convolutions."""

    @property
    def columns(self) -> int:
        """Columns of a signal."""
        return -(-self.batch // LANES)

    @property
    def width(self) -> int:
        """Numbers from one row of channels to the next."""
        return -(-self.channels // LANES) * LANES

    @property
    def halo(self) -> int:
        """Rows of zeros at each end of a column."""
        return self.taps - 1

    @property
    def elements(self) -> int:
        """Most elements of a tile."""
        return DIRECT_ELEMENTS[self.taps] if self.dilated else TILE_ELEMENTS[self.taps]

    @property
    def signals(self) -> int:
        """Signals: the input of each layer and the last output, or each cell's input and states."""
        if self.space is None:
            return self.layers + 1
        return self.space.cells * (self.space.states + 1) + 1


@shared
def tile_count(n: int) -> int:
    """Return the number of tiles in a column: each gives `OUTPUT_ROWS` rows.

    Args:
        n: Rows of the column.
    """
    return (n + OUTPUT_ROWS - 1) // OUTPUT_ROWS


@shared
def filter_sum_count(elements: int) -> int:
    """Return the number of vectors in a channel's ``filter_sums``.

    They are sums for each element of both transformed filters, and for the shift between them.

    Args:
        elements: Elements of a transformed tile.
    """
    return 2 * elements + 1


def array_shapes(m: int, n: int, sizes: Sizes) -> Shapes:
    """Return the shape of all arrays that a trial keeps in memory, by name.

    Args:
        m: Rows of the problem's matrix A.
        n: Columns of A.
        sizes: Other sizes.
    """
    taps, columns, width, signals = sizes.taps, sizes.columns, sizes.width, sizes.signals
    elements, maps = sizes.elements, (sizes.layers, CNNS)
    column = (n + 2 * sizes.halo, LANES)
    signal = (columns, *column)
    # One tile more than the columns have, because a sweep reads one tile ahead.
    tiles = (COLUMNS_MAPPED * tile_count(n) + 1, elements, LANES)
    noise = _padded(4 * blocks(max(n, m) * sizes.batch) + columns * LANES)
    weights = weight_shapes(sizes)
    return {
        # The problem's matrices, and for each row the range of entries that are not zero.
        "forward": (m, n),  # A
        "forward_runs": (m, 2),
        "adjoint": (n, m),  # Aᵀ
        "adjoint_runs": (n, 2),
        "square": (n, n),  # AᵀA
        "square_runs": (n, 2),
        # The weights, each in one piece: values, gradients, and Adam's two moments.
        **weights,
        **{f"{name}_gradient": shape for name, shape in weights.items()},
        **{f"{name}_moment1": shape for name, shape in weights.items()},
        **{f"{name}_moment2": shape for name, shape in weights.items()},
        # The filters after the filter transform, with batch norm folded in, for one batch.
        "transformed_first": (*maps, elements, width),
        "transformed_second": (*maps, elements, width),
        "folded_shift": (*maps, width),  # added after the first convolution
        "mean": (*maps, width),  # mean of the batch norm
        "inverse": (*maps, width),  # 1 / √(variance + eps) of the batch norm
        "patch_mean": (signals, taps),  # E[P] of the K shifted copies P of a signal
        "patch_covariance": (signals, taps, taps),
        "patch_mean_gradient": (taps,),
        "patch_covariance_gradient": (taps, taps),
        # Coefficients of the layers, and the loss's gradient by them.
        "coefficients": (sizes.layers, TERMS),
        "coefficients_gradient": (sizes.layers, TERMS),
        # Signals.
        "target": signal,  # x
        "inputs": (signals, *signal),  # all signals of the network, see `Sizes.signals`
        "noises": (sizes.layers if sizes.noisy else 0, noise),  # ε of each layer, as it is drawn
        # Gradients by a layer's output and input in turn, or by a cell's input and states.
        "gradients": (sizes.space.states + 1 if sizes.space else 2, *signal),
        "measured": (columns, m, LANES),  # y
        "squares": (columns, LANES),  # sum of the squared errors of each sample
        "mask": (columns, LANES),  # 1 in the lanes of the batch, 0 beyond
        "drawn": (noise,),  # normals, (row, sample), and one more vector
        # Space for a few columns at a time.
        "product": (COLUMNS_AT_ONCE, max(n, m), LANES),  # a matrix times columns
        "mapped": (COLUMNS_MAPPED, *column),  # what the CNNs add to an output, or to a gradient
        "input_tiles": tiles,
        "gradient_tiles": tiles,
        "mapped_tiles": tiles,
        "filter_sums": (CNNS, width, filter_sum_count(elements), LANES),  # partial, by lane
        "channel_sums": (filter_sum_count(elements), LANES),  # sums of one vector of channels
        "lags": (taps + 1, LANES),  # Σ u_j u_{j − d} and Σ u_j of a layer's input, by lane
        "stencil": (2 * taps - 1,),  # weights of the rows around in the patch statistics' gradient
        # What the taps of dilated convolutions read in all columns of a layer's input.
        "patches": (sizes.columns * tile_count(n) + 1 if sizes.dilated else 0, elements, LANES),
        "dilations": (sizes.layers,),  # distance of the taps, in rows
        **cell_shapes(n, sizes),
    }


def weight_shapes(sizes: Sizes) -> Shapes:
    """Return the shapes of the weights, by name.

    Args:
        sizes: Sizes of the trial.
    """
    maps, width = (sizes.layers, CNNS), sizes.width
    return {
        "first": (*maps, sizes.taps, width),
        # The second convolution's taps are stored in reverse: with w_t = second[t], a hidden row
        # j adds w_t h_j to the output's row j + t − K // 2.
        "second": (*maps, sizes.taps, width),
        "scale": (*maps, width),  # scale of the batch norm
        "shift": (*maps, width),  # shift of the batch norm
        "bias": (-(-math.prod(maps) // LANES) * LANES,),  # bias of the second convolution
        # From a cell's last two states to its output; the rest of a row is zeros.
        "flattening": (sizes.space.cells if sizes.space else 0, LANES),
    }


def cell_shapes(n: int, sizes: Sizes) -> Shapes:
    """Return the shapes of the arrays that only the cell space needs, by name.

    In the sequential space they are empty.

    Args:
        n: Rows of a signal.
        sizes: Sizes of the trial.
    """
    states, columns = sizes.space.states if sizes.space else 0, sizes.columns
    tiles, elements = columns * tile_count(n), sizes.elements
    shapes: Shapes = {
        "trained": (sizes.signals,),  # 1 for a state whose gradient is needed, else 0
        # What the edges of a state share, for one cell at a time.
        "state_tiles": (states * tiles + 1, elements, LANES),  # tiles of each source
        "state_gradient_tiles": (states * tiles + 1, elements, LANES),  # by each target
        "source_tiles": (tiles, elements, LANES),  # what CNNs add to the gradient by a source
        "mixture": (columns, n, LANES),  # the signal that AᵀA is applied to
        "products": (states, columns, n, LANES),  # products with AᵀA, by target
        "target_sums": (states, 2),  # Σ d and ⟨d, Aᵀy⟩ of the gradient d by each target
    }
    return shapes if sizes.space else dict.fromkeys(shapes, (0,))


class Memory:
    """A trial's numbers, as arrays for Python and as a record of addresses for the kernels."""

    def __init__(self, matrix: NDArray[np.float64], sizes: Sizes) -> None:
        """Reserve the memory.

        Args:
            matrix: A, shape ``(m, n)``.
            sizes: Other sizes.
        """
        m, n = matrix.shape
        shapes = array_shapes(m, n, sizes)
        self._memory = aligned_zeros(sum(_padded(math.prod(shape)) for shape in shapes.values()))
        self._arrays: dict[str, Floats] = {}
        fields = [*((name, "i8") for name in (*_INTEGERS, *shapes)), *((r, "f8") for r in _REALS)]
        records = np.zeros(1, np.dtype(fields))
        self.trial: Trial = records[0]
        """The record that the kernels get."""
        start = 0
        for name, shape in shapes.items():
            count = math.prod(shape)
            self._arrays[name] = self._memory[start : start + count].reshape(shape)
            self.trial[name] = self._memory.ctypes.data + start * ITEM
            start += _padded(count)
        stride = (n + 2 * sizes.halo) * LANES
        self.set(
            n=n,
            m=m,
            batch=sizes.batch,
            columns=sizes.columns,
            halo=sizes.halo,
            stride=stride,
            signal_size=sizes.columns * stride,
            layers=sizes.layers,
            cells=sizes.space.cells if sizes.space else 0,
            states=sizes.space.states if sizes.space else 0,
            channels=-(-sizes.channels // 4) * 4,
            width=sizes.width,
            noise_size=self["drawn"].size,
            parameters=sum(_padded(self[name].size) for name in _WEIGHTS),
        )
        self["mask"].reshape(-1)[: sizes.batch] = 1
        for name, rows in (
            ("forward", matrix),
            ("adjoint", matrix.T),
            ("square", matrix.T @ matrix),
        ):
            self[name][:] = rows
            self[f"{name}_runs"][:] = runs(rows)

    def __getitem__(self, name: str) -> Floats:
        """Return an array by its name in `array_shapes`."""
        return self._arrays[name]

    def set(self, **values: float) -> None:
        """Set integers and settings of the record by name."""
        for name, value in values.items():
            self.trial[name] = value

    def clear_weights(self) -> None:
        """Set the weights and Adam's moments to zero."""
        for values in self._trained():
            values[:] = 0

    def saved_weights(self) -> list[Floats]:
        """Return copies of the weights and of Adam's moments, for `restore_weights`."""
        return [values.copy() for values in self._trained()]

    def restore_weights(self, saved: list[Floats]) -> None:
        """Set the weights and Adam's moments to saved ones."""
        for values, earlier in zip(self._trained(), saved, strict=True):
            values[:] = earlier

    def _trained(self) -> list[Floats]:
        suffixes = ("", "_moment1", "_moment2")
        return [self[name + suffix] for name in _WEIGHTS for suffix in suffixes]


def runs(matrix: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the start and end of each row's range of entries that are not zero, ``(row, 2)``.

    The ranges of a dense matrix have full length, those of a banded matrix are short.

    Args:
        matrix: A matrix, shape ``(row, column)``.
    """
    filled = matrix != 0
    some = filled.any(1)
    low = np.where(some, filled.argmax(1), 0)
    high = np.where(some, matrix.shape[1] - filled[:, ::-1].argmax(1), 0)
    return np.stack((low, high), axis=1)


def aligned_zeros(count: int) -> Floats:
    """Return zeros that start on a cache line, so that no vector of them crosses two lines.

    Vectors across two lines make the hot loops two to three times slower.

    Args:
        count: Number of float32 numbers.
    """
    raw = np.zeros(count * ITEM + _LINE, np.uint8)
    first = -raw.ctypes.data % _LINE
    return raw[first : first + count * ITEM].view(np.float32)


def _padded(count: int) -> int:
    """Return a count of numbers, rounded up to whole cache lines."""
    line = _LINE // ITEM
    return -(-count // line) * line
