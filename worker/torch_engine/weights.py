"""The weights of a batch of trials as one tensor, so that an optimizer step is a few kernels.

The weights of a trial have three parts: the weights of the CNNs, edge by edge, and for each edge in
the order of `worker.torch_engine.network.Weights`; the flattening of each cell; and the weights of
the custom operations.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from configspace.architecture import ArchitectureSettings
from worker.engine.contract import FLATTENING_TAPS, LAST_STATES, Batch
from worker.engine.initialization import initial_flattening, initial_weights
from worker.engine.philox import Occasion
from worker.torch_engine.cnn import Weights
from worker.torch_engine.custom_operations import custom_start
from worker.torch_engine.network import CNNS


class Parameters(NamedTuple):
    """All weights of a network, without those of custom operations."""

    cnns: Weights
    """Weights of the CNNs of all edges."""
    flattening: Tensor
    """Weights of each cell's flattening by state and tap, followed by its bias:
    ``(trial, cell, state · tap + 1)``. The sequential space has no cells."""


def unflatten(theta: Tensor, settings: ArchitectureSettings, slots: int) -> Parameters:
    """Return views of the weights.

    Args:
        theta: Weights, ``(trial, parameter)``, without those of custom operations.
        settings: Settings of the search space.
        slots: Number of CNNs per edge.
    """
    channels, taps = settings.channels, settings.kernel_size
    shapes = (
        (slots * channels, taps),
        (slots * channels, 1),
        (slots * channels, 1),
        (slots, taps, channels),
        (slots,),
    )
    sizes = [math.prod(shape) for shape in shapes]
    count = settings.edges * sum(sizes)
    of_edges, flattening = torch.split(theta, [count, theta.shape[1] - count], dim=1)
    leading = len(theta), settings.edges
    parts = torch.split(of_edges.view(*leading, -1), sizes, dim=-1)
    cnns = [part.view(*leading, *shape) for part, shape in zip(parts, shapes, strict=True)]
    width = LAST_STATES * FLATTENING_TAPS + 1
    return Parameters(Weights(*cnns), flattening.reshape(len(theta), -1, width))


def joined(networks: Sequence[Tensor], settings: ArchitectureSettings) -> Tensor:
    """Combine networks of one CNN per edge into a supernet with these networks as its slots.

    Args:
        networks: Weights of each slot's network, ``(trial, parameter)``. The flattening is that of
            the last network.
        settings: Settings of the search space.
    """
    parts = [unflatten(theta, settings, slots=1) for theta in networks]
    kinds = [torch.cat(kind, dim=2) for kind in zip(*(part.cnns for part in parts), strict=True)]
    of_edges = torch.cat([kind.flatten(2) for kind in kinds], dim=-1)
    return torch.cat((of_edges.flatten(1), parts[-1].flattening.flatten(1)), dim=1)


def search_start(batch: Batch) -> NDArray[np.float64]:
    """Return the initial weights of supernets, with all slots per edge: ``(trial, parameter)``.

    The slots of points all start from the weights of slot 0, so that they differ only in their
    parameters.
    """
    occasion = Occasion.SEARCH_START
    slots = (0,) * len(batch.architecture.points) or range(CNNS)
    edges = [
        _flat([_slot(batch, occasion, edge, slot) for slot in slots])
        for edge in range(batch.architecture.edges)
    ]
    custom = custom_start(batch, occasion)
    return np.concatenate([*edges, *_flattenings(batch, occasion), custom], axis=1)


def discrete_start(
    batch: Batch, architectures: NDArray[np.int64], occasion: Occasion
) -> NDArray[np.float64]:
    """Return the initial weights of architectures, with one slot per edge: ``(trial, parameter)``.

    The weights of an edge without a CNN are 0 and stay 0, because their gradient is 0.

    Args:
        batch: The trials.
        architectures: Index of each edge's operation, ``(trial, edge)``.
        occasion: ``RETRAIN_START``, or ``SEARCH_START`` for the initial weights of a supernet.
    """
    edges = [
        sum(
            (picks == slot)[:, None] * _flat([_slot(batch, occasion, edge, slot)])
            for slot in range(CNNS)
        )
        for edge, picks in enumerate(architectures.T)
    ]
    custom = custom_start(batch, occasion)
    return np.concatenate([*edges, *_flattenings(batch, occasion), custom], axis=1)


def _slot(
    batch: Batch, occasion: Occasion, edge: int, slot: int
) -> tuple[NDArray[np.float64], ...]:
    """Return the initial weights of one CNN in the order of `Weights`, each ``(trial, …)``."""
    start = initial_weights(batch, occasion, edge, slot)
    per_channel = np.ones((len(batch.seeds), batch.architecture.channels))
    return start.first.mT, per_channel, 0 * per_channel, start.second, start.bias[:, None]


def _flat(slots: list[tuple[NDArray[np.float64], ...]]) -> NDArray[np.float64]:
    """Concatenate slots kind by kind, flattened: ``(trial, parameter)``."""
    trials = len(slots[0][0])
    return np.concatenate(
        [part.reshape(trials, -1) for kind in zip(*slots, strict=True) for part in kind], axis=1
    )


def _flattenings(batch: Batch, occasion: Occasion) -> list[NDArray[np.float64]]:
    """Return the initial flattening of each cell, ``(trial, state · tap + 1)``."""
    if batch.architecture.space == "sequential":
        return []
    starts = [initial_flattening(batch, occasion, cell) for cell in range(batch.architecture.cells)]
    return [
        np.concatenate((start.weights.reshape(len(batch.seeds), -1), start.bias[:, None]), axis=1)
        for start in starts
    ]
