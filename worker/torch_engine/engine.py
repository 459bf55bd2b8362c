"""The torch engine: search and retraining of a batch of trials."""

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from configspace.architecture import ArchitectureSettings
from configspace.search import SearchSettings
from worker.engine.alpha import discretize
from worker.engine.contract import PRETRAININGS, Batch, OnEpoch, Retrained, Searched
from worker.engine.philox import Occasion
from worker.torch_engine.architecture_scores import candidate_scores
from worker.torch_engine.rs_ws import random_search
from worker.torch_engine.training import Search, Training
from worker.torch_engine.watched import Values, watched_epochs


class TorchEngine:
    """Computes batches of trials with PyTorch; see `worker.engine.contract.Engine`."""

    name = "torch"

    def __init__(self, device: str = "cpu", dtype: torch.dtype = torch.float32) -> None:
        """Choose the device and the precision.

        Args:
            device: A PyTorch device, such as ``cpu`` or ``cuda:0``.
            dtype: ``torch.float32``, or ``torch.float64`` for comparisons.
        """
        self.device = device
        self._like = torch.empty(0, dtype=dtype, device=device)

    def unsupported(self, architecture: ArchitectureSettings, search: SearchSettings) -> str | None:  # noqa: ARG002
        """Return None: this engine supports all settings."""
        return None

    def search(self, batch: Batch, on_epoch: OnEpoch) -> Searched:
        """Search from scratch, and score the supernets."""
        if batch.search.variant == "rs-ws":
            return random_search(batch, self._like, on_epoch)
        if batch.search.variant == "darts-ada" and len(batch.seeds) > 1:
            return self._one_by_one(batch, on_epoch)
        if batch.search.variant == "darts-single":
            search, train_loss = self._pretrained(batch, on_epoch)
            epoch, on_epoch = _alpha_epoch, _after(len(PRETRAININGS), on_epoch)
        else:
            search, train_loss = Search.from_scratch(batch, self._like), None
            epoch = _search_epoch
        alphas, curves, watches = watched_epochs(search, partial(epoch, search), on_epoch)
        if train_loss is not None:
            curves["train_loss"] = train_loss
        architectures = discretize(_array(search.alpha))
        discrete = search.discrete(architectures)
        measured = np.stack([watch.eigenvalues for watch in watches])
        return Searched(
            alphas=alphas,
            architectures=architectures,
            psnr=_array(search.score(search.mixture(), Occasion.SEARCH_SCORE)),
            inherited_psnr=_array(search.score(discrete, Occasion.SEARCH_SCORE)),
            eigenvalues=measured if batch.measures_eigenvalues else None,
            ended=np.array([watch.ended for watch in watches]),
            kept=np.array([watch.kept for watch in watches]),
            train_loss=curves["train_loss"],
            validation_loss=curves["validation_loss"],
            validation_psnr=curves["validation_psnr"],
            candidate_psnr=candidate_scores(search),
        )

    def _one_by_one(self, batch: Batch, on_epoch: OnEpoch) -> Searched:
        """Search with one trial after another, because they go back to different epochs."""
        trials = len(batch.seeds)
        found = []
        for index in range(trials):
            alone = replace(
                batch,
                hyperparameters=batch.hyperparameters[index : index + 1],
                seeds=batch.seeds[index : index + 1],
            )
            found.append(self.search(alone, partial(_of_one, on_epoch, index, trials)))
        names = [field.name for field in fields(Searched)]
        names = [name for name in names if getattr(found[0], name) is not None]
        return Searched(
            **{name: np.concatenate([getattr(one, name) for one in found]) for name in names}
        )

    def retrain(
        self, batch: Batch, architectures: NDArray[np.int64], on_epoch: OnEpoch
    ) -> Retrained:
        """Train architectures from scratch, and score them."""
        training = Training(batch, architectures, self._like)
        epoch = partial(_training_epoch, training, Occasion.RETRAIN_TRAINING)
        curves = _curves(batch, epoch, on_epoch)
        psnr = training.score(training.mixture, Occasion.RETRAIN_SCORE)
        return Retrained(psnr=_array(psnr), **curves)

    def _pretrained(self, batch: Batch, on_epoch: OnEpoch) -> tuple[Search, NDArray[np.float64]]:
        """Train both operations with a CNN, each as a network of this operation (Sec. 5.4).

        Returns:
            Supernets of the trained CNNs, and the mean loss of the trainings, ``(trial, epoch)``.
        """
        nets, losses = [], []
        for slot, occasion in enumerate(PRETRAININGS):
            picks = np.full((len(batch.seeds), batch.architecture.edges), slot)
            nets.append(Training(batch, picks, self._like, Occasion.SEARCH_START))
            epoch = partial(_training_epoch, nets[-1], occasion)
            losses.append(_curves(batch, epoch, _after(slot, on_epoch))["train_loss"])
        return Search.of_trained(batch, nets), np.mean(losses, axis=0)


