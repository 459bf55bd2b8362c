"""Scores of given architectures with the weights of a supernet, on the Numba engine."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from configspace.operations import operations
from worker.engine.contract import Searched
from worker.engine.philox import Occasion
from worker.numba_engine.epochs import train_epoch
from worker.numba_engine.workspace import Workspace


def score_candidates(workspace: Workspace, index: int, result: Searched) -> None:
    """Score the candidates of a batch, if it has any.

    Args:
        workspace: Has the weights that are the result of the search.
        index: Which trial of the batch.
        result: Gets the PSNRs.
    """
    candidates = workspace.batch.candidates
    if candidates is not None and result.candidate_psnr is not None:
        result.candidate_psnr[index] = architecture_scores(
            workspace, index, Occasion.SURROGATE_SCORE, *candidates
        )


def architecture_scores(
    workspace: Workspace,
    index: int,
    occasion: Occasion,
    architectures: NDArray[np.int64],
    batches: int,
    passed: Callable[[int], None] = lambda _: None,
) -> NDArray[np.float64]:
    """Return the mean PSNR in dB of architectures with the weights that a trial has.

    Args:
        workspace: Has the trained weights. Its coefficients change.
        index: Which trial of the batch.
        occasion: When the batches are drawn; all architectures get the same ones.
        architectures: Index of each edge's operation, shape ``(candidate, edge)``.
        batches: Number of batches.
        passed: Called with the number of batches that have passed through the network.

    Returns:
        PSNRs, shape ``(candidate,)``.
    """
    settings = workspace.batch.architecture
    one_hot = np.eye(len(operations(settings)))
    total = np.zeros(len(architectures))
    at_once = workspace.batch.search.batches  # a workspace holds the signals of one epoch
    for first in range(0, batches, at_once):
        steps = range(first, min(first + at_once, batches))
        drawn = workspace.batches(index, occasion, steps, np.zeros(len(steps)))
        for place, picks in enumerate(architectures):
            workspace.keep(one_hot[picks])
            workspace.memory.set(lowest_trained=settings.edges)
            total[place] += train_epoch(*workspace.network, drawn).psnr * len(steps)
            passed(len(steps))
    return total / batches
