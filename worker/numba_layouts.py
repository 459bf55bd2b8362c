"""Where the kernels find their numbers: sizes, and named tuples of flat float32 arrays.

**Signals** lie as columns of ``LANES`` samples of the batch: ``[column][row][lane]``, with
``halo`` rows of zeros before and after the n rows of each column, and zeros in the lanes beyond
the batch. A column of 50 rows fits in the fastest cache several times over.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.numba_vectors import FILTER, LANES
from worker.philox import blocks

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Taps = tuple[int, ...]
"""(0, …, K − 1): its length tells a kernel the kernel size K when it is compiled."""

IDENTITY, NORMAL, START, ROLL, NOISE, FIRST_MAP = 0, 1, 2, 3, 4, 5
"""Columns of a layer's coefficients: u, AᵀA u, Aᵀy, roll(u), ε, and the mappings n₀(u), n₁(u)."""
TERMS = 7
CONSTANT = 7
"""A further column where gradients by coefficients are kept: that by a constant, for the biases."""
MAPPINGS = 2
"""Mappings with weights that a layer can have: the learnable gradient's and the CNN's."""

_LINE = 64  # bytes of a cache line, and of the longest vector
_ITEM = 4  # bytes of a float32


class Sizes(NamedTuple):
    """The integers of a trial."""

    n: int
    """Rows of a signal."""
    m: int
    """Rows of a measurement."""
    batch: int
    columns: int
    halo: int
    stride: int
    """Numbers of a column, halo included."""
    layers: int
    channels: int
    """Padded to a multiple of four: as many are computed."""
    width: int
    """Padded to whole vectors: from one row of channels to the next."""
    shift: int
    """Of the roll, in [0, n)."""


class Rows(NamedTuple):
    """A matrix of which each row has one run of entries that are not zero."""

    entries: Floats
    """Shape ``(row, column)``."""
    low: NDArray[np.int64]
    """Start of each row's run."""
    high: NDArray[np.int64]
    """Its end; a dense matrix has runs of full length."""


class Operator(NamedTuple):
    """The inverse problem: A, Aᵀ, AᵀA, and the noise on a measurement."""

    forward: Rows
    adjoint: Rows
    normal: Rows
    noise: np.float32


class Parameters(NamedTuple):
    """Weights of all mappings, or their gradients: views of one flat array.

    The second convolution's taps are stored in reverse: with w_t = second[t], a hidden row j adds
    w_t h_j to the output's row j + t − K // 2.
    """

    flat: Floats
    first: Floats
    """Shape ``(layer, mapping, tap, channel)``."""
    second: Floats
    """Likewise."""
    scale: Floats
    """Of the batch norm, ``(layer, mapping, channel)``."""
    shift: Floats
    bias: Floats
    """Of the second convolution, ``(layer, mapping)``."""


class Folded(NamedTuple):
    """The mappings with their batch norm folded in, for one batch of signals."""

    first: Floats
    """Lifted filters of the first convolution, ``(layer, mapping, point, channel)``."""
    second: Floats
    shift: Floats
    """Added after the first convolution, ``(layer, mapping, channel)``."""
    mean: Floats
    """Batch norm's mean, likewise."""
    inverse: Floats
    """1 / √(variance + eps), likewise."""
    patch_mean: Floats
    """E[P] of the k shifted copies P of a layer's input, ``(layer, tap)``."""
    patch_covariance: Floats
    """Cov(P), ``(layer, tap, tap)``."""


class Work(NamedTuple):
    """A trial's signals and scratch space."""

    target: Floats
    """x."""
    layers: Floats
    """The input of each layer, and the last one's output: ``layers + 1`` signals."""
    noise: Floats
    """ε of each layer."""
    gradient: Floats
    """Of the loss by a layer's output, and by its input: two signals, used in turn."""
    measured: Floats
    """y, without a halo."""
    normal: Floats
    """AᵀA times four columns of a layer's input, or of a gradient; without halos."""
    mapped: Floats
    """One column: what the mappings add to a layer's output, or to a gradient."""
    lifted_signal: Floats
    """One column of points."""
    lifted_gradient: Floats
    lifted_total: Floats
    sums: Floats
    """Gradients of the filters by lanes: ``(mapping, channel, 2 · point + 1, lane)``."""
    by_patch_mean: Floats
    """Gradient by E[P] of a layer's input, ``(tap,)``."""
    by_patch_covariance: Floats
    """And by Cov(P), ``(tap, tap)``."""
    stencil: Floats
    """What the patch statistics send back to a row from those around it, ``(2 · tap − 1,)``."""
    channel_sums: Floats
    """The same of a vector of channels, ``(2 · point + 1, lane)``."""
    lags: Floats
    """Vectors of Σ u_j u_{j − d} and Σ u_j over the rows of a layer's input, ``(K + 1, lane)``."""
    squares: Floats
    """Summed squared error of each sample."""
    mask: Floats
    """1 in the lanes of the batch, 0 beyond, ``(column · lane)``."""
    drawn: Floats
    """Normals as they are drawn: ``(row, sample)``."""