def _of_one(on_epoch: OnEpoch, index: int, trials: int, done: int, of: int) -> None:
    """Report the epochs of one of several trials that are computed one after another."""
    on_epoch(index * of + done, trials * of)


def _search_epoch(search: Search, steps: range) -> Values:
    """Step α and the weights in turn, and return the values of all curves of a search."""
    unroll = search.batch.search.variant == "darts-second-order"
    validation = search.sampler.draw(Occasion.SEARCH_VALIDATION, steps)
    training = search.sampler.draw(Occasion.SEARCH_TRAINING, steps)
    scores: list[Values] = []
    for step, valid, train in zip(steps, validation, training, strict=True):
        loss, psnr = search.alpha_step(step, valid, train if unroll else None)
        train_loss = search.weight_step(step, train)
        scores.append({"validation_loss": loss, "validation_psnr": psnr, "train_loss": train_loss})
    return _mean(scores)


def _alpha_epoch(search: Search, steps: range) -> Values:
    """Step α alone, and return the values of all curves of a search except the training loss."""
    validation = search.sampler.draw(Occasion.SEARCH_VALIDATION, steps)
    scores: list[Values] = []
    for step, valid in zip(steps, validation, strict=True):
        loss, psnr = search.alpha_step(step, valid)
        scores.append({"validation_loss": loss, "validation_psnr": psnr})
    return _mean(scores)


def _training_epoch(training: Training, occasion: Occasion, steps: range) -> Values:
    """Step the weights, and return the values of all curves of a retraining."""
    samples = training.sampler.draw(occasion, steps)
    scores: list[Values] = []
    for step, sample in zip(steps, samples, strict=True):
        loss, psnr = training.weight_step(step, sample)
        scores.append({"train_loss": loss, "train_psnr": psnr})
    return _mean(scores)


def _mean(steps: list[Values]) -> Values:
    """Return the means over the steps, by name."""
    rows = torch.stack([torch.stack(tuple(step.values())) for step in steps]).mean(0)
    return dict(zip(steps[0], rows, strict=True))


def _curves(
    batch: Batch, epoch: Callable[[range], Values], on_epoch: OnEpoch
) -> dict[str, NDArray[np.float64]]:
    """Compute all epochs and return the curves by name, each of shape ``(trial, epoch)``.

    Args:
        batch: The trials.
        epoch: Computes one epoch from its steps. The values come from the device once per epoch.
        on_epoch: Called at the end of each epoch.
    """
    length = batch.search.batches
    rows, names = [], []
    for index in range(batch.epochs):
        values = epoch(range(index * length, (index + 1) * length))
        names = list(values)
        rows.append(_array(torch.stack(tuple(values.values()))))
        on_epoch(index + 1, batch.epochs)
    return dict(zip(names, np.stack(rows, axis=-1), strict=True))


def _after(done: int, on_epoch: OnEpoch) -> OnEpoch:
    """Return the callback for the part of DARTS-single that follows ``done`` other parts."""
    parts = len(PRETRAININGS) + 1
    return lambda epochs, of: on_epoch(done * of + epochs, parts * of)


def _array(values: Tensor) -> NDArray[np.float64]:
    return values.cpu().double().numpy()
