"""Keyed normal random numbers of a batch of trials, drawn by PyTorch on the engine's device.

The words equal those of `worker.engine.philox` to the bit. In single precision, the normal numbers
equal those of `worker.engine.philox.KeyedGenerator.normal` to 1e-6.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.engine.philox import MASK, Occasion, Quantity, blocks, philox, to_unit


@dataclass(frozen=True, slots=True)
class Keys:
    """Philox keys: the seeds of the trials as pairs of words."""

    low: Tensor
    """Low word of each seed, shape ``(trial, 1, 1, 1)``."""
    high: Tensor
    """High word of each seed, shape ``(trial, 1, 1, 1)``."""

    @classmethod
    def of(cls, seeds: NDArray[np.int64], device: torch.device) -> "Keys":
        """Split seeds, shape ``(trial,)``, and move them to a device."""
        seed = torch.as_tensor(seeds, device=device).reshape(-1, 1, 1, 1)
        return cls(seed & MASK, (seed >> 32) & MASK)


def words(keys: Keys, occasion: Occasion, steps: range, what: Tensor, count: int) -> Tensor:
    """Draw the words of Philox.

    Args:
        keys: Keys of the trials.
        occasion: Phase of the trial in which the numbers are drawn.
        steps: Consecutive steps of that occasion.
        what: Third words of the counters, ``quantity + 16 · index``, shape ``(index,)``.
        count: Number of words for each trial, step and index.

    Returns:
        64-bit integers in [0, 2^32), shape ``(trial, step, index, 4, blocks)``. The last two
        dimensions, flattened, are the words in order.
    """
    device = keys.low.device
    block = torch.arange(blocks(count), device=device)
    step = torch.arange(steps.start, steps.stop, device=device).reshape(-1, 1, 1)
    counter = (block, step, what.reshape(-1, 1), int(occasion))
    return torch.stack(philox(counter, (keys.low, keys.high)), dim=3)


def normal(
    keys: Keys,
    occasion: Occasion,
    steps: range,
    quantity: Quantity,
    indices: Tensor,
    shape: tuple[int, int],
    dtype: torch.dtype,
) -> Tensor:
    """Draw from N(0, 1) by the Box-Muller transform, as `KeyedGenerator.normal` does.

    Args:
        keys: Keys of the trials.
        occasion: Phase of the trial in which the numbers are drawn.
        steps: Consecutive steps of that occasion.
        quantity: Purpose of the numbers.
        indices: Indices of the quantity, shape ``(index,)``.
        shape: Numbers per sample, and samples per batch.
        dtype: Precision of the result.

    Returns:
        Normal numbers, shape ``(trial, step, index, *shape)``.
    """
    count = shape[0] * shape[1]
    drawn = words(keys, occasion, steps, int(quantity) + 16 * indices, count)
    unit: Tensor = to_unit(drawn).to(dtype)  # (trial, step, index, 4, blocks)
    radius = (-2.0 * torch.log(unit[..., 0::2, :])).sqrt_()  # (trial, step, index, 2, blocks)
    # Angles in [−π, π) instead of [0, 2π): a small angle has a small rounding error. The shift by π
    # changes the sign of cosine and sine.
    angle = 2.0 * torch.pi * (unit[..., 1::2, :] - 0.5)
    pairs = torch.stack((-radius * torch.cos(angle), -radius * torch.sin(angle)), dim=-2)
    flat = pairs.flatten(-3)[..., :count]
    return flat.reshape(*flat.shape[:-1], *shape)
