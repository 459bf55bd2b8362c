"""The network of cells (Sec. 4.2) of a batch of trials: its forward pass, for autograd.

A cell goes from source to source: once a source is known, all edges that leave it are computed
together, which shares its patches among them, and each is added to its target. So a state is
complete when its turn as a source comes.
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor

from configspace.study import ArchitectureSettings
from worker.engine.contract import FLATTENING_TAPS, LAST_STATES, sources
from worker.torch_engine.network import Maps, Mixture, Noise, Weights, mapping_taps


class Wiring(NamedTuple):
    """Which edges leave and enter the states of all cells, cell after cell."""

    states: int
    leaving: Tensor
    """All edges, source by source, and target by target for each; ``(edge,)``."""
    fans: list[int]
    """How many of them leave each source."""
    mapped: Tensor
    """Those of `leaving` that have a mapping in any trial."""
    mapped_fans: list[int]
    """How many of them leave each source."""
    targets: list[Tensor]
    """Whither they go, for each source, counted from the state next to it."""
    entering: Tensor
    """Whether an edge enters a state, 1 or 0: ``(cell · state, edge)``."""


def wire(settings: ArchitectureSettings, mapped: Sequence[bool], like: Tensor) -> Wiring:
    """Lay the edges out.

    Args:
        settings: How many cells and states.
        mapped: Whether any trial has a mapping on each edge.
        like: A tensor of the dtype and device to compute with.
    """
    incoming = sources(settings.states)
    ends = [(source, target) for target, some in enumerate(incoming, start=1) for source in some]
    entering = like.new_zeros(settings.cells * settings.states, settings.edges)
    fans: list[list[tuple[int, int]]] = []  # of each source of all cells: edges and targets
    for cell in range(settings.cells):
        for source in range(settings.states):
            fans.append([])
            for index, (start, target) in enumerate(ends):
                if start == source:
                    edge = cell * len(ends) + index
                    fans[-1].append((edge, target - source - 1))
                    entering[cell * settings.states + target - 1, edge] = 1
    with_mapping = [[(edge, target) for edge, target in fan if mapped[edge]] for fan in fans]

    def indices(values: Sequence[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.int64, device=like.device)

    return Wiring(
        states=settings.states,
        leaving=indices([edge for edge, _ in chain(*fans)]),
        fans=[len(fan) for fan in fans],
        mapped=indices([edge for edge, _ in chain(*with_mapping)]),
        mapped_fans=[len(fan) for fan in with_mapping],
        targets=[indices([target for _, target in fan]) for fan in with_mapping],
        entering=entering,
    )


def cell_network(
    maps: Maps,
    wiring: Wiring,
    weights: Weights,
    flattening: Tensor,
    mix: Mixture,
    start: Tensor,
    noise: Noise,
) -> Tensor:
    """Apply all cells.

    Args:
        maps: The linear maps.
        wiring: How the edges run.
        weights: Weights of the mappings of all edges; as many slots as ``mix`` has.
        flattening: Weights of each cell's last convolution, by state and tap, and then its bias:
            ``(trial, cell, state · tap + 1)``.
        mix: The edges' coefficients.
        start: Aᵀy, ``(trial, n, batch)``.
        noise: ε of the edges that have any.

    Returns:
        Reconstructions, ``(trial, n, batch)``.
    """
    trials, n, batch = start.shape
    linear = mix.linear.index_select(1, wiring.leaving) @ maps.linear
    matrices = iter(torch.split(linear.view(trials, -1, n, n), wiring.fans, 1))
    mappings = Weights(*(tensor.index_select(1, wiring.mapped) for tensor in weights))
    own = iter(mappings.split(wiring.mapped_fans))
    shares = mix.mappings.index_select(1, wiring.mapped)
    shares_of_fans = iter(torch.split(shares, wiring.mapped_fans, 1))
    targets = iter(wiring.targets)
    signal = start
    constants = torch.split(_constants(wiring, weights, mix, start, noise), wiring.states, 1)
    for cell, constant in enumerate(constants):
        states, ahead = [signal], constant  # what has reached the states ahead, by target
        for _ in range(wiring.states):
            matrix = next(matrices).flatten(1, 2)  # (trial, target · n, n)
            ahead = torch.baddbmm(ahead.flatten(1, 2), matrix, states[-1])
            ahead = ahead.view(trials, -1, n, batch)
            mine, share, target = next(own), next(shares_of_fans), next(targets)
            if len(target):
                taps = mapping_taps(maps, mine, share, states[-1])
                mapped = torch.bmm(maps.taps.expand(len(taps), -1, -1), taps)
                ahead = ahead.index_add(1, target, mapped.view(trials, -1, n, batch))
            states.append(ahead[:, 0])
            ahead = ahead[:, 1:]
        signal = _flattened(maps, flattening[:, cell], states[-LAST_STATES:])
    return signal


def _constants(
    wiring: Wiring, weights: Weights, mix: Mixture, start: Tensor, noise: Noise
) -> Tensor:
    """Return what enters a state whatever its sources, ``(trial, cell · state, n, batch)``."""
    of_start = wiring.entering @ mix.start  # (trial, cell · state, 1)
    biases = wiring.entering @ (mix.mappings * weights.bias).sum(-1, keepdim=True)
    constant = torch.addcmul(biases[..., None], of_start[..., None], start[:, None])
    if len(noise.edges):
        share = wiring.entering[:, noise.edges] * mix.noise[:, noise.edges].mT
        brought = torch.bmm(share, noise.drawn.flatten(2))  # (trial, cell · state, n · batch)
        constant = constant + brought.view_as(constant)
    return constant


def _flattened(maps: Maps, flattening: Tensor, states: Sequence[Tensor]) -> Tensor:
    """Convolve a cell's last states, each a channel, into one signal, ``(trial, n, batch)``."""
    trials, n, _ = states[0].shape
    weights, bias = flattening[:, :-1], flattening[:, -1:, None]
    by_state = weights.reshape(trials, LAST_STATES, FLATTENING_TAPS) @ maps.flattening
    matrix = by_state.view(trials, LAST_STATES, n, n).transpose(1, 2).reshape(trials, n, -1)
    return torch.baddbmm(bias, matrix, torch.cat(tuple(states), 1))
