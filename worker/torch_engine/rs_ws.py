"""Random search with weight sharing on the torch engine; see `worker.engine.rs_ws`."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.engine.contract import Batch, OnEpoch, Searched
from worker.engine.philox import Occasion
from worker.engine.rs_ws import (
    ScoringProgress,
    best,
    finalists,
    random_architectures,
    result_of,
)
from worker.torch_engine.architecture_scores import architecture_scores, candidate_scores
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
    scores = architecture_scores(
        supernets, Occasion.CANDIDATES, candidates, settings.batches, progress.add
    )
    chosen = np.stack(
        [
            finalists(drawn, psnr, settings.finalists)
            for drawn, psnr in zip(candidates, scores, strict=True)
        ]
    )
    scores = architecture_scores(
        supernets, Occasion.SEARCH_SCORE, chosen, batch.search.batches, progress.add
    )
    trials, winners = np.arange(len(batch.seeds)), [best(psnr) for psnr in scores]
    found = result_of(
        batch,
        chosen[trials, winners],
        psnr=scores[trials, winners],
        train_loss=np.stack(losses, axis=-1),
        train_psnr=np.stack(psnrs, axis=-1),
    )
    return replace(found, candidate_psnr=candidate_scores(supernets))


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
