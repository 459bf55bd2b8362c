"""Scores of given architectures with the weights of supernets, on the torch engine."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from worker.engine.philox import Occasion
from worker.torch_engine.training import Search


def candidate_scores(supernets: Search) -> NDArray[np.float64] | None:
    """Return the scores of the batch's candidates; see `Searched.candidate_psnr`."""
    candidates = supernets.batch.candidates
    if candidates is None:
        return None
    architectures = np.tile(candidates.architectures, (len(supernets.alpha), 1, 1))
    return architecture_scores(
        supernets, Occasion.SURROGATE_SCORE, architectures, candidates.batches
    )


@torch.no_grad()
def architecture_scores(
    supernets: Search,
    occasion: Occasion,
    architectures: NDArray[np.int64],
    batches: int,
    passed: Callable[[int], None] = lambda _: None,
) -> NDArray[np.float64]:
    """Return the mean PSNR in dB of architectures with the weights of the supernets.

    Args:
        supernets: The trained supernets.
        occasion: When the batches are drawn; all architectures of a trial get the same ones.
        architectures: The architectures of each trial, shape ``(trial, candidate, edge)``.
        batches: Number of batches.
        passed: Called with the number of batches that have passed through the networks.

    Returns:
        PSNRs, shape ``(trial, candidate)``.
    """
    mixtures = [supernets.discrete(picks) for picks in np.moveaxis(architectures, 1, 0)]
    total = torch.zeros(architectures.shape[:2], dtype=torch.float64, device=supernets.theta.device)
    for sample in supernets.sampler.draw(occasion, range(batches)):
        for index, mix in enumerate(mixtures):
            total[:, index] += supernets.loss_and_psnr(supernets.theta, mix, sample)[1]
            passed(1)
    return (total / batches).cpu().numpy()
