"""The torch engine against plain PyTorch modules and optimizers, in double precision.

Both compute the same function in another order of operations: 1e-9 relative leaves room for what
a few steps make of rounding errors near 1e-16.
"""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from configspace.hyperparameters import Hyperparameters
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from tests.worker.plain import Plain, module_layout
from worker.engine import Batch, alpha_step_sizes, initial_alpha, weight_step_sizes
from worker.philox import KeyedGenerator, Occasion, Quantity
from worker.torch_engine import TorchEngine


def data(batch: Batch, occasion: Occasion, step: int, trial: int) -> tuple[Tensor, Tensor, Tensor]:
    """Draw x ``(batch, 1, n)``, y ``(batch, 1, m)`` and noise ``(layer, batch, 1, n)``."""
    size, seeds = batch.search.batch_size, batch.seeds[trial : trial + 1]
    m, n = batch.problem.matrix.shape

    def normal(quantity: Quantity, count: int, index: int = 0) -> NDArray[np.float64]:
        generator = KeyedGenerator(seeds, occasion, [step], size, quantity, index)
        drawn: NDArray[np.float64] = generator.normal(count)[0, 0]
        return drawn

    x = batch.problem.signals(KeyedGenerator(seeds, occasion, [step], size))[0, 0]
    error = normal(Quantity.MEASUREMENT_NOISE, m)
    y = batch.problem.matrix @ x + batch.problem.noise * error
    layers = range(batch.architecture.layers)
    noise = np.stack([normal(Quantity.OPERATION_NOISE, n, layer) for layer in layers])
    return module_layout(x), module_layout(y), module_layout(noise)


def set_step_size(optimizer: torch.optim.Optimizer, size: float) -> None:
    optimizer.param_groups[0]["lr"] = size


def alpha_optimizer(alpha: Tensor, hyper: Hyperparameters) -> torch.optim.Optimizer:
    if hyper.alpha_optimizer == "adam":
        return torch.optim.Adam([alpha], weight_decay=hyper.alpha_weight_decay)
    return torch.optim.SGD([alpha], weight_decay=hyper.alpha_weight_decay)


def score(net: Plain, shares: Tensor, batch: Batch, occasion: Occasion, trial: int) -> float:
    psnrs = []
    for step in range(batch.search.batches):
        x, y, noise = data(batch, occasion, step, trial)
        errors = (net(shares, y, noise) - x).square().mean((1, 2))
        psnrs.append(-10 * torch.log10(errors).mean().item())
    return float(np.mean(psnrs))


def plain_search(
    batch: Batch, trial: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return α, the losses ``(step, validation and training)`` and the one-shot PSNR."""
    hyper = batch.hyperparameters[trial]
    net = Plain(batch, Occasion.SEARCH_START, trial)
    alpha = torch.as_tensor(initial_alpha(batch)[trial]).requires_grad_()
    for_alpha = alpha_optimizer(alpha, hyper)
    for_weights = torch.optim.Adam(net.parameters(), weight_decay=hyper.param_weight_decay)
    losses = []
    for step in range(batch.steps):
        set_step_size(for_alpha, alpha_step_sizes(batch)[trial, step])
        set_step_size(for_weights, weight_step_sizes(batch)[trial, step])
        for occasion, optimizer in (
            (Occasion.SEARCH_VALIDATION, for_alpha),
            (Occasion.SEARCH_TRAINING, for_weights),
        ):
            x, y, noise = data(batch, occasion, step, trial)
            for_alpha.zero_grad()
            for_weights.zero_grad()
            loss = (net(alpha.softmax(-1), y, noise) - x).square().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    psnr = score(net, alpha.softmax(-1), batch, Occasion.SEARCH_SCORE, trial)
    return alpha.detach().numpy(), np.array(losses).reshape(-1, 2), psnr


def plain_training(
    batch: Batch, picks: NDArray[np.int64], trial: int
) -> tuple[NDArray[np.float64], float]:
    """Return the losses ``(step,)`` and the architecture PSNR."""
    hyper = batch.hyperparameters[trial]
    net = Plain(batch, Occasion.RETRAIN_START, trial)
    optimizer = torch.optim.Adam(net.parameters(), weight_decay=hyper.param_weight_decay)
    shares = torch.eye(4, dtype=torch.float64)[picks]
    losses = []
    for step in range(batch.steps):
        set_step_size(optimizer, weight_step_sizes(batch)[trial, step])
        x, y, noise = data(batch, Occasion.RETRAIN_TRAINING, step, trial)
        optimizer.zero_grad()
        loss = (net(shares, y, noise) - x).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses), score(net, shares, batch, Occasion.RETRAIN_SCORE, trial)


def epochs_of(batch: Batch, losses: NDArray[np.float64]) -> NDArray[np.float64]:
    split = losses.reshape(batch.epochs, batch.search.batches, *losses.shape[1:])
    means: NDArray[np.float64] = split.mean(1)
    return means


@pytest.mark.parametrize(
    ("problem", "kernel_size"), [("blur", 3), ("downsampling", 3), ("blur", 5)]
)
def test_a_search_is_that_of_plain_modules(problem: str, kernel_size: int) -> None:
    batch = batch_of(*HYPERPARAMETERS, problem=problem, kernel_size=kernel_size, epochs=3)
    searched = TorchEngine(dtype=torch.float64).search(batch, lambda done, of: None)
    for trial in range(len(batch.seeds)):
        alpha, losses, psnr = plain_search(batch, trial)
        validation, training = epochs_of(batch, losses).T
        np.testing.assert_allclose(searched.alpha[trial], alpha, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(searched.validation_loss[trial], validation, rtol=1e-9)
        np.testing.assert_allclose(searched.train_loss[trial], training, rtol=1e-9)
        assert searched.psnr[trial] == pytest.approx(psnr, rel=1e-9)


def test_a_retraining_is_that_of_plain_modules() -> None:
    batch = batch_of(*HYPERPARAMETERS, epochs=3)
    picks = np.array([[0, 1, 3], [1, 2, 0], [2, 2, 3], [0, 0, 1]])
    trained = TorchEngine(dtype=torch.float64).retrain(batch, picks, lambda done, of: None)
    for trial in range(len(batch.seeds)):
        losses, psnr = plain_training(batch, picks[trial], trial)
        np.testing.assert_allclose(trained.train_loss[trial], epochs_of(batch, losses), rtol=1e-9)
        assert trained.psnr[trial] == pytest.approx(psnr, rel=1e-9)
