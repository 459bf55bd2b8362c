"""The cell space: its wiring, and networks whose output has a closed form."""

import numpy as np
import pytest
import torch
from torch import Tensor

from configspace.operations import operations
from tests.worker.made_up import batch_of
from tests.worker.torch_engine.plain_cell import in_cells
from worker.engine.contract import Batch
from worker.engine.philox import Occasion
from worker.torch_engine.batches import Samples
from worker.torch_engine.cells import Wiring, wire
from worker.torch_engine.training import Training

LIKE = torch.empty(0, dtype=torch.float64)


def one_cell(states: int = 3) -> Batch:
    return in_cells(batch_of(), cells=1, states=states)


def index(operation: str) -> int:
    return operations(one_cell().architecture).index(operation)


def training_of(batch: Batch, *picks: str) -> tuple[Training, Samples]:
    """Return a training of one architecture in all trials, and a batch of samples."""
    names = operations(batch.architecture)
    row = [names.index(pick) for pick in picks]
    training = Training(batch, np.array([row] * len(batch.seeds)), LIKE)
    return training, next(training.sampler.draw(Occasion.RETRAIN_TRAINING, range(1)))


def set_flattening(training: Training, *weights: float) -> None:
    """Set the flattening of a single cell: three taps of each state, and the bias."""
    training.theta[:, -7:] = torch.tensor(weights, dtype=torch.float64)


def output(training: Training, samples: Samples) -> Tensor:
    return training.output(training.theta, training.mixture, samples)


@pytest.fixture
def two_cells() -> Wiring:
    """Return the wiring of two cells; the edges of each are 0→1; 0→2, 1→2; 0→3, 1→3, 2→3."""
    return wire(in_cells(batch_of(), cells=2, states=3).architecture, [True] * 12, LIKE)


def test_edges_leave_their_sources_in_target_order(two_cells: Wiring) -> None:
    assert two_cells.leaving.tolist() == [0, 1, 3, 2, 4, 5, 6, 7, 9, 8, 10, 11]
    assert two_cells.fans == [3, 2, 1] * 2


def test_each_edge_enters_its_target(two_cells: Wiring) -> None:
    assert two_cells.entering.sum(0).tolist() == [1] * 12
    assert two_cells.entering.sum(1).tolist() == [1, 2, 3] * 2
    assert two_cells.entering[4].nonzero().flatten().tolist() == [7, 8]


def test_edges_without_a_cnn_are_skipped() -> None:
    has_cnn = [False, True, False, True, False, False]
    wiring = wire(one_cell().architecture, has_cnn, LIKE)
    assert wiring.cnn_edges.tolist() == [1, 3]
    assert wiring.cnn_fans == [2, 0, 0]
    assert [target.tolist() for target in wiring.targets] == [[1, 2], [], []]


def test_a_state_is_the_sum_of_its_edges() -> None:
    # State 1 is the input, rolled once; state 2 is once + twice; state 3 is state 2, rolled.
    training, samples = training_of(one_cell(), "roll", "roll", "roll", "zero", "zero", "roll")
    set_flattening(training, 0, 0, 0, 0, 1, 0, 0)
    once, twice, three_times = (torch.roll(samples.start, shift, 1) for shift in (1, 2, 3))
    torch.testing.assert_close(output(training, samples), three_times + twice)
    set_flattening(training, 0, 1, 0, 0, 0, 0, 0)
    torch.testing.assert_close(output(training, samples), twice + once)


def test_the_flattening_is_a_convolution_of_the_last_two_states() -> None:
    training, samples = training_of(one_cell(2), "roll", "zero", "roll")
    weights = (0.3, -0.5, 0.7, 1.1, -1.3, 1.7)
    set_flattening(training, *weights, 0.25)
    states = torch.stack([torch.roll(samples.start, shift, 1) for shift in (1, 2)], 1)
    channels = states[0].permute(2, 0, 1)  # (batch, state, n)
    kernel = torch.tensor(weights, dtype=torch.float64).reshape(1, 2, 3)
    bias = torch.tensor([0.25], dtype=torch.float64)
    expected = torch.nn.functional.conv1d(channels, kernel, bias, padding=1)[:, 0].T
    torch.testing.assert_close(output(training, samples)[0], expected)


def test_the_output_is_that_of_the_last_cell() -> None:
    training, samples = training_of(in_cells(batch_of(), cells=2, states=2), *["roll"] * 6)
    identity = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]
    set_flattening(training, *identity)
    training.theta[:, -14:-7] = training.theta[:, -7:]

    def cell(u: Tensor) -> Tensor:
        return torch.roll(u, 2, 1) + torch.roll(u, 1, 1)

    torch.testing.assert_close(output(training, samples), cell(cell(samples.start)))


def test_a_gradient_step_starts_at_its_source() -> None:
    batch = in_cells(batch_of(), cells=1, states=2)
    training, samples = training_of(batch, "roll", "zero", "noise")
    set_flattening(training, 0, 0, 0, 0, 1, 0, 0)
    u = torch.roll(samples.start, 1, 1)
    matrix = torch.as_tensor(batch.problem.matrix)
    gradient = matrix.T @ (matrix @ u) - samples.start
    expected = u - batch.architecture.tau * gradient + samples.noise.drawn[:, 0]
    torch.testing.assert_close(output(training, samples), expected)
    assert samples.noise.edges.tolist() == [2]


@pytest.mark.parametrize("operation", ["cnn", "learnable_gradient", "zero"])
def test_a_state_without_edges_has_finite_gradients(operation: str) -> None:
    training, samples = training_of(one_cell(2), "zero", "zero", operation)
    theta = training.theta.requires_grad_()
    loss, psnr = training.loss_and_psnr(theta, training.mixture, samples)
    (gradient,) = torch.autograd.grad(loss.sum(), theta)
    assert loss.isfinite().all()
    assert psnr.isfinite().all()
    assert gradient.isfinite().all()


def test_a_cell_without_edges_is_the_bias_of_its_flattening() -> None:
    training, samples = training_of(one_cell(2), "zero", "zero", "zero")
    bias = training.theta[:, -1][:, None, None].expand_as(samples.start)
    assert torch.equal(output(training, samples), bias)
