"""The memory of a trial: which numbers the kernels compute with, and where they lie.

A kernel is handed a *trial*, a record of sizes, settings and addresses of float32 numbers: one
pointer, where arrays would be some four hundred words a call.

**Signals** lie as columns of ``LANES`` samples of the batch: ``[column][row][lane]``, with
``halo`` rows of zeros before and after the n rows of each column, and zeros in the lanes beyond
the batch. A column of 50 rows fits in the fastest cache several times over.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.engine.philox import blocks
from worker.numba_engine.simd import LANES, POINTS

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Taps = tuple[int, ...]
"""(0, …, K − 1): its length tells a kernel the kernel size K when it is compiled."""
Space = tuple[int, int] | None
"""Cells and states of the cell space, None in the sequential one: its type tells a kernel the space
when it is compiled."""

IDENTITY, NORMAL, START, ROLL, NOISE, FIRST_MAP = 0, 1, 2, 3, 4, 5
"""Columns of a layer's coefficients: u, AᵀA u, Aᵀy, roll(u), ε, and the mappings n₀(u), n₁(u)."""
TERMS = 8
"""Those seven, and one of the vectors' choosing: gradients keep that by a constant there."""
CONSTANT = 7
FLATTENING = 7
"""Numbers of a cell's flattening: three taps of each of two states, and a bias."""
MAPPINGS = 2
"""Mappings with weights that a layer can have: the learnable gradient's and the CNN's."""
COLUMNS_AT_ONCE = 8
"""Columns of a signal that are multiplied by a matrix together."""
COLUMNS_MAPPED = 2
"""Columns that a mapping's sweep over a channel takes together; divides the number above."""

ITEM = 4
"""Bytes of a float32."""

_LINE = 64  # bytes of a cache line, and of the longest vector

_INTEGERS = (
    "n",  # rows of a signal
    "m",  # rows of a measurement
    "batch",
    "columns",
    "halo",
    "stride",  # numbers of a column, halo included
    "whole",  # numbers of a signal
    "layers",  # or edges, in the cell space: each has its own coefficients and mappings
    "cells",  # none in the sequential space
    "states",  # of a cell, its input not counted
    "channels",  # padded to a multiple of four: as many are computed
    "width",  # padded to whole vectors: from one row of channels to the next
    "roll",  # rows by which the roll shifts, in [0, n)
    "normals",  # numbers kept for the noise of a layer
    "parameters",  # numbers of all weights
    "lowest",  # the lowest layer to be trained; the number of layers if there is none
    "key0",  # the seed's low word
    "key1",  # and its high word
)
_WEIGHTS = ("first", "second", "scale", "shift", "bias", "flattening")
_REALS = (
    "tau",
    "sigma",  # standard deviation of the operation noise
    "noise",  # of the measurement noise
    "weight_decay",
)


