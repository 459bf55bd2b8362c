"""Custom operations: PyTorch modules, with separate weights for each trial and edge.

Their weights are the last part of a trial's flat weights: edge by edge, operation by operation, in
the order in which the module lists its parameters. The module's constructor initializes them. For
this, PyTorch's random numbers are seeded by trial, occasion, edge and operation.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call

from configspace.errors import ServiceError
from configspace.operations import operations
from worker.engine.contract import Batch
from worker.engine.custom import blamed, custom_class
from worker.engine.philox import Occasion


class CustomOperations:
    """The custom operations of a batch of trials, and the layout of their weights."""

    def __init__(self, batch: Batch, used: NDArray[np.bool_], like: Tensor) -> None:
        """Make one module per operation.

        Args:
            batch: The trials.
            used: Whether any trial has an operation on an edge, ``(edge, operation)``.
            like: A tensor with the dtype and the device of the computation.

        Raises:
            ServiceError: If this machine does not have the file of an operation, or its class is
                not an operation.
        """
        custom, names = batch.architecture.custom, operations(batch.architecture)
        self._edges = batch.architecture.edges
        self._used = used[:, [names.index(name) for name in custom]]  # (edge, custom operation)
        self._modules = [
            _made(name, made, batch, 0).to(like)
            for name, made in zip(custom, _classes(batch), strict=True)
        ]
        for name, module in zip(custom, self._modules, strict=True):
            _check(name, module, batch.problem.matrix.shape[1], like)
        self._sizes = [
            sum(parameter.numel() for parameter in module.parameters()) for module in self._modules
        ]
        self.count = self._edges * sum(self._sizes)
        """Number of weights per trial."""

    def output(
        self, theta: Tensor, shares: Tensor, start: Tensor, edge: int, signal: Tensor
    ) -> Tensor | None:
        """Return the mixture of the custom operations on an edge, ``(trial, n, batch)``.

        Args:
            theta: Weights of the custom operations, ``(trial, parameter)``.
            shares: Mixture weights, ``(trial, edge, custom operation)``.
            start: Aᵀy, ``(trial, n, batch)``.
            edge: Index of the edge.
            signal: u, ``(trial, n, batch)``.

        Returns:
            The mixture; None if no trial has a custom operation on this edge.
        """
        total: Tensor | None = None
        width = sum(self._sizes)
        parts = torch.split(theta[:, edge * width : (edge + 1) * width], self._sizes, dim=1)
        for index, (module, part) in enumerate(zip(self._modules, parts, strict=True)):
            if self._used[edge, index]:
                result = shares[:, edge, index, None, None] * _applied(module, part, signal, start)
                total = result if total is None else total + result
        return total


def custom_start(batch: Batch, occasion: Occasion) -> NDArray[np.float64]:
    """Return the initial weights of the custom operations, ``(trial, parameter)``.

    Raises:
        ServiceError: If this machine does not have the file of an operation.
    """
    custom, classes = batch.architecture.custom, _classes(batch)
    rows = []
    for seed in batch.seeds:
        row = [np.empty(0)]
        for edge in range(batch.architecture.edges):
            for name, made in zip(custom, classes, strict=True):
                module = _made(name, made, batch, _seed(int(seed), occasion, edge, name))
                row += [part.detach().double().numpy().ravel() for part in module.parameters()]
        rows.append(np.concatenate(row))
    return np.stack(rows)


def _classes(batch: Batch) -> list[Any]:
    settings = batch.architecture
    sources = settings.sources or (None,) * len(settings.custom)
    return [custom_class(*named) for named in zip(settings.custom, sources, strict=True)]


def _made(name: str, made: Any, batch: Batch, seed: int) -> torch.nn.Module:
    """Construct a module, with PyTorch's random numbers seeded."""
    matrix = torch.as_tensor(batch.problem.matrix, dtype=torch.float32)
    with blamed(f"cannot make the operation {name!r}"), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = made(matrix)
    if not isinstance(module, torch.nn.Module):
        raise ServiceError(
            f"operation {name!r}: expected a torch.nn.Module, got {type(module).__name__}"
        )
    return module


def _applied(module: torch.nn.Module, part: Tensor, signal: Tensor, start: Tensor) -> Tensor:
    """Apply a module to the signals of each trial, with the weights of the trial."""
    stacked: dict[str, Tensor] = {}
    offset = 0
    for name, parameter in module.named_parameters():
        values = part[:, offset : offset + parameter.numel()]
        stacked[name] = values.reshape(len(part), *parameter.shape)
        offset += parameter.numel()

    def of_trial(parameters: Mapping[str, Tensor], u: Tensor, begin: Tensor) -> Tensor:
        result: Tensor = functional_call(module, dict(parameters), (u, begin))
        return result

    # A module expects the batch as its first dimension.
    outputs: Tensor = torch.vmap(of_trial)(stacked, signal.mT, start.mT)
    return outputs.mT


def _check(name: str, module: torch.nn.Module, n: int, like: Tensor) -> None:
    """Raise if a module cannot be applied to two signals of one trial."""
    part = torch.cat([like.new_empty(0), *(each.detach().ravel() for each in module.parameters())])
    signal = like.new_ones(1, n, 2)
    with blamed(f"operation {name!r} cannot be applied"):
        shape = tuple(_applied(module, part[None], signal, signal).mT.shape[1:])
    if shape != (2, n):
        raise ServiceError(
            f"operation {name!r}: expected the shape of its input, (batch, n) = (2, {n}), "
            f"got {shape}"
        )


def _seed(trial: int, occasion: Occasion, edge: int, name: str) -> int:
    """Return a seed of PyTorch's random numbers, in [0, 2^63)."""
    # This text determines the results: other words would give other initial weights.
    text = f"own operation {trial} {int(occasion)} {edge} {name}"  # words: ignore
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
