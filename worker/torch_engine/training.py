"""A batch of networks in training on PyTorch: supernets with their α, and discrete architectures.

Everything has a leading trial dimension, on whatever device; a step has no loop over trials and
does not wait for the device.

Source: Geiping, Lukasik et al. 2023, Sec. 4 and 5.1; Liu et al. 2019, eq. 5 to 7.
"""

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from configspace.operations import operations
from worker.engine.contract import Batch
from worker.engine.initialization import alpha_step_sizes, initial_alpha, weight_step_sizes
from worker.engine.philox import Occasion
from worker.torch_engine.adam import Moments, adam_update, decayed
from worker.torch_engine.batches import Sampler, Samples
from worker.torch_engine.cells import cell_network, wire
from worker.torch_engine.custom_operations import CustomOperations
from worker.torch_engine.network import MAPPINGS, Maps, Mixture, mixture, network, term_table
from worker.torch_engine.weights import discrete_start, joined, search_start, unflatten


class Trainer:
    """The weights of a batch of networks, and their steps."""

    def __init__(self, batch: Batch, theta: Tensor, used: NDArray[np.bool_]) -> None:
        """Move what is fixed to the device.

        Args:
            batch: The trials.
            theta: Initial weights, ``(trial, parameter)``, of the dtype and on the device to
                compute with.
            used: Whether any trial has each operation on each edge, ``(edge, operation)``.
        """
        architecture = batch.architecture
        has_noise = used[:, np.array(operations(architecture)) == "noise"].any(axis=1)
        noisy: list[int] = np.flatnonzero(has_noise).tolist()
        self._mapped = [bool(edge[:MAPPINGS].any()) for edge in used]
        self._like = theta.new_empty(0)
        self.batch = batch
        self.theta = theta
        self.sampler = Sampler(batch, noisy, self._like)
        self.maps = Maps.of(batch.problem.matrix, architecture, self._like)
        self._wiring = (
            wire(architecture, self._mapped, self._like) if architecture.space == "cell" else None
        )
        self._custom = CustomOperations(batch, used, self._like)
        self._moments = Moments.of(theta)
        self._step_sizes = _tensor(weight_step_sizes(batch), self._like)[..., None]
        decays = [hyper.param_weight_decay for hyper in batch.hyperparameters]
        self._decay = _tensor(decays, self._like)[:, None]

    def output(self, theta: Tensor, mix: Mixture, samples: Samples) -> Tensor:
        """Return each trial's reconstructions, ``(trial, n, batch)``."""
        slots = mix.mappings.shape[-1]
        start, noise = samples.start, samples.noise
        ours = theta.shape[1] - self._custom.count
        weights, flattening = unflatten(theta[:, :ours], self.batch.architecture, slots)
        if self._wiring is None:
            custom = partial(self._custom.output, theta[:, ours:], mix.custom, start)
            return network(self.maps, weights, mix, start, noise, self._mapped, custom)
        return cell_network(self.maps, self._wiring, weights, flattening, mix, start, noise)

    def loss_and_psnr(self, theta: Tensor, mix: Mixture, samples: Samples) -> tuple[Tensor, Tensor]:
        """Return each trial's mean squared error, and its mean PSNR in dB (of data range 1)."""
        errors = (self.output(theta, mix, samples) - samples.signal).square().mean(1)
        with torch.no_grad():
            psnr = -10.0 * torch.log10(errors).mean(-1)  # of (trial, batch)
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

    def unrolled(self, step: int, theta: Tensor, mix: Mixture, samples: Samples) -> Tensor:
        """Return the weights after one step of gradient descent, as a function of theta and mix.

        Its size is that of this step's Adam; the weight decay is in it, as in the DARTS authors'
        own code.
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
    """A batch of supernets: α beside the weights."""

    def __init__(self, batch: Batch, theta: Tensor) -> None:
        """Draw α; the supernets start from the weights theta, ``(trial, parameter)``."""
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
        """Draw the weights as well; dtype and device as ``like``."""
        return cls(batch, _tensor(search_start(batch), like))

    @classmethod
    def of_trained(cls, batch: Batch, nets: list["Training"]) -> "Search":
        """Put trained networks of one mapping each together, slot by slot."""
        return cls(batch, joined([net.theta for net in nets], batch.architecture))

    def mixture(self) -> Mixture:
        """Return the edges' coefficients for the present α."""
        return mixture(self.alpha.softmax(-1), self._table)

    def alpha_step(
        self, step: int, samples: Samples, training: Samples | None = None
    ) -> tuple[Tensor, Tensor]:
        """Take one step of α with the weights fixed, and return loss and PSNR before it.

        Args:
            step: Which one, from 0.
            samples: A validation batch.
            training: The next weight step's batch, to unroll that step: α's gradient is then one
                through the weights after it, too (eq. 7, exactly), and loss and PSNR are theirs.
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
        """Return loss, PSNR and α's gradient; see `alpha_step`."""
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
    """A batch of discrete architectures: one operation, and one mapping at most, on an edge."""

    def __init__(
        self,
        batch: Batch,
        architectures: NDArray[np.int64],
        like: Tensor,
        occasion: Occasion = Occasion.RETRAIN_START,
    ) -> None:
        """Draw the weights of the picked operations.

        Args:
            batch: The trials.
            architectures: Index of each edge's operation, ``(trial, edge)``.
            like: A tensor of the dtype and device to compute with.
            occasion: ``SEARCH_START`` for the weights that a supernet would start from.
        """
        count = len(operations(batch.architecture))
        used = (architectures[..., None] == np.arange(count)).any(0)
        theta = _tensor(discrete_start(batch, architectures, occasion), like)
        super().__init__(batch, theta, used)
        picked = one_hot(torch.as_tensor(architectures), count).to(like)
        terms = mixture(picked, _tensor(term_table(batch.architecture), like))
        self.mixture = terms._replace(mappings=terms.mappings.sum(-1, keepdim=True))

    def weight_step(self, step: int, samples: Samples) -> tuple[Tensor, Tensor]:
        """Take one step of the weights, and return loss and PSNR before it."""
        return self.train(step, self.mixture, samples)


def _tensor(values: NDArray[np.float64] | list[float], like: Tensor) -> Tensor:
    return torch.as_tensor(values, dtype=like.dtype, device=like.device)
