"""The torch engine: search and retraining of a batch of trials, the readable reference.

Everything has a leading trial dimension, on whatever device; a step has no loop over trials and
does not wait for the device.

Source: Geiping, Lukasik et al. 2023, Sec. 4 and 5.1; Liu et al. 2019, first-order DARTS.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from configspace.study import ArchitectureSettings, SearchSettings
from worker.engine import (
    Batch,
    Progress,
    Retrained,
    Searched,
    alpha_step_sizes,
    initial_alpha,
    operations,
    weight_step_sizes,
)
from worker.philox import Occasion
from worker.torch_data import Sampler, Samples
from worker.torch_network import MAPPINGS, Maps, Mixture, mixture, network, term_table
from worker.torch_optimizers import Moments, adam_update, decayed
from worker.torch_weights import retrain_start, search_start, unflatten


class TorchEngine:
    """Computes batches of trials with PyTorch; see `worker.engine.Engine`."""

    name = "torch"

    def __init__(self, device: str = "cpu", dtype: torch.dtype = torch.float32) -> None:
        """Choose where to compute, and how precisely.

        Args:
            device: A PyTorch device, such as ``cpu`` or ``cuda:0``.
            dtype: float32, or float64 for checks.
        """
        self.device = device
        self._like = torch.empty(0, dtype=dtype, device=device)

    def lacks(self, architecture: ArchitectureSettings, search: SearchSettings) -> str | None:
        """Return what of these settings this engine does not offer; None if it offers all."""
        if architecture.space != "sequential":
            return f"the space {architecture.space!r}"
        return None if search.variant == "darts" else f"the variant {search.variant!r}"

    def search(self, batch: Batch, progress: Progress) -> Searched:
        """Search from scratch, and score the supernets."""
        search = Search(batch, self._like)
        curves = []  # of each epoch: (curve, trial)
        for epoch, steps in enumerate(_epochs(batch), start=1):
            validation = search.sampler.draw(Occasion.SEARCH_VALIDATION, steps)
            training = search.sampler.draw(Occasion.SEARCH_TRAINING, steps)
            scores = torch.stack(
                [
                    torch.stack((*search.alpha_step(step, valid), search.weight_step(step, train)))
                    for step, valid, train in zip(steps, validation, training, strict=True)
                ]
            ).mean(0)  # (3, trial)
            curves.append(_array(torch.cat((scores, torch.stack(_spread(search.alpha))))))
            progress(epoch, batch.epochs)
        curve = np.stack(curves, axis=-1)  # (curve, trial, epoch)
        psnr = search.score(search.mixture(), Occasion.SEARCH_SCORE)
        return Searched(
            alpha=_array(search.alpha),
            psnr=_array(psnr),
            validation_loss=curve[0],
            validation_psnr=curve[1],
            train_loss=curve[2],
            entropy=curve[3],
            alpha_norm=curve[4],
        )

    def retrain(
        self, batch: Batch, architectures: NDArray[np.int64], progress: Progress
    ) -> Retrained:
        """Train architectures from scratch, and score them."""
        training = Retraining(batch, architectures, self._like)
        curves = []
        for epoch, steps in enumerate(_epochs(batch), start=1):
            samples = training.sampler.draw(Occasion.RETRAIN_TRAINING, steps)
            scores = [
                torch.stack(training.weight_step(step, sample))
                for step, sample in zip(steps, samples, strict=True)
            ]
            curves.append(_array(torch.stack(scores).mean(0)))
            progress(epoch, batch.epochs)
        curve = np.stack(curves, axis=-1)  # (curve, trial, epoch)
        psnr = training.score(training.mixture, Occasion.RETRAIN_SCORE)
        return Retrained(psnr=_array(psnr), train_loss=curve[0], train_psnr=curve[1])


class Trainer:
    """The weights of a batch of networks, and their steps."""

    def __init__(
        self,
        batch: Batch,
        theta: NDArray[np.float64],
        noisy: bool,
        mapped: Sequence[bool],
        like: Tensor,
    ) -> None:
        """Move the weights and their settings to the device.

        Args:
            batch: The trials.
            theta: Initial weights, ``(trial, layer, parameter)``.
            noisy: Whether any layer has the noise operation.
            mapped: Whether any trial has a mapping on each layer.
            like: A tensor of the dtype and device to compute with.
        """
        self.batch = batch
        self.sampler = Sampler(batch, noisy, like)
        self.theta = torch.as_tensor(theta).to(like)
        self.maps = Maps.of(batch.problem.matrix, batch.architecture, like)
        self._mapped = mapped
        self._moments = Moments.of(self.theta)
        self._step_sizes = _tensor(weight_step_sizes(batch), like)[..., None, None]
        decays = [hyper.param_weight_decay for hyper in batch.hyperparameters]
        self._decay = _tensor(decays, like)[:, None, None]

    def loss_and_psnr(self, theta: Tensor, mix: Mixture, samples: Samples) -> tuple[Tensor, Tensor]:
        """Return each trial's mean squared error, and its mean PSNR in dB (of data range 1)."""
        weights = unflatten(theta, self.batch.architecture, slots=mix.mappings.shape[-1])
        output = network(self.maps, weights, mix, samples.start, samples.noise, self._mapped)
        errors = (output - samples.signal).square().mean(1)  # (trial, batch)
        with torch.no_grad():
            psnr = -10.0 * torch.log10(errors).mean(-1)
        return errors.mean(-1), psnr

    def train(self, step: int, mix: Mixture, samples: Samples) -> tuple[Tensor, Tensor]:
        """Take one step of Adam, and return loss and PSNR before it."""
        theta = self.theta.requires_grad_()
        loss, psnr = self.loss_and_psnr(theta, mix, samples)
        (gradient,) = torch.autograd.grad(loss.sum(), theta)
        self.theta = theta.detach()
        direction = adam_update(self._moments, decayed(self.theta, gradient, self._decay), step)
        self.theta.addcmul_(self._step_sizes[:, step], direction, value=-1)
        return loss.detach(), psnr

    @torch.no_grad()
    def score(self, mix: Mixture, occasion: Occasion) -> Tensor:
        """Return each trial's mean PSNR over fresh batches, with batch norm in training mode."""
        samples = self.sampler.draw(occasion, range(self.batch.search.batches))
        psnrs = [self.loss_and_psnr(self.theta, mix, sample)[1] for sample in samples]
        return torch.stack(psnrs).mean(0)


