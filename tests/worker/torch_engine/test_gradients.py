"""The gradients of a search step against central differences, in double precision.

A difference over ±1e-6 has a rounding error near 1e-9 of the gradient. The loss has kinks (ReLU).
There are few hidden activations, and with these seeds no kink is within a difference.
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from configspace.operations import OPERATIONS
from tests.worker.made_up import batch_of
from worker.engine.philox import Occasion
from worker.torch_engine.batches import Samples
from worker.torch_engine.network import mixture, term_table
from worker.torch_engine.training import Search, Trainer, Training

STEP = 1e-6
LIKE = torch.empty(0, dtype=torch.float64)


def sample_of(trainer: Trainer) -> Samples:
    return next(trainer.sampler.draw(Occasion.SEARCH_TRAINING, range(1)))


def assert_gradient_is_the_difference(loss: Callable[[Tensor], Tensor], at: Tensor) -> None:
    """Compare ‖gradient − differences‖ with ‖gradient‖."""
    point = at.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(point), point)
    differences = torch.zeros_like(point)
    with torch.no_grad():
        for index in np.ndindex(*at.shape):
            ends = []
            for sign in (1, -1):
                moved = at.detach().clone()
                moved[index] += sign * STEP
                ends.append(loss(moved))
            differences[index] = (ends[0] - ends[1]) / (2 * STEP)
    assert gradient.norm() > 0
    assert (gradient - differences).norm() <= 1e-6 * gradient.norm()


def small_search(operations: str, kernel_size: int) -> Search:
    search = Search.from_scratch(
        batch_of(
            operations=operations,
            layers=2,
            channels=2,
            points=12,
            batch_size=6,
            kernel_size=kernel_size,
        ),
        LIKE,
    )
    search.alpha += torch.linspace(-1, 1, search.alpha.numel()).reshape(search.alpha.shape)
    return search


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("operations", ["all", "good"])
def test_the_weight_gradient_matches_finite_differences(operations: str, kernel_size: int) -> None:
    search = small_search(operations, kernel_size)
    sample, mix = sample_of(search), search.mixture()
    assert_gradient_is_the_difference(
        lambda theta: search.loss_and_psnr(theta, mix, sample)[0].sum(), search.theta
    )


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("operations", ["all", "good"])
def test_the_alpha_gradient_matches_finite_differences(operations: str, kernel_size: int) -> None:
    search = small_search(operations, kernel_size)
    sample, theta = sample_of(search), search.theta

    def loss(alpha: Tensor) -> Tensor:
        search.alpha = alpha
        return search.loss_and_psnr(theta, search.mixture(), sample)[0].sum()

    assert_gradient_is_the_difference(loss, search.alpha)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_gradient_of_each_share_matches(operation: str) -> None:
    # The softmax of one operation alone would hide the gradient of α, so differentiate the shares.
    search = small_search("all", 3)
    sample, index = sample_of(search), OPERATIONS.index(operation)
    shares = torch.eye(4, dtype=torch.float64)[index].expand(1, 2, 4)
    table = torch.as_tensor(term_table(search.batch.architecture))

    def loss(share: Tensor) -> Tensor:
        mix = mixture(shares * share, table)
        return search.loss_and_psnr(search.theta, mix, sample)[0].sum()

    assert_gradient_is_the_difference(loss, torch.tensor([[[0.9], [0.7]]], dtype=torch.float64))


@pytest.mark.parametrize("operation", ["learnable_gradient", "cnn"])
def test_the_weight_gradient_of_each_operation_matches(operation: str) -> None:
    batch = batch_of(layers=2, channels=2, points=12, batch_size=6)
    picks = np.full((1, 2), OPERATIONS.index(operation))
    training = Training(batch, picks, LIKE)
    sample = sample_of(training)
    assert_gradient_is_the_difference(
        lambda theta: training.loss_and_psnr(theta, training.mixture, sample)[0].sum(),
        training.theta,
    )
