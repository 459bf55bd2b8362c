"""The torch engine against plain PyTorch modules and optimizers, in double precision.

Both compute the same function with another order of operations. A relative tolerance of 1e-9 allows
for rounding errors near 1e-16, amplified by a few steps.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from configspace.hyperparameters import Hyperparameters
from configspace.operations import operations
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from tests.worker.torch_engine.plain import Plain, module_layout
from tests.worker.torch_engine.plain_cell import PlainCells, in_cells
from worker.engine.contract import PRETRAININGS, Batch
from worker.engine.drop_path import drop_factors
from worker.engine.initialization import alpha_step_sizes, initial_alpha, weight_step_sizes
from worker.engine.philox import KeyedGenerator, Occasion, Quantity
from worker.torch_engine.engine import TorchEngine


def plain_network(batch: Batch, occasion: Occasion, trial: int) -> Plain | PlainCells:
    of_space = Plain if batch.architecture.space == "sequential" else PlainCells
    return of_space(batch, occasion, trial)


def data(batch: Batch, occasion: Occasion, step: int, trial: int) -> tuple[Tensor, Tensor, Tensor]:
    """Draw x ``(batch, 1, n)``, y ``(batch, 1, m)`` and noise ``(edge, batch, 1, n)``."""
    size, seeds = batch.search.batch_size, batch.seeds[trial : trial + 1]
    m, n = batch.problem.matrix.shape

    def normal(quantity: Quantity, count: int, index: int = 0) -> NDArray[np.float64]:
        generator = KeyedGenerator(seeds, occasion, [step], size, quantity, index)
        drawn: NDArray[np.float64] = generator.normal(count)[0, 0]
        return drawn

    x = batch.problem.signals(KeyedGenerator(seeds, occasion, [step], size))[0, 0]
    error = normal(Quantity.MEASUREMENT_NOISE, m)
    y = batch.problem.matrix @ x + batch.problem.noise * error
    edges = range(batch.architecture.edges)
    noise = np.stack([normal(Quantity.OPERATION_NOISE, n, edge) for edge in edges])
    return module_layout(x), module_layout(y), module_layout(noise)


def plain_drop(batch: Batch, occasion: Occasion, step: int, trial: int) -> Tensor | float:
    """Return the factors of drop path, ``(edge, batch, 1, 1)``; 1 without it."""
    factors = drop_factors(batch, occasion, range(step, step + 1))
    return 1.0 if factors is None else torch.as_tensor(factors[trial, 0])[..., None, None].double()


def set_step_size(optimizer: torch.optim.Optimizer, size: float) -> None:
    optimizer.param_groups[0]["lr"] = size


def alpha_optimizer(alpha: Tensor, hyper: Hyperparameters) -> torch.optim.Optimizer:
    if hyper.alpha_optimizer == "adam":
        return torch.optim.Adam([alpha], weight_decay=hyper.alpha_weight_decay)
    return torch.optim.SGD([alpha], weight_decay=hyper.alpha_weight_decay)


def score(
    net: Plain | PlainCells, shares: Tensor, batch: Batch, occasion: Occasion, trial: int
) -> float:
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
    net = plain_network(batch, Occasion.SEARCH_START, trial)
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
            drop = plain_drop(batch, occasion, step, trial)
            loss = (net(alpha.softmax(-1), y, noise, drop) - x).square().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    psnr = score(net, alpha.softmax(-1), batch, Occasion.SEARCH_SCORE, trial)
    return alpha.detach().numpy(), np.array(losses).reshape(-1, 2), psnr


def trained(
    net: Plain | PlainCells,
    batch: Batch,
    picks: NDArray[np.int64],
    trial: int,
    occasion: Occasion = Occasion.RETRAIN_TRAINING,
) -> tuple[NDArray[np.float64], Tensor]:
    """Train a net; return the losses ``(step,)`` and the shares."""
    hyper = batch.hyperparameters[trial]
    optimizer = torch.optim.Adam(net.parameters(), weight_decay=hyper.param_weight_decay)
    shares = torch.eye(len(operations(batch.architecture)), dtype=torch.float64)[picks]
    losses = []
    for step in range(batch.steps):
        set_step_size(optimizer, weight_step_sizes(batch)[trial, step])
        x, y, noise = data(batch, occasion, step, trial)
        optimizer.zero_grad()
        loss = (net(shares, y, noise) - x).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses), shares


def plain_training(
    batch: Batch, picks: NDArray[np.int64], trial: int
) -> tuple[NDArray[np.float64], float]:
    """Return the losses ``(step,)`` and the architecture PSNR."""
    net = plain_network(batch, Occasion.RETRAIN_START, trial)
    losses, shares = trained(net, batch, picks, trial)
    return losses, score(net, shares, batch, Occasion.RETRAIN_SCORE, trial)


def plain_single(
    batch: Batch, trial: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
    """Return DARTS-single's α, losses ``(step,)`` of validation and training, and PSNR."""
    hyper = batch.hyperparameters[trial]
    nets = [plain_network(batch, Occasion.SEARCH_START, trial) for _ in PRETRAININGS]
    training = [
        trained(net, batch, np.full(batch.architecture.edges, slot), trial, occasion)[0]
        for slot, (net, occasion) in enumerate(zip(nets, PRETRAININGS, strict=True))
    ]
    net = nets[1]
    for name, value in nets[0].state_dict().items():
        if ".gradient." in name:
            net.state_dict()[name].copy_(value)
    net.requires_grad_(requires_grad=False)
    alpha = torch.as_tensor(initial_alpha(batch)[trial]).requires_grad_()
    for_alpha = alpha_optimizer(alpha, hyper)
    losses = []
    for step in range(batch.steps):
        set_step_size(for_alpha, alpha_step_sizes(batch)[trial, step])
        x, y, noise = data(batch, Occasion.SEARCH_VALIDATION, step, trial)
        for_alpha.zero_grad()
        loss = (net(alpha.softmax(-1), y, noise) - x).square().mean()
        loss.backward()
        for_alpha.step()
        losses.append(loss.item())
    psnr = score(net, alpha.softmax(-1), batch, Occasion.SEARCH_SCORE, trial)
    return alpha.detach().numpy(), np.array(losses), np.mean(training, axis=0), psnr


