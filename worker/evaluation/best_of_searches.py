"""R-DARTS and best-of-four DARTS: several searches per trial, the best by a short retraining.

Each search has a seed of its own and, for R-DARTS, another strength of regularization. The trial's
result is that of the search whose architecture has the highest PSNR after a short retraining, as in
the signal `short`. A search that diverges loses.

Source: Zela et al. 2020, Sec. 5 and Appendix E ("RobustDARTS").
"""

import hashlib
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from configspace.architecture import ArchitectureSettings
from configspace.search import SearchSettings
from worker.engine.contract import Batch, Engine, OnEpoch, Retrained, Searched
from worker.evaluation.architectures import names_of, retraining_of
from worker.evaluation.further_trainings import further_seed
from worker.evaluation.scores import NonFiniteScore, without_infinity


class BestOfSearches:
    """An engine whose search is the best of several searches per trial."""

    def __init__(self, engine: Engine, short_epochs: int) -> None:
        """Choose what computes the searches and the retrainings.

        Args:
            engine: The engine that computes them.
            short_epochs: Epochs of the retraining that chooses among the searches.
        """
        self._engine, self._short_epochs = engine, short_epochs
        self.name, self.device = engine.name, engine.device

    def unsupported(self, architecture: ArchitectureSettings, search: SearchSettings) -> str | None:
        """Return which of these settings the engine does not support; None if it supports all."""
        return self._engine.unsupported(architecture, search)

    def search(self, batch: Batch, on_epoch: OnEpoch) -> Searched:
        """Search several times per trial, all in one batch, and keep each trial's best search.

        Args:
            batch: The trials.
            on_epoch: Called at the end of each epoch of the searches and of the short retrainings.

        Raises:
            NonFiniteScore: If all searches of a trial diverge, or all their short retrainings.
        """
        of = batch.epochs + self._short_epochs
        runs = searches_of(batch)
        searched = self._engine.search(runs, lambda done, _: on_epoch(done, of))
        short = replace(
            runs,
            hyperparameters=batch.hyperparameters * batch.search.searches,
            epochs=self._short_epochs,
            seeds=np.array([further_seed(int(seed), "short") for seed in runs.seeds]),
        )
        retrained = self._engine.retrain(
            *retraining_of(short, names_of(runs, searched.architectures)),
            lambda done, _: on_epoch(batch.epochs + done, of),
        )
        psnr = np.where(_is_finite(searched), without_infinity(retrained.psnr), -np.inf)
        best = best_searches(batch, psnr)
        return replace(_rows(searched, best), chosen=best // len(batch.seeds))

    def retrain(
        self, batch: Batch, architectures: NDArray[np.int64], on_epoch: OnEpoch
    ) -> Retrained:
        """Train architectures from scratch; see `worker.engine.contract.Engine`."""
        return self._engine.retrain(batch, architectures, on_epoch)


def searches_of(batch: Batch) -> Batch:
    """Return all searches of all trials by first-order DARTS: first all trials' first one, etc."""
    count, trials = batch.search.searches, len(batch.seeds)
    search = batch.search.model_copy(update={"variant": "darts"})
    hypers, drop_paths = batch.hyperparameters * count, None
    if batch.search.variant == "r-darts-l2":
        decays = _for_each_trial(batch.search.weight_decays, trials)
        hypers = tuple(
            hyper.model_copy(update={"param_weight_decay": decay})
            for hyper, decay in zip(hypers, decays, strict=True)
        )
    elif batch.search.variant == "r-darts-dp":
        drop_paths = _for_each_trial(batch.search.drop_paths, trials)
    seeds = [search_seed(int(seed), index) for index in range(count) for seed in batch.seeds]
    return replace(
        batch,
        search=search,
        hyperparameters=hypers,
        seeds=np.array(seeds, dtype=np.int64),
        drop_paths=drop_paths,
    )


def search_seed(seed: int, index: int) -> int:
    """Return the seed of one of a trial's searches, in [0, 2^63)."""
    text = f"search {index} {seed}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def best_searches(batch: Batch, psnr: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return each trial's best search, as indices of `searches_of`, shape ``(trial,)``.

    Args:
        batch: The trials.
        psnr: PSNR of each search's architecture after the short retraining, shape
            ``(search · trial,)``; a search without a finite one loses.

    Raises:
        NonFiniteScore: If a trial has no search with a finite PSNR.
    """
    by_search = np.where(np.isfinite(psnr), psnr, -np.inf).reshape(-1, len(batch.seeds))
    diverged = np.flatnonzero(np.isneginf(by_search).all(0))
    if len(diverged):
        index = diverged[0]
        raise NonFiniteScore(
            f"expected a finite short PSNR of one of {len(by_search)} searches in trial {index} "
            f"(seed {batch.seeds[index]}) of {len(batch.seeds)}, got none: their training diverged"
        )
    chosen: NDArray[np.int64] = by_search.argmax(0) * len(batch.seeds) + np.arange(len(batch.seeds))
    return chosen


def _for_each_trial(strengths: Sequence[float], trials: int) -> tuple[float, ...]:
    return tuple(strength for strength in strengths for _ in range(trials))


def _is_finite(searched: Searched) -> NDArray[np.bool_]:
    """Return whether each search has a finite one-shot PSNR, α and curves, shape ``(trial,)``."""
    psnrs = searched.psnr[:, None], searched.validation_psnr
    values = searched.train_loss, searched.validation_loss, searched.alphas
    rows = [without_infinity(psnr) for psnr in psnrs]
    rows += [value.reshape(len(value), -1) for value in values]
    return np.array([np.isfinite(row).all() for row in np.concatenate(rows, axis=1)])


def _rows(searched: Searched, rows: NDArray[np.int64]) -> Searched:
    """Return the results of some trials."""
    arrays = {one.name: getattr(searched, one.name) for one in fields(searched)}
    return replace(
        searched, **{name: array[rows] for name, array in arrays.items() if array is not None}
    )
