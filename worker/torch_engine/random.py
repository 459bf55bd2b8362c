"""The keyed normals of a batch of trials, drawn by PyTorch on its own device.

The words are those of `worker.engine.philox` to the bit; the normals are those of
`worker.engine.philox.KeyedGenerator.normal` to 1e-6 in single precision.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.engine.philox import MASK, Occasion, Quantity, blocks, philox, to_unit


@dataclass(frozen=True, slots=True)
class Keys:
    """The trials' seeds as Philox keys."""

    low: Tensor
    """Low word of each seed, shape ``(trial, 1, 1, 1)``."""
    high: Tensor

    @classmethod
    def of(cls, seeds: NDArray[np.int64], device: torch.device) -> "Keys":
        """Split seeds, shape ``(trial,)``, and move them to a device."""
        seed = torch.as_tensor(seeds, device=device).reshape(-1, 1, 1, 1)
        return cls(seed & MASK, (seed >> 32) & MASK)


def words(keys: Keys, occasion: Occasion, steps: range, what: Tensor, count: int) -> Tensor:
    """Draw Philox's words.

    Args:
        keys: The trials.
        occasion: When the numbers are drawn.
        steps: Steps of that occasion, consecutive.
        what: Third counter words, ``quantity + 16 · index``, shape ``(index,)``.
        count: Words for each trial, step and index.

    Returns:
        64-bit integers in [0, 2^32), shape ``(trial, step, index, 4, blocks)``; the last two
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
    """Draw from N(0, 1), by Box and Muller's transform as `KeyedGenerator.normal` does it.

    Args:
        keys: The trials.
        occasion: When the numbers are drawn.
        steps: Steps of that occasion, consecutive.
        quantity: What the numbers are for.
        indices: The quantity's indices, shape ``(index,)``.
        shape: Numbers a sample, and samples a batch.
        dtype: Precision.

    Returns:
        Shape ``(trial, step, index, *shape)``.
    """
    count = shape[0] * shape[1]
    drawn = words(keys, occasion, steps, int(quantity) + 16 * indices, count)
    unit: Tensor = to_unit(drawn).to(dtype)  # (trial, step, index, 4, blocks)
    radius = (-2.0 * torch.log(unit[..., 0::2, :])).sqrt_()  # (trial, step, index, 2, blocks)
    # A turn is taken off by half, since a small angle has a small rounding error.
    angle = 2.0 * torch.pi * (unit[..., 1::2, :] - 0.5)
    pairs = torch.stack((-radius * torch.cos(angle), -radius * torch.sin(angle)), dim=-2)
    flat = pairs.flatten(-3)[..., :count]
    return flat.reshape(*flat.shape[:-1], *shape)