class Search(Trainer):
    """A batch of supernets: α beside the weights."""

    def __init__(self, batch: Batch, like: Tensor) -> None:
        """Draw α and the weights."""
        names = operations(batch.architecture)
        mapped = [True] * batch.architecture.layers
        super().__init__(batch, search_start(batch), "noise" in names, mapped, like)
        self.alpha = _tensor(initial_alpha(batch), like)  # (trial, layer, operation)
        self._table = _tensor(term_table(batch.architecture)[: len(names)], like)
        self._alpha_moments = Moments.of(self.alpha)
        self._alpha_step_sizes = _tensor(alpha_step_sizes(batch), like)[..., None, None]
        hypers = batch.hyperparameters
        decays = [hyper.alpha_weight_decay for hyper in hypers]
        self._alpha_decay = _tensor(decays, like)[:, None, None]
        by_adam = [hyper.alpha_optimizer == "adam" for hyper in hypers]
        self._by_adam = torch.tensor(by_adam, device=like.device)[:, None, None]

    def mixture(self) -> Mixture:
        """Return the layers' coefficients for the present α."""
        return mixture(self.alpha.softmax(-1), self._table)

    def alpha_step(self, step: int, samples: Samples) -> tuple[Tensor, Tensor]:
        """Take one step of α with the weights fixed, and return loss and PSNR before it."""
        alpha = self.alpha.requires_grad_()
        loss, psnr = self.loss_and_psnr(self.theta, self.mixture(), samples)
        (gradient,) = torch.autograd.grad(loss.sum(), alpha)
        self.alpha = alpha.detach()
        gradient = decayed(self.alpha, gradient, self._alpha_decay)
        direction = torch.where(
            self._by_adam, adam_update(self._alpha_moments, gradient, step), gradient
        )
        self.alpha.addcmul_(self._alpha_step_sizes[:, step], direction, value=-1)
        return loss.detach(), psnr

    def weight_step(self, step: int, samples: Samples) -> Tensor:
        """Take one step of the weights with α fixed, and return the loss before it."""
        loss, _ = self.train(step, self.mixture(), samples)
        return loss


class Retraining(Trainer):
    """A batch of discrete architectures: one operation, and one mapping at most, on a layer."""

    def __init__(self, batch: Batch, architectures: NDArray[np.int64], like: Tensor) -> None:
        """Draw the weights of the picked operations.

        Args:
            batch: The trials.
            architectures: Index of each layer's operation, ``(trial, layer)``.
            like: A tensor of the dtype and device to compute with.
        """
        names = operations(batch.architecture)
        noisy = "noise" in names and bool((architectures == names.index("noise")).any())
        mapped = [bool((picks < MAPPINGS).any()) for picks in architectures.T]
        super().__init__(batch, retrain_start(batch, architectures), noisy, mapped, like)
        picked = one_hot(torch.as_tensor(architectures), len(names)).to(like)
        terms = mixture(picked, _tensor(term_table(batch.architecture)[: len(names)], like))
        self.mixture = terms._replace(mappings=terms.mappings.sum(-1, keepdim=True))

    def weight_step(self, step: int, samples: Samples) -> tuple[Tensor, Tensor]:
        """Take one step of the weights, and return loss and PSNR before it."""
        return self.train(step, self.mixture, samples)


def _spread(alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Return softmax(α)'s mean entropy in nats and the largest norm of a layer's α, a trial."""
    logs = alpha.log_softmax(-1)
    entropy = -(logs.exp() * logs).sum(-1).mean(-1)
    return entropy, alpha.norm(dim=-1).amax(-1)


def _epochs(batch: Batch) -> list[range]:
    """Return the steps of each epoch."""
    length = batch.search.batches
    return [range(epoch * length, (epoch + 1) * length) for epoch in range(batch.epochs)]


def _tensor(values: NDArray[np.float64] | list[float], like: Tensor) -> Tensor:
    return torch.as_tensor(values, dtype=like.dtype, device=like.device)


def _array(values: Tensor) -> NDArray[np.float64]:
    return values.cpu().double().numpy()
