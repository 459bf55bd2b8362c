"""Forward pass of the cell space (Sec. 4.2) for a batch of trials; autograd differentiates it.

A cell is computed source by source. All edges that leave a source are computed together, so that
they share its patches, and each result is added to the edge's target. A state is therefore complete
before it serves as a source.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor

from configspace.architecture import ArchitectureSettings
from worker.engine.contract import FLATTENING_TAPS, LAST_STATES, sources
from worker.torch_engine.cnn import Weights, cnn_taps
from worker.torch_engine.network import Maps, Mixture, Noise


class Wiring(NamedTuple):
    """The edges that leave and enter the states of all cells, cell by cell."""

    states: int
    """Number of states per cell."""
    leaving: Tensor
    """Indices of all edges by source, and for each source by target; ``(edge,)``."""
    fans: list[int]
    """Number of edges that leave each source."""
    cnn_edges: Tensor
    """Indices of those edges in `leaving` that have a CNN in any trial."""
    cnn_fans: list[int]
    """Number of edges with a CNN that leave each source."""
    targets: list[Tensor]
    """For each source, the targets of its edges with a CNN, counted from the next state."""
    entering: Tensor
    """1 where an edge enters a state, 0 elsewhere; ``(cell · state, edge)``."""


def wire(settings: ArchitectureSettings, has_cnn: Sequence[bool], like: Tensor) -> Wiring:
    """Return the wiring of all cells.

    Args:
        settings: Settings with the numbers of cells and states.
        has_cnn: For each edge, whether any trial has a CNN on it.
        like: A tensor with the dtype and the device of the computation.
    """
    incoming = sources(settings.states)
    ends = [(source, target) for target, some in enumerate(incoming, start=1) for source in some]
    entering = like.new_zeros(settings.cells * settings.states, settings.edges)
    fans: list[list[tuple[int, int]]] = []  # edges and targets of each source of all cells
    for cell in range(settings.cells):
        for source in range(settings.states):
            fans.append([])
            for index, (start, target) in enumerate(ends):
                if start == source:
                    edge = cell * len(ends) + index
                    fans[-1].append((edge, target - source - 1))
                    entering[cell * settings.states + target - 1, edge] = 1
    with_cnn = [[(edge, target) for edge, target in fan if has_cnn[edge]] for fan in fans]

    def indices(values: Sequence[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.int64, device=like.device)

    return Wiring(
        states=settings.states,
        leaving=indices([edge for edge, _ in chain(*fans)]),
        fans=[len(fan) for fan in fans],
        cnn_edges=indices([edge for edge, _ in chain(*with_cnn)]),
        cnn_fans=[len(fan) for fan in with_cnn],
        targets=[indices([target for _, target in fan]) for fan in with_cnn],
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
    drop: Tensor | None = None,
) -> Tensor:
    """Apply all cells.

    Args:
        maps: The linear maps.
        wiring: The wiring of the cells.
        weights: Weights of the CNNs of all edges, with the same slots as ``mix``.
        flattening: Weights of each cell's flattening by state and tap, followed by its bias:
            ``(trial, cell, state · tap + 1)``.
        mix: Coefficients of the edges' terms.
        start: Aᵀy, ``(trial, n, batch)``.
        noise: The noise ε of the edges that use it.
        drop: Factors by which drop path scales the edges' outputs, ``(trial, edge, batch)``.

    Returns:
        Reconstructions, ``(trial, n, batch)``.
    """
    trials, n, batch = start.shape
    linear = mix.linear.index_select(1, wiring.leaving) @ maps.linear
    matrices = iter(torch.split(linear.view(trials, -1, n, n), wiring.fans, 1))
    cnns = Weights(*(tensor.index_select(1, wiring.cnn_edges) for tensor in weights))
    cnns_of_fans = iter(cnns.split(wiring.cnn_fans))
    shares = mix.cnns.index_select(1, wiring.cnn_edges)
    shares_of_fans = iter(torch.split(shares, wiring.cnn_fans, 1))
    targets = iter(wiring.targets)
    factors = _by_fan(drop, wiring.leaving, wiring.fans)
    factors_of_cnns = _by_fan(drop, wiring.cnn_edges, wiring.cnn_fans)
    signal = start
    constants = torch.split(_constants(wiring, weights, mix, start, noise, drop), wiring.states, 1)
    for cell, constant in enumerate(constants):
        states, ahead = [signal], constant  # sums of the edges into later states so far
        for _ in range(wiring.states):
            matrix = next(matrices).flatten(1, 2)  # (trial, target · n, n)
            factor, cnn_factor = next(factors), next(factors_of_cnns)
            if factor is None:
                ahead = torch.baddbmm(ahead.flatten(1, 2), matrix, states[-1])
                ahead = ahead.view(trials, -1, n, batch)
            else:
                outputs = torch.bmm(matrix, states[-1]).view(trials, -1, n, batch)
                ahead = torch.addcmul(ahead, factor, outputs)
            cnn, share, target = next(cnns_of_fans), next(shares_of_fans), next(targets)
            if len(target):
                taps = cnn_taps(maps.patches, cnn, share, states[-1])
                outputs = torch.bmm(maps.taps.expand(len(taps), -1, -1), taps)
                outputs = outputs.view(trials, -1, n, batch)
                if cnn_factor is not None:
                    outputs = cnn_factor * outputs
                ahead = ahead.index_add(1, target, outputs)
            states.append(ahead[:, 0])
            ahead = ahead[:, 1:]
        signal = _flattened(maps, flattening[:, cell], states[-LAST_STATES:])
    return signal


def _constants(
    wiring: Wiring,
    weights: Weights,
    mix: Mixture,
    start: Tensor,
    noise: Noise,
    drop: Tensor | None,
) -> Tensor:
    """Return the part of each state that no source changes, ``(trial, cell · state, n, batch)``."""
    of_start, bias = mix.start, (mix.cnns * weights.bias).sum(-1, keepdim=True)
    drawn = noise.drawn
    if drop is not None:
        of_start, bias = of_start * drop, bias * drop  # (trial, edge, batch)
        drawn = drawn * drop[:, noise.edges, None]
    of_start = wiring.entering @ of_start  # (trial, cell · state, 1 or batch)
    biases = wiring.entering @ bias
    constant = torch.addcmul(biases[:, :, None], of_start[:, :, None], start[:, None])
    if len(noise.edges):
        share = wiring.entering[:, noise.edges] * mix.noise[:, noise.edges].mT
        noisy = torch.bmm(share, drawn.flatten(2))  # (trial, cell · state, n · batch)
        constant = constant + noisy.view_as(constant)
    return constant


def _by_fan(drop: Tensor | None, edges: Tensor, fans: list[int]) -> Iterator[Tensor | None]:
    """Yield the factors of the edges that leave each source, ``(trial, edge, 1, batch)``, or None.

    Args:
        drop: Factors of all edges; None without drop path.
        edges: Indices of edges by source.
        fans: Number of these edges that leave each source.
    """
    if drop is None:
        yield from [None] * len(fans)
    else:
        yield from torch.split(drop.index_select(1, edges)[:, :, None], fans, 1)


def _flattened(maps: Maps, flattening: Tensor, states: Sequence[Tensor]) -> Tensor:
    """Convolve a cell's last states, as channels, to one signal, ``(trial, n, batch)``."""
    trials, n, _ = states[0].shape
    weights, bias = flattening[:, :-1], flattening[:, -1:, None]
    by_state = weights.reshape(trials, LAST_STATES, FLATTENING_TAPS) @ maps.flattening
    matrix = by_state.view(trials, LAST_STATES, n, n).transpose(1, 2).reshape(trials, n, -1)
    return torch.baddbmm(bias, matrix, torch.cat(tuple(states), 1))
