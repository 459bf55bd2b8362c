"""Random search with weight sharing on the torch engine; see `worker.engine.rs_ws`."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.engine.contract import Batch, OnEpoch, Searched
from worker.engine.philox import Occasion
from worker.engine.rs_ws import (
    Picks,
    ScoringProgress,
    best,
    finalists,
    random_architectures,
    result_of,
)
from worker.torch_engine.training import Search


def random_search(batch: Batch, like: Tensor, on_epoch: OnEpoch) -> Searched:
    """Train supernets with random architectures, and pick the best of more of them.

    Args:
        batch: The trials.
        like: A tensor with the dtype and the device of the computation.
        on_epoch: Called at the end of each epoch of the training and of the scoring.
    """
    supernets = Search.from_scratch(batch, like)
    settings, of = batch.search.rs_ws, batch.epochs + batch.search.scoring_epochs
    losses, psnrs = [], []
    for epoch in range(batch.epochs):
        steps = range(epoch * batch.search.batches, (epoch + 1) * batch.search.batches)
        loss, psnr = _train(supernets, steps)
        losses.append(loss)
        psnrs.append(psnr)
        on_epoch(epoch + 1, of)
    done = iter(range(batch.epochs + 1, of + 1))
    progress = ScoringProgress(batch.search, lambda: on_epoch(next(done), of))

    candidates = random_architectures(
        batch.architecture, batch.seeds, Occasion.CANDIDATES, range(settings.architectures)
    )
    scores = _scores(supernets, candidates, Occasion.CANDIDATES, settings.batches, progress)
    chosen = np.stack(
        [
            finalists(drawn, psnr, settings.finalists)
            for drawn, psnr in zip(candidates, scores, strict=True)
        ]
    )
    scores = _scores(supernets, chosen, Occasion.SEARCH_SCORE, batch.search.batches, progress)
    trials, winners = np.arange(len(batch.seeds)), [best(psnr) for psnr in scores]
    return result_of(
        batch,
        chosen[trials, winners],
        psnr=scores[trials, winners],
        train_loss=np.stack(losses, axis=-1),
        train_psnr=np.stack(psnrs, axis=-1),
    )


def _train(supernets: Search, steps: range) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Take one epoch's steps of the weights, each with another random architecture per trial.

    Returns:
        Mean loss and mean PSNR of the batches before their steps, each of shape ``(trial,)``.
    """
    batch = supernets.batch
    occasion = Occasion.SEARCH_TRAINING
    drawn = random_architectures(batch.architecture, batch.seeds, occasion, steps)
    values = [
        torch.stack(supernets.train(step, supernets.discrete(picks), sample))
        for step, picks, sample in zip(
            steps, np.moveaxis(drawn, 1, 0), supernets.sampler.draw(occasion, steps), strict=True
        )
    ]
    loss, psnr = torch.stack(values).mean(0).cpu().double().numpy()
    return loss, psnr


@torch.no_grad()
def _scores(
    supernets: Search,
    architectures: Picks,
    occasion: Occasion,
    batches: int,
    progress: ScoringProgress,
) -> NDArray[np.float64]:
    """Return the mean PSNR in dB of architectures with the weights of the supernets.

    Args:
        supernets: The trained supernets.
        architectures: The architectures of each trial, shape ``(trial, candidate, edge)``.
        occasion: When the batches are drawn; all architectures of a trial get the same.
        batches: Number of batches.
        progress: Counts the batches.

    Returns:
        PSNRs, shape ``(trial, candidate)``.
    """
    mixtures = [supernets.discrete(picks) for picks in np.moveaxis(architectures, 1, 0)]
    total = torch.zeros(architectures.shape[:2], dtype=torch.float64, device=supernets.theta.device)
    for sample in supernets.sampler.draw(occasion, range(batches)):
        for index, mix in enumerate(mixtures):
            total[:, index] += supernets.loss_and_psnr(supernets.theta, mix, sample)[1]
            progress.add(1)
    return (total / batches).cpu().numpy()
