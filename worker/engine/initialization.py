"""What a trial starts from, and how far each step goes: the values that engines share.

Two engines that start from these values, draw the numbers of `worker.engine.philox` and take
these steps compute the same trial.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from configspace.operations import operations
from worker.engine.contract import FLATTENING_TAPS, LAST_STATES, Batch
from worker.engine.philox import KeyedGenerator, Occasion, Quantity


@dataclass(frozen=True, slots=True)
class NetWeights:
    """Initial weights of one mapping n(u): convolution, batch norm, ReLU, convolution.

    The first convolution has no bias, since batch norm would cancel it; batch norm starts at
    scale 1 and shift 0.
    """

    first: NDArray[np.float64]
    """Shape ``(trial, tap, channel)``."""
    second: NDArray[np.float64]
    """Shape ``(trial, tap, channel)``."""
    bias: NDArray[np.float64]
    """Bias of the second convolution, shape ``(trial,)``."""


@dataclass(frozen=True, slots=True)
class Flattening:
    """Initial weights of a cell's last convolution, from its last two states to one signal."""

    weights: NDArray[np.float64]
    """Shape ``(trial, state, tap)``, of the last state but one first; tap t sees u[i + t − 1]."""
    bias: NDArray[np.float64]
    """Shape ``(trial,)``."""


def initial_weights(batch: Batch, occasion: Occasion, edge: int, slot: int) -> NetWeights:
    """Draw PyTorch's default initialization of a convolution: U(−1/√fan_in, 1/√fan_in).

    Args:
        batch: The trials.
        occasion: ``SEARCH_START`` or ``RETRAIN_START``.
        edge: Which edge the mapping belongs to.
        slot: 0 for the learnable gradient's mapping, 1 for the CNN's.
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
    """Draw PyTorch's default initialization of a cell's flattening, as `initial_weights` does.

    Args:
        batch: The trials.
        occasion: ``SEARCH_START`` or ``RETRAIN_START``.
        cell: Which cell.
    """
    generator = KeyedGenerator(batch.seeds, occasion, [0], 1, Quantity.FLATTENING, cell)
    count = LAST_STATES * FLATTENING_TAPS
    drawn = (2 * generator.uniform(count + 1)[:, 0, :, 0] - 1) / np.sqrt(count)
    weights = drawn[:, :count].reshape(-1, LAST_STATES, FLATTENING_TAPS)
    return Flattening(weights=weights, bias=drawn[:, count])


def initial_alpha(batch: Batch) -> NDArray[np.float64]:
    """Draw α's start from N(0, alpha_scale²), shape ``(trial, edge, operation)``."""
    count = len(operations(batch.architecture))
    generator = KeyedGenerator(batch.seeds, Occasion.SEARCH_START, [0], count, Quantity.ALPHA)
    return batch.search.alpha_scale * generator.normal(batch.architecture.edges)[:, 0]


def weight_step_sizes(batch: Batch) -> NDArray[np.float64]:
    """Return the weights' step size at each step, shape ``(trial, step)``."""
    return np.stack(
        [
            hyper.param_lr * _factors(batch, warm_up=hyper.param_warm_up, linear=False)
            for hyper in batch.hyperparameters
        ]
    )


def alpha_step_sizes(batch: Batch) -> NDArray[np.float64]:
    """Return α's step size at each step, shape ``(trial, step)``."""
    return np.stack(
        [
            hyper.alpha_lr
            * _factors(batch, warm_up=hyper.alpha_warm_up, linear=hyper.alpha_scheduler == "linear")
            for hyper in batch.hyperparameters
        ]
    )


def _factors(batch: Batch, *, warm_up: bool, linear: bool) -> NDArray[np.float64]:
    """Return a ramp up over the first steps, a fall to 0 over all of them, or their product."""
    steps = np.arange(batch.steps)
    factors = np.ones(batch.steps)
    if warm_up:
        ramp = max(1, round(batch.search.warm_up_fraction * batch.steps))
        factors *= np.minimum(1.0, (steps + 1) / ramp)
    if linear:
        factors *= 1.0 - steps / batch.steps
    return factors
