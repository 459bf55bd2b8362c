"""The torch engine: search and retraining of a batch of trials."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from configspace.study import ArchitectureSettings, SearchSettings
from worker.engine.contract import PRETRAININGS, Batch, Progress, Retrained, Searched
from worker.engine.philox import Occasion
from worker.torch_engine.training import Search, Training


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

    def search(self, batch: Batch, progress: Progress) -> Searched:
        """Search from scratch, and score the supernets."""
        if batch.search.variant == "darts-single":
            search, train_loss = self._pretrained(batch, progress)
            rest = _after(len(PRETRAININGS), progress)
            curves = _curves(batch, partial(_alpha_epoch, search), rest)
        else:
            search = Search.from_scratch(batch, self._like)
            curves = _curves(batch, partial(_search_epoch, search), progress)
            train_loss = curves[4]
        return Searched(
            alpha=_array(search.alpha),
            psnr=_array(search.score(search.mixture(), Occasion.SEARCH_SCORE)),
            validation_loss=curves[0],
            validation_psnr=curves[1],
            entropy=curves[2],
            alpha_norm=curves[3],
            train_loss=train_loss,
        )

    def retrain(
        self, batch: Batch, architectures: NDArray[np.int64], progress: Progress
    ) -> Retrained:
        """Train architectures from scratch, and score them."""
        training = Training(batch, architectures, self._like)
        epoch = partial(_training_epoch, training, Occasion.RETRAIN_TRAINING)
        train_loss, train_psnr = _curves(batch, epoch, progress)
        psnr = training.score(training.mixture, Occasion.RETRAIN_SCORE)
        return Retrained(psnr=_array(psnr), train_loss=train_loss, train_psnr=train_psnr)

    def _pretrained(self, batch: Batch, progress: Progress) -> tuple[Search, NDArray[np.float64]]:
        """Train both operations with a CNN, each as a network of this operation (Sec. 5.4).

        Returns:
            Supernets of the trained CNNs, and the mean loss of the trainings, ``(trial, epoch)``.
        """
        nets, losses = [], []
        for slot, occasion in enumerate(PRETRAININGS):
            picks = np.full((len(batch.seeds), batch.architecture.edges), slot)
            nets.append(Training(batch, picks, self._like, Occasion.SEARCH_START))
            epoch = partial(_training_epoch, nets[-1], occasion)
            losses.append(_curves(batch, epoch, _after(slot, progress))[0])
        return Search.of_trained(batch, nets), np.mean(losses, axis=0)


def _search_epoch(search: Search, steps: range) -> Tensor:
    """Step α and the weights in turn; return the rows of the curves, ``(5, trial)``."""
    unroll = search.batch.search.variant == "darts-second-order"
    validation = search.sampler.draw(Occasion.SEARCH_VALIDATION, steps)
    training = search.sampler.draw(Occasion.SEARCH_TRAINING, steps)
    scores = []
    for step, valid, train in zip(steps, validation, training, strict=True):
        loss, psnr = search.alpha_step(step, valid, train if unroll else None)
        scores.append(torch.stack((loss, psnr, search.weight_step(step, train))))
    mean = torch.stack(scores).mean(0)
    return torch.stack((*mean[:2], *_spread(search.alpha), mean[2]))


def _alpha_epoch(search: Search, steps: range) -> Tensor:
    """Step α alone; return the rows of the curves but the training's, ``(4, trial)``."""
    validation = search.sampler.draw(Occasion.SEARCH_VALIDATION, steps)
    scores = [
        torch.stack(search.alpha_step(step, valid))
        for step, valid in zip(steps, validation, strict=True)
    ]
    return torch.cat((torch.stack(scores).mean(0), torch.stack(_spread(search.alpha))))


def _training_epoch(training: Training, occasion: Occasion, steps: range) -> Tensor:
    """Step the weights; return losses and PSNRs, ``(2, trial)``."""
    samples = training.sampler.draw(occasion, steps)
    scores = [
        torch.stack(training.weight_step(step, sample))
        for step, sample in zip(steps, samples, strict=True)
    ]
    return torch.stack(scores).mean(0)


def _curves(
    batch: Batch, epoch: Callable[[range], Tensor], progress: Progress
) -> NDArray[np.float64]:
    """Compute all epochs, each from its steps, and return their rows: ``(curve, trial, epoch)``."""
    length = batch.search.batches
    rows = []
    for index in range(batch.epochs):
        rows.append(_array(epoch(range(index * length, (index + 1) * length))))
        progress(index + 1, batch.epochs)
    return np.stack(rows, axis=-1)


def _after(done: int, progress: Progress) -> Progress:
    """Return the callback for the part of DARTS-single that follows ``done`` other parts."""
    parts = len(PRETRAININGS) + 1
    return lambda epochs, of: progress(done * of + epochs, parts * of)


def _spread(alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Return each trial's mean entropy of softmax(α) in nats, and its largest norm of α."""
    logs = alpha.log_softmax(-1)
    entropy = -(logs.exp() * logs).sum(-1).mean(-1)
    return entropy, alpha.norm(dim=-1).amax(-1)


def _array(values: Tensor) -> NDArray[np.float64]:
    return values.cpu().double().numpy()
