"""The cell space of plain PyTorch modules, for one trial; the tests' reference.

Signals are ``(batch, 1, n)``.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from configspace.operations import ZERO, operations
from tests.worker.torch_engine.plain import Layer, module_layout
from worker.engine.contract import Batch, sources
from worker.engine.initialization import initial_flattening
from worker.engine.philox import KeyedGenerator, Occasion, Quantity


def in_cells(batch: Batch, cells: int = 2, states: int = 3) -> Batch:
    """Return the batch in the cell space."""
    update = {"space": "cell", "cells": cells, "states": states}
    return replace(batch, architecture=batch.architecture.model_copy(update=update))


class PlainCells(nn.Module):
    """A supernet or an architecture, depending on the mixture weights."""

    def __init__(self, batch: Batch, occasion: Occasion, trial: int) -> None:
        super().__init__()
        self.settings = batch.architecture
        self.names = operations(batch.architecture)
        self.matrix = torch.as_tensor(batch.problem.matrix)
        self.edges = nn.ModuleList(
            Layer(batch, occasion, edge, trial) for edge in range(batch.architecture.edges)
        )
        self.flattenings = nn.ModuleList()
        for cell in range(batch.architecture.cells):
            start = initial_flattening(batch, occasion, cell)
            convolution = nn.Conv1d(2, 1, 3, padding=1).double()
            values = {
                "weight": torch.as_tensor(start.weights[trial])[None],
                "bias": torch.as_tensor(start.bias[trial : trial + 1]),
            }
            convolution.load_state_dict(values)
            self.flattenings.append(convolution)

    def forward(
        self, shares: Tensor, y: Tensor, noise: Tensor, drop: Tensor | float = 1.0
    ) -> Tensor:
        """Reconstruct; shares ``(edge, operation)``, y ``(batch, 1, m)``, noise ``(edge, …)``.

        With drop path, the factors of the edges are ``(edge, batch, 1, 1)``.
        """
        u = y @ self.matrix
        factors = torch.as_tensor(drop).expand(len(self.edges), *torch.as_tensor(drop).shape[1:])
        mixtures = iter(zip(self.edges, shares, noise, factors, strict=True))
        for flattening in self.flattenings:
            states = [u]
            for before in sources(self.settings.states):
                state = torch.zeros_like(u)
                for source in before:
                    edge, weights, eps, factor = next(mixtures)
                    for o, weight in enumerate(weights):
                        # A product with an exact 0 would set gradients to 0 instead of None, and
                        # the optimizer would decay these weights.
                        if self.names[o] != ZERO and weight != 0:
                            state = state + factor * weight * edge(o, states[source], y, eps)
                states.append(state)
            u = flattening(torch.cat(states[-2:], dim=1))
        return u


def first_batch(batch: Batch, occasion: Occasion) -> tuple[Tensor, Tensor, Tensor]:
    """Return x, y and the noise of the operations for the first trial's first step."""

    def generator(quantity: Quantity, index: int = 0) -> KeyedGenerator:
        size = batch.search.batch_size
        return KeyedGenerator(batch.seeds, occasion, [0], size, quantity, index)

    m, n = batch.problem.matrix.shape
    x = torch.as_tensor(batch.problem.signals(generator(Quantity.SIGNAL))[0, 0])
    error = torch.as_tensor(generator(Quantity.MEASUREMENT_NOISE).normal(m)[0, 0])
    y = torch.as_tensor(batch.problem.matrix) @ x + batch.problem.noise * error
    noise = [
        module_layout(generator(Quantity.OPERATION_NOISE, edge).normal(n)[0, 0])
        for edge in range(batch.architecture.edges)
    ]
    return module_layout(x.numpy()), module_layout(y.numpy()), torch.stack(noise)