def spaces(
    n: int,
    m: int,
    batch: int,
    taps: int,
    layers: int,
    channels: int,
    noisy: bool,
    cells: int = 0,
    states: int = 0,
) -> dict[str, tuple[int, ...]]:
    """Return the shape of everything that a trial keeps in memory, by name."""
    signals = cells * (states + 1) + 1 if cells else layers + 1
    columns, width, points = -(-batch // LANES), -(-channels // LANES) * LANES, POINTS[taps]
    column = (n + 2 * (taps - 1), LANES)
    signal, maps = (columns, *column), (layers, MAPPINGS)
    # A pair of rows more than the columns have: a sweep reads one ahead.
    lifted = (COLUMNS_MAPPED * -(-n // 2) + 1, points, LANES)
    normals = _padded(4 * blocks(max(n, m) * batch) + columns * LANES)
    filters = (*maps, taps, width)
    weights = {
        # The second convolution's taps are stored in reverse: with w_t = second[t], a hidden row
        # j adds w_t h_j to the output's row j + t − K // 2.
        "first": filters,
        "second": filters,
        "scale": (*maps, width),  # of the batch norm
        "shift": (*maps, width),
        "bias": (-(-math.prod(maps) // LANES) * LANES,),  # of the second convolution
        "flattening": (cells, LANES),  # of a cell's last two states to its output; the rest zeros
    }
    return {
        # The problem's matrices, each row with the one run of entries that are not zero.
        "forward": (m, n),  # A
        "forward_runs": (m, 2),
        "adjoint": (n, m),  # Aᵀ
        "adjoint_runs": (n, 2),
        "square": (n, n),  # AᵀA
        "square_runs": (n, 2),
        # The weights, in one piece each: values, gradients, and Adam's two moments.
        **weights,
        **{f"{name}_gradient": shape for name, shape in weights.items()},
        **{f"{name}_moment1": shape for name, shape in weights.items()},
        **{f"{name}_moment2": shape for name, shape in weights.items()},
        # The mappings with their batch norm folded in, for one batch of signals.
        "lifted_first": (*maps, points, width),
        "lifted_second": (*maps, points, width),
        "lifted_shift": (*maps, width),  # added after the first convolution
        "mean": (*maps, width),  # batch norm's mean
        "inverse": (*maps, width),  # and 1 / √(variance + eps)
        "patch_mean": (signals, taps),  # E[P] of the K shifted copies P of a signal
        "patch_covariance": (signals, taps, taps),
        "patch_mean_gradient": (taps,),
        "patch_covariance_gradient": (taps, taps),
        # The layers' coefficients, and the loss's gradient by them.
        "coefficients": (layers, TERMS),
        "coefficients_gradient": (layers, TERMS),
        # Signals.
        "target": signal,  # x
        # Of each layer, and the last one's output; or each cell's input and states, and the last
        # one's output.
        "inputs": (signals, *signal),
        "noises": (layers if noisy else 0, normals),  # ε of each layer, as it is drawn
        # By a layer's output and by its input, in turn; or by a cell's input and states.
        "gradients": (states + 1 if cells else 2, *signal),
        "measured": (columns, m, LANES),  # y
        "squares": (columns, LANES),  # summed squared error of each sample
        "mask": (columns, LANES),  # 1 in the lanes of the batch, 0 beyond
        "drawn": (normals,),  # normals, (row, sample), and a vector more
        # Space for a few columns at a time.
        "product": (COLUMNS_AT_ONCE, max(n, m), LANES),  # a matrix times columns
        "mapped": (COLUMNS_MAPPED, *column),  # what the mappings add to an output, or to a gradient
        "input_points": lifted,
        "gradient_points": lifted,
        "mapped_points": lifted,
        "filter_sums": (MAPPINGS, width, 2 * points + 1, LANES),  # the filters' gradients, by lanes
        "channel_sums": (2 * points + 1, LANES),  # the same of a vector of channels
        "lags": (taps + 1, LANES),  # Σ u_j u_{j − d} and Σ u_j of a layer's input, by lanes
        "stencil": (2 * taps - 1,),  # what patch statistics send back from the rows around
        **(cell_spaces(columns, n, states, signals, points) if cells else _NO_CELLS),
    }


def cell_spaces(
    columns: int, n: int, states: int, signals: int, points: int
) -> dict[str, tuple[int, ...]]:
    """Return the shape of what only the cell space needs, by name."""
    pairs = columns * -(-n // 2)  # of a signal
    return {
        "trained": (signals,),  # 1 for a state by which the gradient is wanted, else 0
        # Of one cell: what each state's edges share.
        "state_points": (states * pairs + 1, points, LANES),  # of each source
        "state_gradient_points": (states * pairs + 1, points, LANES),  # of that by each target
        # What the mappings add to the gradient by a source.
        "source_points": (pairs, points, LANES),
        "mixture": (columns, n, LANES),  # the signal that AᵀA is applied to
        "products": (states, columns, n, LANES),  # and what it makes of it
        "target_sums": (states, 2),  # Σ d and ⟨d, Aᵀy⟩ of the gradient d by each target
    }


_NO_CELLS = dict.fromkeys(cell_spaces(0, 0, 0, 0, 0), (0,))


class Memory:
    """A trial's numbers, as arrays for Python and as a record of addresses for the kernels."""

    def __init__(
        self,
        matrix: NDArray[np.float64],
        *,
        batch: int,
        taps: int,
        layers: int,
        channels: int,
        roll: int,
        noisy: bool,
        cells: int = 0,
        states: int = 0,
    ) -> None:
        """Reserve it.

        Args:
            matrix: A, ``(m, n)``.
            batch: Samples a batch.
            taps: Kernel size K.
            layers: Layers of the network, or edges of its cells.
            channels: Hidden channels of a mapping.
            roll: Rows by which the roll operation shifts.
            noisy: Whether any layer may draw operation noise.
            cells: Cells of the network; 0 in the sequential space.
            states: States of a cell, its input not counted.
        """
        m, n = matrix.shape
        shapes = spaces(n, m, batch, taps, layers, channels, noisy, cells, states)
        self._memory = aligned_zeros(sum(_padded(math.prod(shape)) for shape in shapes.values()))
        self._arrays: dict[str, Floats] = {}
        fields = [*((name, "i8") for name in (*_INTEGERS, *shapes)), *((r, "f8") for r in _REALS)]
        records = np.zeros(1, np.dtype(fields))
        self.trial: Any = records[0]
        """What the kernels are handed."""
        start = 0
        for name, shape in shapes.items():
            count = math.prod(shape)
            self._arrays[name] = self._memory[start : start + count].reshape(shape)
            self.trial[name] = self._memory.ctypes.data + start * ITEM
            start += _padded(count)
        columns, halo = -(-batch // LANES), taps - 1
        stride = (n + 2 * halo) * LANES
        self.set(
            n=n,
            m=m,
            batch=batch,
            columns=columns,
            halo=halo,
            stride=stride,
            whole=columns * stride,
            layers=layers,
            cells=cells,
            states=states,
            channels=-(-channels // 4) * 4,
            width=-(-channels // LANES) * LANES,
            roll=roll % n,
            normals=self["drawn"].size,
            parameters=sum(_padded(self[name].size) for name in _WEIGHTS),
        )
        self["mask"].reshape(-1)[:batch] = 1
        for name, rows in (
            ("forward", matrix),
            ("adjoint", matrix.T),
            ("square", matrix.T @ matrix),
        ):
            self[name][:] = rows
            self[f"{name}_runs"][:] = runs(rows)

    def __getitem__(self, name: str) -> Floats:
        """Return an array by the name of its space."""
        return self._arrays[name]

    def set(self, **values: float) -> None:
        """Set integers and settings of the record by their names."""
        for name, value in values.items():
            self.trial[name] = value

    def clear_weights(self) -> None:
        """Set the weights, and Adam's moments, to zero."""
        for name in _WEIGHTS:
            for suffix in ("", "_moment1", "_moment2"):
                self[name + suffix][:] = 0


def runs(matrix: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the start and end of each row's run of entries that are not zero, ``(row, 2)``.

    A dense matrix has runs of full length, a banded one short ones.
    """
    filled = matrix != 0
    some = filled.any(1)
    low = np.where(some, filled.argmax(1), 0)
    high = np.where(some, matrix.shape[1] - filled[:, ::-1].argmax(1), 0)
    return np.stack((low, high), axis=1)


def aligned_zeros(count: int) -> Floats:
    """Return zeros that start on a line of the cache, so that no vector of them lies on two.

    Vectors across two lines make the hot loops two to three times slower.
    """
    raw = np.zeros(count * ITEM + _LINE, np.uint8)
    first = -raw.ctypes.data % _LINE
    return raw[first : first + count * ITEM].view(np.float32)


def _padded(count: int) -> int:
    """Return a count rounded up to whole lines of the cache."""
    line = _LINE // ITEM
    return -(-count // line) * line
