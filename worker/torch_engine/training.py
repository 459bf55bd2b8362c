"""Training of a batch of networks with PyTorch: supernets with their α, and discrete architectures.

All tensors have a leading trial dimension. A step has no loop over trials and does not wait for the
device.

Source: Geiping, Lukasik et al. 2023, Sec. 4 and 5.1; Liu et al. 2019, eq. 5 to 7.
"""

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from configspace.operations import operations, parse_operation
from worker.engine.contract import Batch
from worker.engine.initialization import alpha_step_sizes, initial_alpha, weight_step_sizes
from worker.engine.philox import Occasion
from worker.torch_engine.adam import Moments, adam_update, decayed
from worker.torch_engine.batches import Sampler, Samples
from worker.torch_engine.cells import cell_network, wire
from worker.torch_engine.custom_operations import CustomOperations
from worker.torch_engine.network import (
    Maps,
    Mixture,
    architecture_terms,
    mixture,
    network,
    slot_count,
    split_terms,
    term_table,
)
from worker.torch_engine.weights import discrete_start, joined, search_start, unflatten


class Trainer:
    """The weights of a batch of networks, and the steps of their optimizer."""

    def __init__(self, batch: Batch, theta: Tensor, used: NDArray[np.bool_]) -> None:
        """Move the constants to the device.

        Args:
            batch: The trials.
            theta: Initial weights, ``(trial, parameter)``, with the dtype and on the device of the
                computation.
            used: Whether any trial has an operation on an edge, ``(edge, operation)``.
        """
        architecture = batch.architecture
        has_noise = used[:, np.array(operations(architecture)) == "noise"].any(axis=1)
        noisy: list[int] = np.flatnonzero(has_noise).tolist()
        slots = slot_count(architecture)
        self._has_cnn = [bool(edge[:slots].any()) for edge in used]
        self._like = theta.new_empty(0)
        self.batch = batch
        self.theta = theta
        self.sampler = Sampler(batch, noisy, self._like)
        self.maps = Maps.of(batch.problem.matrix, architecture, self._like, _dilations(batch))
        self._wiring = (
            wire(architecture, self._has_cnn, self._like) if architecture.space == "cell" else None
        )
        self._custom = CustomOperations(batch, used, self._like)
        self._moments = Moments.of(theta)
        self._step_sizes = _tensor(weight_step_sizes(batch), self._like)[..., None]
        decays = [hyper.param_weight_decay for hyper in batch.hyperparameters]
        self._decay = _tensor(decays, self._like)[:, None]

    def output(self, theta: Tensor, mix: Mixture, samples: Samples) -> Tensor:
        """Return each trial's reconstructions, ``(trial, n, batch)``."""
        slots = mix.cnns.shape[-1]
        start, noise, drop = samples.start, samples.noise, samples.drop
        built_in = theta.shape[1] - self._custom.count
        weights, flattening = unflatten(theta[:, :built_in], self.batch.architecture, slots)
        if self._wiring is None:
            custom = partial(self._custom.output, theta[:, built_in:], mix.custom, start)
            return network(self.maps, weights, mix, start, noise, self._has_cnn, custom, drop)
        return cell_network(self.maps, self._wiring, weights, flattening, mix, start, noise, drop)

    def errors(self, theta: Tensor, mix: Mixture, samples: Samples) -> Tensor:
        """Return the mean squared error of each sample, ``(trial, batch)``."""
        return (self.output(theta, mix, samples) - samples.signal).square().mean(1)

    def loss_and_psnr(self, theta: Tensor, mix: Mixture, samples: Samples) -> tuple[Tensor, Tensor]:
        """Return each trial's mean squared error, and its mean PSNR in dB (data range 1)."""
        errors = self.errors(theta, mix, samples)
        with torch.no_grad():
            psnr = -10.0 * torch.log10(errors).mean(-1)  # errors: (trial, batch)
        return errors.mean(-1), psnr

    def train(self, step: int, mix: Mixture, samples: Samples) -> tuple[Tensor, Tensor]:
        """Take one step of Adam, and return the loss and the PSNR before it."""
        theta = self.theta.requires_grad_()
        loss, psnr = self.loss_and_psnr(theta, mix, samples)
        (gradient,) = torch.autograd.grad(loss.sum(), theta)
        self.theta = theta.detach()
        direction = adam_update(self._moments, decayed(self.theta, gradient, self._decay), step)
        self.theta.addcmul_(self._step_sizes[:, step], direction, value=-1)
        return loss.detach(), psnr

    def unrolled(self, step: int, theta: Tensor, mix: Mixture, samples: Samples) -> Tensor:
        """Return the weights after one step of gradient descent, differentiable in theta and mix.

        The step size is that of Adam in this step. The step includes the weight decay, as in the
        code of the DARTS authors.
        """
        loss, _ = self.loss_and_psnr(theta, mix, samples)
        (gradient,) = torch.autograd.grad(loss.sum(), theta, create_graph=True)
        return theta - self._step_sizes[:, step] * decayed(theta, gradient, self._decay)

    @torch.no_grad()
    def score(self, mix: Mixture, occasion: Occasion) -> Tensor:
        """Return each trial's mean PSNR over fresh batches, with batch norm in training mode."""
        samples = self.sampler.draw(occasion, range(self.batch.search.batches))
        psnrs = [self.loss_and_psnr(self.theta, mix, sample)[1] for sample in samples]
        return torch.stack(psnrs).mean(0)


