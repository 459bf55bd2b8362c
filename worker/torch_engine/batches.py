"""The batches of the torch engine: signals, inputs of the networks, and noise of the edges."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from worker.engine.contract import Batch
from worker.engine.drop_path import drop_factors
from worker.engine.philox import KeyedGenerator, Occasion, Quantity
from worker.torch_engine.network import Noise
from worker.torch_engine.random import Keys, normal


class Samples(NamedTuple):
    """One batch of samples for each trial."""

    signal: Tensor
    """The signals x, ``(trial, n, batch)``."""
    start: Tensor
    """The inputs of the networks Aᵀy, ``(trial, n, batch)``."""
    noise: Noise
    """The noise ε of the edges that use it."""
    drop: Tensor | None = None
    """Factors of the edges, ``(trial, edge, batch)``; None if no edge is dropped."""


class Sampler:
    """Draws samples for a batch of trials on a device."""

    def __init__(self, batch: Batch, noisy: Sequence[int], like: Tensor) -> None:
        """Move the keys and the matrix to the device.

        Args:
            batch: The trials.
            noisy: Indices of the edges with the noise operation.
            like: A tensor with the dtype and the device of the samples.
        """
        self._batch = batch
        self._like = like
        self._keys = Keys.of(batch.seeds, like.device)
        self._matrix = torch.as_tensor(batch.problem.matrix).to(like)  # (m, n)
        self._noisy = torch.tensor(noisy, dtype=torch.int64, device=like.device)

    def draw(self, occasion: Occasion, steps: range) -> Iterator[Samples]:
        """Yield the samples of consecutive steps; the signals of all steps are drawn at once."""
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
        factors = drop_factors(batch, occasion, steps)  # (trial, step, edge, batch)
        drops = None if factors is None else torch.as_tensor(factors).to(self._like).unbind(1)
        for index, step in enumerate(steps):
            noise = self._noise(occasion, step)
            drop = None if drops is None else drops[index]
            yield Samples(signals[:, index], starts[:, index], noise, drop)

    def _noise(self, occasion: Occasion, step: int) -> Noise:
        """Draw the noise of one step; the noise of a whole epoch would be too large."""
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
