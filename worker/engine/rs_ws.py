"""Random search with weight sharing: the draws and choices that all engines share.

Each step of the weights trains one random architecture of the supernet. Random architectures are
then scored with the weights of the supernet, and the best of them are scored again.

Source: Li & Talwalkar 2019, "Random search and reproducibility for neural architecture search".
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from configspace.architecture import ArchitectureSettings
from configspace.operations import operations
from configspace.search import SearchSettings
from worker.engine.contract import Batch, Searched
from worker.engine.philox import KeyedGenerator, Occasion, Quantity

Floats = NDArray[np.float64]
Picks = NDArray[np.int64]
"""Indices of operations, with the edges as the last dimension."""


def random_architectures(
    architecture: ArchitectureSettings,
    seeds: NDArray[np.int64],
    occasion: Occasion,
    steps: range,
) -> Picks:
    """Draw an architecture per trial and step; on each edge every operation is equally likely.

    Args:
        architecture: Settings of the search space.
        seeds: Seeds of the trials, shape ``(trial,)``.
        occasion: ``SEARCH_TRAINING`` for the steps of the weights, ``CANDIDATES`` for the
            architectures that are scored afterwards.
        steps: Steps of that occasion.

    Returns:
        Indices of operations, shape ``(trial, step, edge)``.
    """
    generator = KeyedGenerator(seeds, occasion, steps, batch_size=1, quantity=Quantity.ARCHITECTURE)
    uniform = generator.uniform(architecture.edges)[..., 0]  # inside (0, 1)
    picks: Picks = (uniform * len(operations(architecture))).astype(np.int64)
    return picks


def finalists(candidates: Picks, psnr: Floats, count: int) -> Picks:
    """Return one trial's best architectures, best first, each of them once.

    If fewer different ones were drawn, they are repeated in the same order.

    Args:
        candidates: The trial's architectures, shape ``(candidate, edge)``.
        psnr: Their PSNRs in dB, shape ``(candidate,)``; NaN is below all others.
        count: Number of finalists.

    Returns:
        Indices of operations, shape ``(count, edge)``.
    """
    order = np.argsort(-_without_nan(psnr), kind="stable")
    _, first = np.unique(candidates[order], axis=0, return_index=True)
    return candidates[order[np.resize(np.sort(first), count)]]


def best(psnr: Floats) -> int:
    """Return the index of the highest PSNR, shape ``(finalist,)``; NaN is below all others."""
    return int(_without_nan(psnr).argmax())


def result_of(
    batch: Batch,
    architectures: Picks,
    psnr: Floats,
    train_loss: Floats,
    train_psnr: Floats,
) -> Searched:
    """Return the result of a search, which has no α and no validation batches in its epochs.

    Args:
        batch: The trials.
        architectures: The architecture found by each trial, shape ``(trial, edge)``.
        psnr: Its PSNR in dB with the weights of the supernet, shape ``(trial,)``.
        train_loss: Loss of the training batches, shape ``(trial, epoch)``.
        train_psnr: PSNR in dB of the training batches, shape ``(trial, epoch)``.

    Returns:
        The result; the PSNRs of the batch's candidates are NaN.
    """
    trials, edges = architectures.shape
    return Searched(
        alphas=np.empty((trials, 0, edges, len(operations(batch.architecture)))),
        architectures=architectures,
        psnr=psnr,
        inherited_psnr=psnr,
        train_loss=train_loss,
        validation_loss=np.empty((trials, 0)),
        validation_psnr=train_psnr,
        candidate_psnr=batch.no_candidate_psnr(),
    )


class ScoringProgress:
    """Counts the scoring of architectures in epochs; see `SearchSettings.scoring_epochs`."""

    def __init__(self, search: SearchSettings, end_epoch: Callable[[], None]) -> None:
        """Begin without any pass.

        Args:
            search: Settings of the search.
            end_epoch: Called whenever the passes amount to one more epoch.
        """
        self._epochs, self._of = search.scoring_epochs, search.scoring_passes
        self._end_epoch = end_epoch
        self._passes = self._ended = 0

    def add(self, passes: int) -> None:
        """Count passes of a batch through the network."""
        self._passes += passes
        while self._ended < self._passes * self._epochs // self._of:
            self._ended += 1
            self._end_epoch()


def _without_nan(psnr: Floats) -> Floats:
    return np.where(np.isnan(psnr), -np.inf, psnr)
