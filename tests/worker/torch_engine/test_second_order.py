"""The gradient of α in the second order, against finite differences of the unrolled loss.

The reference is a plain module. For each value of α, its weights take one step of gradient descent,
in double precision. A difference over ±1e-6 has a rounding error near 1e-9 of the gradient. There
are few hidden activations, and with these seeds no kink of a ReLU is within a difference.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from configspace.hyperparameters import Hyperparameters
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from tests.worker.torch_engine.test_plain import data, plain_network
from worker.engine.contract import Batch
from worker.engine.initialization import weight_step_sizes
from worker.engine.philox import Occasion
from worker.torch_engine.training import Search

STEP = 1e-6
LIKE = torch.empty(0, dtype=torch.float64)
LARGE = Hyperparameters(param_lr=0.05, param_weight_decay=0.1, param_warm_up=True)
"""Hyperparameters with a step size that gives the second order a large effect."""


def batch_in(space: str, operations: str, *hyperparameters: Hyperparameters) -> Batch:
    batch = batch_of(
        *hyperparameters, operations=operations, layers=3, channels=2, points=12, batch_size=6
    )
    settings = {"space": space, "cells": 2, "states": 2}
    architecture = batch.architecture.model_copy(update=settings)
    search = batch.search.model_copy(update={"variant": "darts-second-order"})
    return replace(batch, architecture=architecture, search=search)


def spread_search(batch: Batch) -> Search:
    """Return supernets with an α that is far from uniform."""
    search = Search.from_scratch(batch, LIKE)
    search.alpha += torch.linspace(-1, 1, search.alpha.numel()).reshape(search.alpha.shape)
    return search


def gradients(search: Search, step: int) -> tuple[Tensor, Tensor]:
    """Return the gradients of α at a step in the first and in the second order."""
    steps = range(step, step + 1)
    validation = next(search.sampler.draw(Occasion.SEARCH_VALIDATION, steps))
    training = next(search.sampler.draw(Occasion.SEARCH_TRAINING, steps))
    first = search.alpha_gradient(step, validation)[2]
    return first, search.alpha_gradient(step, validation, training)[2]


def unrolled_loss(batch: Batch, trial: int, step: int, alpha: Tensor) -> float:
    """Return L_val(w − ξ (∇L_train(w, α) + λ w), α), computed by plain modules."""
    net = plain_network(batch, Occasion.SEARCH_START, trial)
    size = weight_step_sizes(batch)[trial, step]
    decay = batch.hyperparameters[trial].param_weight_decay
    shares = alpha.softmax(-1)
    x, y, noise = data(batch, Occasion.SEARCH_TRAINING, step, trial)
    (net(shares, y, noise) - x).square().mean().backward()
    moved = {
        name: weight.detach() - size * (weight.grad + decay * weight.detach())
        for name, weight in net.named_parameters()
        if weight.grad is not None
    }
    x, y, noise = data(batch, Occasion.SEARCH_VALIDATION, step, trial)
    with torch.no_grad():
        loss: Tensor = (functional_call(net, moved, (shares, y, noise)) - x).square().mean()
    return loss.item()


@pytest.mark.slow
@pytest.mark.parametrize("operations", ["good", "all"])
@pytest.mark.parametrize("space", ["sequential", "cell"])
def test_the_second_order_matches_finite_differences(space: str, operations: str) -> None:
    search = spread_search(batch_in(space, operations, LARGE))
    alpha = search.alpha[0].clone()
    first, second = gradients(search, 1)
    differences = torch.zeros_like(alpha)
    for index in np.ndindex(*alpha.shape):
        ends = []
        for sign in (1, -1):
            moved = alpha.clone()
            moved[index] += sign * STEP
            ends.append(unrolled_loss(search.batch, 0, 1, moved))
        differences[index] = (ends[0] - ends[1]) / (2 * STEP)
    assert (second[0] - differences).norm() <= 1e-5 * differences.norm()
    assert (first[0] - differences).norm() > 0.01 * differences.norm()


@pytest.mark.parametrize("space", ["sequential", "cell"])
def test_without_a_weight_step_both_orders_agree(space: str) -> None:
    still = LARGE.model_copy(update={"param_lr": 0.0})
    first, second = gradients(spread_search(batch_in(space, "all", still)), 0)
    torch.testing.assert_close(second, first, rtol=1e-12, atol=0)


def test_unrolling_does_not_change_the_weights() -> None:
    search = spread_search(batch_in("cell", "all", LARGE))
    theta = search.theta.clone()
    gradients(search, 0)
    assert torch.equal(search.theta, theta)
    assert not search.theta.requires_grad


def test_a_gradient_does_not_depend_on_other_trials() -> None:
    hypers = [hyper.model_copy(update={"param_lr": 0.05}) for hyper in HYPERPARAMETERS]
    together = gradients(Search.from_scratch(batch_in("cell", "all", *hypers), LIKE), 1)[1]
    alone = gradients(Search.from_scratch(batch_in("cell", "all", hypers[0]), LIKE), 1)[1]
    torch.testing.assert_close(together[:1], alone, rtol=1e-10, atol=1e-14)
