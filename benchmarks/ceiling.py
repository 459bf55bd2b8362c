"""The ceiling of `benchmarks.engine`: how fast one core multiplies and adds.

`peak_rate` measures a multiply-add loop in registers and a large matrix product, and returns the
better rate. `search_operations` and `retrain_operations` count the arithmetic of a trial-step that
the formulas need. An engine may need more or fewer operations.
"""

import time
from collections.abc import Sequence

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray

from configspace.operations import ZERO, operations
from worker.engine.contract import FLATTENING_TAPS, LAST_STATES, Batch
from worker.numba_engine.cell_pruning import needed_edges
from worker.numba_engine.simd import fma, lane_sum, splat
from worker.numba_engine.vector_type import LANES

_ONE, _SMALL = np.float32(1), np.float32(1e-3)
_CHAINS = 12  # number of independent sums, so that multiply-adds overlap


@njit(nogil=True)  # type: ignore[untyped-decorator]
def _multiply_add(rounds: int) -> np.float32:
    a, x = splat(_ONE), splat(_SMALL)
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = s8 = s9 = s10 = s11 = a
    for _ in range(rounds):
        s0, s1, s2, s3 = fma(s0, x, a), fma(s1, x, a), fma(s2, x, a), fma(s3, x, a)
        s4, s5, s6, s7 = fma(s4, x, a), fma(s5, x, a), fma(s6, x, a), fma(s7, x, a)
        s8, s9, s10, s11 = fma(s8, x, a), fma(s9, x, a), fma(s10, x, a), fma(s11, x, a)
    return lane_sum(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11)


def multiply_add_rate(seconds: float = 0.02) -> float:
    """Return the float32 operations per second of a loop of multiply-adds."""
    rounds = 1000
    while True:
        began = time.thread_time()
        _multiply_add(rounds)
        spent = time.thread_time() - began
        if spent > seconds:
            return rounds * _CHAINS * LANES * 2 / spent
        rounds *= 2


def matrix_product_rate(size: int = 1024) -> float:
    """Return the float32 operations per second of a square matrix product, on one thread."""
    a = torch.randn(size, size)
    began = time.thread_time()
    torch.mm(a, a)
    return 2 * size**3 / (time.thread_time() - began)


def peak_rate(tries: int = 5) -> float:
    """Return the best rate of both over a few tries, in float32 operations per second."""
    _multiply_add(1)
    rates = [(multiply_add_rate(), matrix_product_rate()) for _ in range(tries)]
    return max(max(pair) for pair in rates)


def search_operations(batch: Batch) -> float:
    """Return the number of float32 operations in one trial-step of a search.

    With 16 channels, ten layers need 158 million operations, and two cells of 15 edges need three
    times as many.

    A CNN n(u) needs these multiply-adds per channel, tap, row and sample: 2 in the forward pass; 5
    in the backward pass of the weight step (the recomputed hidden activations, their gradient, and
    the gradients of both filters and of the input); and 3 in the backward pass of the α step. Batch
    norm in the α step adds 1 per channel, row and sample. AᵀA needs 1 per entry and sample in each
    forward and backward pass. The flattening of a cell needs 1 for each of its six taps in the
    forward pass, for the gradient of the states, and for the gradient of the weights.
    """
    taps, channels = batch.architecture.kernel_size, batch.architecture.channels
    cnn = channels * (2 * taps + 3 * taps + 1 + 2 * taps + 5 * taps)
    layer = 2 * cnn * batch.problem.matrix.shape[1] + 4 * _entries(batch)
    total = batch.architecture.edges * layer + 5 * _flattenings(batch)
    return 2.0 * batch.search.batch_size * total


def retrain_operations(batch: Batch, architectures: NDArray[np.int64]) -> float:
    """Return the number of float32 operations in one trial-step of a retraining.

    The result is a mean over the architectures. A gradient step needs AᵀA forward and backward. A
    CNN needs 2 + 5 multiply-adds per channel, tap, row and sample. In the cell space, only the
    edges that the output depends on count.
    """
    taps, channels = batch.architecture.kernel_size, batch.architecture.channels
    cnn = 7 * taps * channels * batch.problem.matrix.shape[1]
    costs: Sequence[int] = (cnn + 2 * _entries(batch), cnn, 0, 2 * _entries(batch), 0)
    of_edges = np.array(costs)[architectures]
    if batch.architecture.space == "cell":
        kept = architectures != operations(batch.architecture).index(ZERO)
        of_edges = of_edges * [needed_edges(batch.architecture, edges) for edges in kept]
    total = float(of_edges.sum(axis=1).mean()) + 3 * _flattenings(batch)
    return 2.0 * batch.search.batch_size * total


def _flattenings(batch: Batch) -> int:
    """Return the number of taps times rows in the flattenings of all cells."""
    cells = batch.architecture.cells if batch.architecture.space == "cell" else 0
    return cells * LAST_STATES * FLATTENING_TAPS * batch.problem.matrix.shape[1]


def _entries(batch: Batch) -> int:
    """Return the number of nonzero entries of AᵀA."""
    matrix = batch.problem.matrix
    return int(np.count_nonzero(matrix.T @ matrix))
