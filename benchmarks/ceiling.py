"""How fast one core can multiply and add: the bound of `benchmarks.engine`.

The better of a multiply-add loop on registers and a large matrix product. And the arithmetic of a
trial-step: what the formulas need, whatever an engine spends or saves on them.
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
from worker.numba_engine.simd import LANES, fma, lane_sum, splat

_ONE, _SMALL = np.float32(1), np.float32(1e-3)
_CHAINS = 12  # independent sums: as many multiply-adds as are under way at once


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
    """Return float32 operations a second of a loop of multiply-adds."""
    rounds = 1000
    while True:
        began = time.thread_time()
        _multiply_add(rounds)
        spent = time.thread_time() - began
        if spent > seconds:
            return rounds * _CHAINS * LANES * 2 / spent
        rounds *= 2


def matrix_product_rate(size: int = 1024) -> float:
    """Return float32 operations a second of a square matrix product, on one thread."""
    a = torch.randn(size, size)
    began = time.thread_time()
    torch.mm(a, a)
    return 2 * size**3 / (time.thread_time() - began)


def peak_rate(tries: int = 5) -> float:
    """Return the best rate of either, over a few tries."""
    _multiply_add(1)
    rates = [(multiply_add_rate(), matrix_product_rate()) for _ in range(tries)]
    return max(max(pair) for pair in rates)


def search_operations(batch: Batch) -> float:
    """Return the float32 operations of one trial-step of a search.

    That is 158 million at 16 channels in ten layers, and three times as many in two cells of 15
    edges.

    For each channel, tap, row and sample, a mapping takes multiply-adds: 2 forward; backward 5 in
    the weight step (hidden activations again, their gradient, both filters' and the input's), and
    in the α step 3 and, whatever the taps, 1 more for batch norm. AᵀA takes one for each of its
    entries and samples, forward and backward, in both steps; a flattening of a cell one for each
    of its six taps forward, to the states and to the weights.
    """
    taps, channels = batch.architecture.kernel_size, batch.architecture.channels
    mapping = channels * (2 * taps + 3 * taps + 1 + 2 * taps + 5 * taps)
    layer = 2 * mapping * batch.problem.matrix.shape[1] + 4 * _entries(batch)
    total = batch.architecture.edges * layer + 5 * _flattenings(batch)
    return 2.0 * batch.search.batch_size * total


def retrain_operations(batch: Batch, architectures: NDArray[np.int64]) -> float:
    """Return the same of a retraining, a mean over the architectures.

    A layer that is a gradient step takes AᵀA forward and backward; one with a mapping, 2 and 5
    multiply-adds for each channel, tap, row and sample. So does an edge of a cell that the output
    depends on.
    """
    taps, channels = batch.architecture.kernel_size, batch.architecture.channels
    mapping = 7 * taps * channels * batch.problem.matrix.shape[1]
    costs: Sequence[int] = (mapping + 2 * _entries(batch), mapping, 0, 2 * _entries(batch), 0)
    of_edges = np.array(costs)[architectures]
    if batch.architecture.space == "cell":
        kept = architectures != operations(batch.architecture).index(ZERO)
        of_edges = of_edges * [needed_edges(batch.architecture, own) for own in kept]
    total = float(of_edges.sum(axis=1).mean()) + 3 * _flattenings(batch)
    return 2.0 * batch.search.batch_size * total


def _flattenings(batch: Batch) -> int:
    """Return the products of taps and rows in the flattenings of all cells."""
    cells = batch.architecture.cells if batch.architecture.space == "cell" else 0
    return cells * LAST_STATES * FLATTENING_TAPS * batch.problem.matrix.shape[1]


def _entries(batch: Batch) -> int:
    matrix = batch.problem.matrix
    return int(np.count_nonzero(matrix.T @ matrix))
