"""Initial weights, initial α, and step sizes: all engines start and step with these values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from configspace.operations import operations
from worker.engine.contract import FLATTENING_TAPS, LAST_STATES, Batch
from worker.engine.philox import KeyedGenerator, Occasion, Quantity


@dataclass(frozen=True, slots=True)
class NetWeights:
    """Initial weights of one two-layer CNN n(u): convolution, batch norm, ReLU, convolution.

    The first convolution has no bias, because batch norm would cancel it. Batch norm starts with
    scale 1 and shift 0.
    """

    first: NDArray[np.float64]
    """Weights of the first convolution, shape ``(trial, tap, channel)``."""
    second: NDArray[np.float64]
    """Weights of the second convolution, shape ``(trial, tap, channel)``."""
    bias: NDArray[np.float64]
    """Bias of the second convolution, shape ``(trial,)``."""


@dataclass(frozen=True, slots=True)
class Flattening:
    """Initial weights of a flattening, which convolves a cell's last two states to one signal."""

    weights: NDArray[np.float64]
    """Weights by state and tap, shape ``(trial, state, tap)``; tap t sees u[i + t − 1]."""
    bias: NDArray[np.float64]
    """Bias, shape ``(trial,)``."""


def initial_weights(batch: Batch, occasion: Occasion, edge: int, slot: int) -> NetWeights:
    """Draw a CNN's weights as PyTorch initializes convolutions: U(−1/√fan_in, 1/√fan_in).

    Args:
        batch: The trials.
        occasion: ``SEARCH_START`` or ``RETRAIN_START``.
        edge: Index of the CNN's edge.
        slot: 0 for the CNN of ``learnable_gradient``, 1 for the CNN of ``cnn``.
    """
    taps, channels = batch.architecture.kernel_size, batch.architecture.channels

    def draw(tensor: int, count: int, width: int, fan_in: int) -> NDArray[np.float64]:
        index = (2 * edge + slot) * 3 + tensor
        generator = KeyedGenerator(batch.seeds, occasion, [0], width, Quantity.WEIGHT, index)
        drawn: NDArray[np.float64] = (2 * generator.uniform(count)[:, 0] - 1) / np.sqrt(fan_in)
        return drawn

    return NetWeights(
        first=draw(0, taps, channels, taps),
        second=draw(1, taps, channels, channels * taps),
        bias=draw(2, 1, 1, channels * taps)[:, 0, 0],
    )


def initial_flattening(batch: Batch, occasion: Occasion, cell: int) -> Flattening:
    """Draw the flattening of a cell as PyTorch initializes convolutions; see `initial_weights`.

    Args:
        batch: The trials.
        occasion: ``SEARCH_START`` or ``RETRAIN_START``.
        cell: Index of the cell.
    """
    generator = KeyedGenerator(batch.seeds, occasion, [0], 1, Quantity.FLATTENING, cell)
    count = LAST_STATES * FLATTENING_TAPS
    drawn = (2 * generator.uniform(count + 1)[:, 0, :, 0] - 1) / np.sqrt(count)
    weights = drawn[:, :count].reshape(-1, LAST_STATES, FLATTENING_TAPS)
    return Flattening(weights=weights, bias=drawn[:, count])


def initial_alpha(batch: Batch) -> NDArray[np.float64]:
    """Draw the initial α from N(0, alpha_scale²), shape ``(trial, edge, operation)``."""
    count = len(operations(batch.architecture))
    generator = KeyedGenerator(batch.seeds, Occasion.SEARCH_START, [0], count, Quantity.ALPHA)
    return batch.search.alpha_scale * generator.normal(batch.architecture.edges)[:, 0]


def weight_step_sizes(batch: Batch) -> NDArray[np.float64]:
    """Return the step size of the weights at each step, shape ``(trial, step)``."""
    return np.stack(
        [
            hyper.param_lr * _factors(batch, warm_up=hyper.param_warm_up, linear=False)
            for hyper in batch.hyperparameters
        ]
    )


def alpha_step_sizes(batch: Batch) -> NDArray[np.float64]:
    """Return the step size of α at each step, shape ``(trial, step)``."""
    return np.stack(
        [
            hyper.alpha_lr
            * _factors(batch, warm_up=hyper.alpha_warm_up, linear=hyper.alpha_scheduler == "linear")
            for hyper in batch.hyperparameters
        ]
    )


def _factors(batch: Batch, *, warm_up: bool, linear: bool) -> NDArray[np.float64]:
    """Return the schedule: a linear warm-up, a linear decay to 0, both multiplied, or neither."""
    steps = np.arange(batch.steps)
    factors = np.ones(batch.steps)
    if warm_up:
        ramp = max(1, round(batch.search.warm_up_fraction * batch.steps))
        factors *= np.minimum(1.0, (steps + 1) / ramp)
    if linear:
        factors *= 1.0 - steps / batch.steps
    return factors