def epochs_of(batch: Batch, losses: NDArray[np.float64]) -> NDArray[np.float64]:
    split = losses.reshape(batch.epochs, batch.search.batches, *losses.shape[1:])
    means: NDArray[np.float64] = split.mean(1)
    return means


def assert_searches_match_plain_modules(batch: Batch) -> None:
    searched = TorchEngine(dtype=torch.float64).search(batch, lambda done, of: None)
    for trial in range(len(batch.seeds)):
        alpha, losses, psnr = plain_search(batch, trial)
        validation, training = epochs_of(batch, losses).T
        np.testing.assert_allclose(searched.alpha[trial], alpha, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(searched.validation_loss[trial], validation, rtol=1e-9)
        np.testing.assert_allclose(searched.train_loss[trial], training, rtol=1e-9)
        assert searched.psnr[trial] == pytest.approx(psnr, rel=1e-9)


def assert_retrainings_match_plain_modules(batch: Batch, picks: NDArray[np.int64]) -> None:
    retrained = TorchEngine(dtype=torch.float64).retrain(batch, picks, lambda done, of: None)
    for trial in range(len(batch.seeds)):
        losses, psnr = plain_training(batch, picks[trial], trial)
        np.testing.assert_allclose(retrained.train_loss[trial], epochs_of(batch, losses), rtol=1e-9)
        assert retrained.psnr[trial] == pytest.approx(psnr, rel=1e-9)


SIZES = [("blur", 3), ("downsampling", 3), ("blur", 5)]


@pytest.mark.slow
@pytest.mark.parametrize(("problem", "kernel_size"), SIZES)
def test_a_search_matches_plain_modules(problem: str, kernel_size: int) -> None:
    assert_searches_match_plain_modules(
        batch_of(*HYPERPARAMETERS, problem=problem, kernel_size=kernel_size, epochs=3)
    )


@pytest.mark.slow
@pytest.mark.parametrize("operations", ["good", "all"])
@pytest.mark.parametrize(("problem", "kernel_size"), SIZES)
def test_a_search_of_cells_matches_plain_modules(
    problem: str, kernel_size: int, operations: str
) -> None:
    batch = batch_of(
        *HYPERPARAMETERS, operations=operations, problem=problem, kernel_size=kernel_size, epochs=3
    )
    assert_searches_match_plain_modules(in_cells(batch, cells=2, states=3))


@pytest.mark.slow
def test_a_search_of_five_states_matches_plain_modules() -> None:
    batch = batch_of(*HYPERPARAMETERS[:2], channels=2, points=12)
    assert_searches_match_plain_modules(in_cells(batch, cells=2, states=5))


@pytest.mark.slow
@pytest.mark.parametrize("space", ["sequential", "cell"])
def test_a_search_with_drop_path_matches_plain_modules(space: str) -> None:
    batch = replace(batch_of(*HYPERPARAMETERS, epochs=4), drop_paths=(0.0, 0.2, 0.4, 0.6))
    assert_searches_match_plain_modules(batch if space == "sequential" else in_cells(batch))


def test_a_retraining_matches_plain_modules() -> None:
    assert_retrainings_match_plain_modules(
        batch_of(*HYPERPARAMETERS, epochs=3),
        np.array([[0, 1, 3], [1, 2, 0], [2, 2, 3], [0, 0, 1]]),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "picks",
    [
        [0, 1, 1, 0, 2, 3, 1, 0, 3, 2, 1, 0],
        [0, 4, 1, 1, 4, 4, 1, 4, 0, 4, 2, 1],  # some edges are zero
        [4, 0, 1, 1, 0, 1, 4, 4, 1, 0, 4, 1],  # states 1 and 2 of the second cell are zero
        [4, 4, 4, 4, 4, 4, 4, 4, 1, 4, 0, 4],  # the first cell's output is its bias
        [4] * 12,
    ],
)
def test_a_retraining_of_cells_matches_plain_modules(picks: list[int]) -> None:
    # Together with another architecture, so that an edge is zero in only one of the two trials.
    batch = in_cells(batch_of(*HYPERPARAMETERS[:2], epochs=3), cells=2, states=3)
    others = [1, 0, 3, 2, 1, 0, 1, 1, 0, 4, 2, 1]
    assert_retrainings_match_plain_modules(batch, np.array([picks, others]))
    alone = in_cells(batch_of(HYPERPARAMETERS[0], epochs=3), cells=2, states=3)
    assert_retrainings_match_plain_modules(alone, np.array([picks]))


@pytest.mark.slow
@pytest.mark.parametrize("space", ["sequential", "cell"])
def test_darts_single_matches_plain_modules(space: str) -> None:
    batch = batch_of(*HYPERPARAMETERS, epochs=3)
    search = batch.search.model_copy(update={"variant": "darts-single"})
    batch = replace(batch if space == "sequential" else in_cells(batch), search=search)
    searched = TorchEngine(dtype=torch.float64).search(batch, lambda done, of: None)
    for trial in range(len(batch.seeds)):
        alpha, validation, training, psnr = plain_single(batch, trial)
        np.testing.assert_allclose(searched.alpha[trial], alpha, rtol=1e-9, atol=1e-12)
        ours = searched.validation_loss[trial], searched.train_loss[trial]
        np.testing.assert_allclose(ours[0], epochs_of(batch, validation), rtol=1e-9)
        np.testing.assert_allclose(ours[1], epochs_of(batch, training), rtol=1e-9)
        assert searched.psnr[trial] == pytest.approx(psnr, rel=1e-9)