class Search(Trainer):
    """A batch of supernets: α and the weights."""

    def __init__(self, batch: Batch, theta: Tensor) -> None:
        """Draw the initial α; theta has the initial weights, ``(trial, parameter)``."""
        names, hypers = operations(batch.architecture), batch.hyperparameters
        super().__init__(batch, theta, np.ones((batch.architecture.edges, len(names)), np.bool_))
        like = self._like
        self.alpha = _tensor(initial_alpha(batch), like)  # (trial, edge, operation)
        self._table = _tensor(term_table(batch.architecture), like)
        self._alpha_moments = Moments.of(self.alpha)
        self._alpha_step_sizes = _tensor(alpha_step_sizes(batch), like)[..., None, None]
        decays = [hyper.alpha_weight_decay for hyper in hypers]
        self._alpha_decay = _tensor(decays, like)[:, None, None]
        by_adam = [hyper.alpha_optimizer == "adam" for hyper in hypers]
        self._by_adam = torch.tensor(by_adam, device=like.device)[:, None, None]

    @classmethod
    def from_scratch(cls, batch: Batch, like: Tensor) -> "Search":
        """Draw the initial weights and α, with the dtype and the device of ``like``."""
        return cls(batch, _tensor(search_start(batch), like))

    @classmethod
    def of_trained(cls, batch: Batch, networks: list["Training"]) -> "Search":
        """Combine trained networks of one slot each into supernets of all slots."""
        return cls(batch, joined([trained.theta for trained in networks], batch.architecture))

    def mixture(self) -> Mixture:
        """Return the coefficients of the edges' terms for the current α."""
        return self.mixture_of(self.alpha)

    def mixture_of(self, alpha: Tensor) -> Mixture:
        """Return the coefficients of the edges' terms for α, ``(trial, edge, operation)``."""
        return mixture(alpha.softmax(-1), self._table, slot_count(self.batch.architecture))

    def discrete(self, picks: NDArray[np.int64]) -> Mixture:
        """Return the coefficients of the edges' terms for architectures, ``(trial, edge)``."""
        picked = one_hot(torch.as_tensor(picks), len(self._table)).to(self._table)
        return mixture(picked, self._table, slot_count(self.batch.architecture))

    def state(self) -> list[Tensor]:
        """Return copies of all that a search changes, each with the trials first."""
        return [tensor.clone() for tensor in self._state()]

    def restore(self, state: list[Tensor]) -> None:
        """Set the search to a state."""
        for tensor, earlier in zip(self._state(), state, strict=True):
            tensor.copy_(earlier)

    def _state(self) -> list[Tensor]:
        moments = self._moments, self._alpha_moments
        return [self.theta, self.alpha, *(m for of in moments for m in (of.first, of.second))]

    def scale_decay(self, factor: float) -> None:
        """Multiply the weights' decay."""
        self._decay = self._decay * factor

    def alpha_step(
        self, step: int, samples: Samples, training: Samples | None = None
    ) -> tuple[Tensor, Tensor]:
        """Take one step of α with the weights fixed, and return the loss and the PSNR before it.

        Args:
            step: Index of the step, from 0.
            samples: A validation batch.
            training: Batch of the next weight step, to unroll this step. The gradient of α then
                also goes through the weights after that step (eq. 7, exactly), and the loss and
                the PSNR are those of these weights.
        """
        loss, psnr, gradient = self.alpha_gradient(step, samples, training)
        gradient = decayed(self.alpha, gradient, self._alpha_decay)
        direction = torch.where(
            self._by_adam, adam_update(self._alpha_moments, gradient, step), gradient
        )
        self.alpha.addcmul_(self._alpha_step_sizes[:, step], direction, value=-1)
        return loss, psnr

    def alpha_gradient(
        self, step: int, samples: Samples, training: Samples | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the loss, the PSNR and the gradient of α; see `alpha_step`."""
        alpha, theta = self.alpha.requires_grad_(), self.theta
        mix = self.mixture()
        if training is not None:
            theta = self.unrolled(step, theta.requires_grad_(), mix, training)
        loss, psnr = self.loss_and_psnr(theta, mix, samples)
        (gradient,) = torch.autograd.grad(loss.sum(), alpha)
        self.alpha, self.theta = alpha.detach(), self.theta.detach()
        return loss.detach(), psnr, gradient

    def weight_step(self, step: int, samples: Samples) -> Tensor:
        """Take one step of the weights with α fixed, and return the loss before it."""
        loss, _ = self.train(step, self.mixture(), samples)
        return loss


class Training(Trainer):
    """A batch of discrete architectures: one operation, and at most one CNN, on each edge."""

    def __init__(
        self,
        batch: Batch,
        architectures: NDArray[np.int64],
        like: Tensor,
        occasion: Occasion = Occasion.RETRAIN_START,
    ) -> None:
        """Draw the initial weights of the architectures.

        Args:
            batch: The trials.
            architectures: Index of each edge's operation, ``(trial, edge)``.
            like: A tensor with the dtype and the device of the computation.
            occasion: ``RETRAIN_START``, or ``SEARCH_START`` for the initial weights of a supernet.
        """
        count = len(operations(batch.architecture))
        used = (architectures[..., None] == np.arange(count)).any(0)
        theta = _tensor(discrete_start(batch, architectures, occasion), like)
        super().__init__(batch, theta, used)
        taus = None if batch.parameters is None else batch.parameters[..., 0]
        terms = split_terms(
            _tensor(architecture_terms(batch.architecture, architectures, taus), like)
        )
        self.mixture = terms._replace(cnns=terms.cnns.sum(-1, keepdim=True))

    def weight_step(self, step: int, samples: Samples) -> tuple[Tensor, Tensor]:
        """Take one step of the weights, and return the loss and the PSNR before it."""
        return self.train(step, self.mixture, samples)


def _dilations(batch: Batch) -> NDArray[np.float64] | None:
    """Return the dilation of each CNN, ``(trial or 1, layer or 1, slot)``; None if all are 1."""
    if batch.parameters is not None:
        return batch.parameters[..., 1:] if batch.dilated else None
    parsed = [parse_operation(point)[1] for point in batch.architecture.points]
    dilations = np.array([[[values.get("dilation", 1.0) for values in parsed]]])
    return None if (dilations == 1).all() else dilations


def _tensor(values: NDArray[np.float64] | list[float], like: Tensor) -> Tensor:
    return torch.as_tensor(values, dtype=like.dtype, device=like.device)
