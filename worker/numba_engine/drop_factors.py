"""The factors of drop path in memory, where kernels find them; see `worker.engine.drop_path`."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from worker.engine.contract import Batch
from worker.engine.drop_path import drop_factors
from worker.engine.philox import Occasion
from worker.numba_engine.memory import Memory, aligned_zeros
from worker.numba_engine.vector_type import LANES


class Drops(NamedTuple):
    """Addresses of the factors of an epoch, each ``(step, edge, column, lane)``."""

    validation: int
    training: int
    saved: int
    """Space for the gradients by a layer's output, or by a cell's states."""


class Drop(NamedTuple):
    """Addresses for one step."""

    factors: int
    """Factors of the edges, ``(edge, column, lane)``."""
    saved: int


class DropFactors:
    """The factors of one trial's epoch at a time, in memory that a thread keeps."""

    def __init__(self, batch: Batch, memory: Memory) -> None:
        """Reserve the memory.

        Args:
            batch: The trials; `fill` draws their factors.
            memory: The memory of the trials, for its sizes.
        """
        self._batch = batch
        trial = memory.trial
        lanes = int(trial["columns"]) * LANES
        shape = (2, batch.search.batches, batch.architecture.edges, lanes)
        self._factors = aligned_zeros(int(np.prod(shape))).reshape(shape)
        self._saved = aligned_zeros(int(trial["signal_size"]) * (int(trial["states"]) + 1))
        self._drops = Drops(
            validation=self._factors[0].ctypes.data,
            training=self._factors[1].ctypes.data,
            saved=self._saved.ctypes.data,
        )

    def fill(self, index: int, steps: range) -> Drops:
        """Draw the factors of an epoch's steps.

        Args:
            index: Which trial of the batch.
            steps: The steps of the epoch.

        Returns:
            Addresses of the factors, which the next call overwrites.
        """
        batch, rates = self._batch, self._batch.drop_paths
        assert rates is not None
        one = slice(index, index + 1)
        alone = replace(batch, seeds=batch.seeds[one], drop_paths=rates[one])
        for place, occasion in enumerate((Occasion.SEARCH_VALIDATION, Occasion.SEARCH_TRAINING)):
            drawn = drop_factors(alone, occasion, steps)
            assert drawn is not None
            self._factors[place, ..., : batch.search.batch_size] = drawn[0]
        return self._drops
