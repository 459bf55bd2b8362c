"""The batches of the torch engine: signals, what the networks start from, and the edges' noise."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from worker.engine.contract import Batch
from worker.engine.philox import KeyedGenerator, Occasion, Quantity
from worker.torch_engine.network import Noise
from worker.torch_engine.random import Keys, normal


class Samples(NamedTuple):
    """One batch of every trial."""

    signal: Tensor
    """x, ``(trial, n, batch)``."""
    start: Tensor
    """Aᵀy, ``(trial, n, batch)``."""
    noise: Noise
    """ε of the edges that need it."""


class Sampler:
    """Draws the batches of a batch of trials on a device."""

    def __init__(self, batch: Batch, noisy: Sequence[int], like: Tensor) -> None:
        """Move what is fixed to the device.

        Args:
            batch: The trials.
            noisy: The edges that have the noise operation.
            like: A tensor of the dtype and device to draw on.
        """
        self._batch = batch
        self._like = like
        self._keys = Keys.of(batch.seeds, like.device)
        self._matrix = torch.as_tensor(batch.problem.matrix).to(like)  # (m, n)
        self._noisy = torch.tensor(noisy, dtype=torch.int64, device=like.device)

    def draw(self, occasion: Occasion, steps: range) -> Iterator[Samples]:
        """Draw the batches of consecutive steps, the signals of all of them at once."""
        batch = self._batch
        size = batch.search.batch_size
        generator = KeyedGenerator(batch.seeds, occasion, steps, size)
        signals = torch.as_tensor(np.asarray(batch.problem.signals(generator))).to(self._like)
        first = torch.zeros(1, dtype=torch.int64, device=self._like.device)
        error = self._normal(
            occasion, steps, Quantity.MEASUREMENT_NOISE, first, self._matrix.shape[0]
        )[:, :, 0]
        measured = self._matrix @ signals + batch.problem.noise * error  # (trial, step, m, batch)
        starts = self._matrix.T @ measured  # (trial, step, n, batch)
        for index, step in enumerate(steps):
            yield Samples(signals[:, index], starts[:, index], self._noise(occasion, step))

    def _noise(self, occasion: Occasion, step: int) -> Noise:
        """Draw a step's noise: a whole epoch's would be too large."""
        n, size = self._matrix.shape[1], self._batch.search.batch_size
        if not len(self._noisy):
            return Noise(self._noisy, self._like.new_empty(len(self._batch.seeds), 0, n, size))
        drawn = self._normal(
            occasion, range(step, step + 1), Quantity.OPERATION_NOISE, self._noisy, n
        )
        return Noise(self._noisy, drawn[:, 0])

    def _normal(
        self, occasion: Occasion, steps: range, quantity: Quantity, indices: Tensor, count: int
    ) -> Tensor:
        shape = (count, self._batch.search.batch_size)
        return normal(self._keys, occasion, steps, quantity, indices, shape, self._like.dtype)