def sizes_of(n: int, m: int, batch: int, taps: int, layers: int, channels: int, roll: int) -> Sizes:
    """Return the sizes of a trial."""
    halo = taps - 1
    return Sizes(
        n=n,
        m=m,
        batch=batch,
        columns=-(-batch // LANES),
        halo=halo,
        stride=(n + 2 * halo) * LANES,
        layers=layers,
        channels=-(-channels // 4) * 4,
        width=-(-channels // LANES) * LANES,
        shift=roll % n,
    )


def rows_of(matrix: NDArray[np.float64]) -> Rows:
    """Return a matrix with the runs of its entries that are not zero."""
    filled = matrix != 0
    some = filled.any(1)
    low = np.where(some, filled.argmax(1), 0)
    high = np.where(some, matrix.shape[1] - filled[:, ::-1].argmax(1), 0)
    return Rows(np.ascontiguousarray(matrix, np.float32), low, high)


def operator_of(matrix: NDArray[np.float64], noise: float) -> Operator:
    """Return A with its transpose and AᵀA, each as banded as it is."""
    normal = matrix.T @ matrix
    return Operator(rows_of(matrix), rows_of(matrix.T), rows_of(normal), np.float32(noise))


def parameters_of(sizes: Sizes, taps: int) -> Parameters:
    """Return zeros for the weights of all mappings."""
    maps, width = (sizes.layers, MAPPINGS), sizes.width
    shapes = [(*maps, taps, width)] * 2 + [(*maps, width)] * 2 + [maps]
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    flat = np.zeros(ends[-1], np.float32)
    parts = np.split(flat, ends[:-1])
    views = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
    return Parameters(flat, *views)


def folded_of(sizes: Sizes, taps: int) -> Folded:
    """Return space for the folded mappings."""
    maps, points = (sizes.layers, MAPPINGS), len(FILTER[taps])
    lifted, plain = (*maps, points, sizes.width), (*maps, sizes.width)
    shapes = [lifted, lifted, plain, plain, plain, (sizes.layers, taps), (sizes.layers, taps, taps)]
    return Folded(*(np.zeros(shape, np.float32) for shape in shapes))


def aligned_zeros(*shape: int) -> Floats:
    """Return zeros that start on a line of the cache, so that no vector of them lies on two.

    Unaligned vectors make the hot loops two to three times slower.
    """
    count = math.prod(shape)
    raw = np.zeros(count * _ITEM + _LINE, np.uint8)
    first = -raw.ctypes.data % _LINE
    return raw[first : first + count * _ITEM].view(np.float32).reshape(shape)


def work_of(sizes: Sizes, taps: int, *, noisy: bool) -> Work:
    """Return space for one trial at a time.

    Args:
        sizes: The trial's sizes.
        taps: Kernel size K.
        noisy: Whether any layer may draw operation noise.
    """
    signal = sizes.columns * sizes.stride
    lanes = sizes.columns * LANES
    points = len(FILTER[taps])
    lifted = -(-sizes.n // 2) * points * LANES
    most = max(sizes.n, sizes.m) * sizes.batch
    mask = aligned_zeros(lanes)
    mask[: sizes.batch] = 1
    return Work(
        target=aligned_zeros(signal),
        layers=aligned_zeros((sizes.layers + 1) * signal),
        noise=aligned_zeros(sizes.layers * signal if noisy else 0),
        gradient=aligned_zeros(2 * signal),
        measured=aligned_zeros(sizes.columns * sizes.m * LANES),
        normal=aligned_zeros(4 * max(sizes.n, sizes.m) * LANES),
        mapped=aligned_zeros(sizes.stride),
        lifted_signal=aligned_zeros(lifted),
        lifted_gradient=aligned_zeros(lifted),
        lifted_total=aligned_zeros(lifted),
        sums=aligned_zeros(MAPPINGS * sizes.width * (2 * points + 1) * LANES),
        by_patch_mean=aligned_zeros(taps),
        by_patch_covariance=aligned_zeros(taps, taps),
        stencil=aligned_zeros(2 * taps - 1),
        channel_sums=aligned_zeros((2 * points + 1) * LANES),
        lags=aligned_zeros((taps + 1) * LANES),
        squares=aligned_zeros(lanes),
        mask=mask,
        drawn=aligned_zeros(4 * blocks(most) + lanes),
    )
