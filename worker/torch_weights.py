"""The weights of a batch of trials as one tensor, so that an optimizer's step is a few kernels.

A layer's weights are laid out flat as `worker.torch_network.Weights` names them.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from configspace.study import ArchitectureSettings
from worker.engine import Batch, initial_weights
from worker.philox import Occasion
from worker.torch_network import MAPPINGS, Weights


def unflatten(theta: Tensor, settings: ArchitectureSettings, slots: int) -> Weights:
    """Return views of the weights.

    Args:
        theta: Shape ``(trial, layer, parameter)``.
        settings: The widths.
        slots: Mappings a layer.
    """
    channels, taps = settings.channels, settings.kernel_size
    shapes = (
        (slots * channels, taps),
        (slots * channels, 1),
        (slots * channels, 1),
        (slots, taps, channels),
        (slots,),
    )
    parts = torch.split(theta, [math.prod(shape) for shape in shapes], dim=-1)
    return Weights(
        *(part.reshape(*theta.shape[:2], *shape) for part, shape in zip(parts, shapes, strict=True))
    )


def search_start(batch: Batch) -> NDArray[np.float64]:
    """Return a supernet's initial weights, two slots a layer: ``(trial, layer, parameter)``."""
    layers = range(batch.architecture.layers)
    return np.stack(
        [
            _flat([_slot(batch, Occasion.SEARCH_START, layer, slot) for slot in range(MAPPINGS)])
            for layer in layers
        ],
        axis=1,
    )


def retrain_start(batch: Batch, architectures: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the initial weights of the picked operations, with one slot a layer.

    A layer without a mapping has zeros, which stay zeros: no gradient reaches them.

    Args:
        batch: The trials.
        architectures: Index of each layer's operation, ``(trial, layer)``.
    """
    return np.stack(
        [
            sum(
                (picks == slot)[:, None]
                * _flat([_slot(batch, Occasion.RETRAIN_START, layer, slot)])
                for slot in range(MAPPINGS)
            )
            for layer, picks in enumerate(architectures.T)
        ],
        axis=1,
    )


def _slot(
    batch: Batch, occasion: Occasion, layer: int, slot: int
) -> tuple[NDArray[np.float64], ...]:
    """Return one mapping's weights in the order of `Weights`, each ``(trial, …)``."""
    start = initial_weights(batch, occasion, layer, slot)
    per_channel = np.ones((len(batch.seeds), batch.architecture.channels))
    return start.first.mT, per_channel, 0 * per_channel, start.second, start.bias[:, None]


def _flat(slots: list[tuple[NDArray[np.float64], ...]]) -> NDArray[np.float64]:
    """Join slots kind by kind, flattened: ``(trial, parameter)``."""
    trials = len(slots[0][0])
    return np.concatenate(
        [part.reshape(trials, -1) for kind in zip(*slots, strict=True) for part in kind], axis=1
    )
