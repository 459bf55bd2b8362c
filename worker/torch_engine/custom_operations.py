"""A user's own operations on the PyTorch engine: a module for each, of which every trial and edge
has weights of its own.

The weights are the last part of a trial's flat ones: edge by edge, operation by operation, each as
its module lists its parameters. They start as the module's constructor makes them, with PyTorch's
random numbers seeded by trial, occasion, edge and operation.
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
from worker.engine.custom import custom_class
from worker.engine.philox import Occasion


class CustomOperations:
    """The own operations of a batch of trials, and how their weights are laid out."""

    def __init__(self, batch: Batch, used: NDArray[np.bool_], like: Tensor) -> None:
        """Make a module of each.

        Args:
            batch: The trials.
            used: Whether any trial has each operation on each edge, ``(edge, operation)``.
            like: A tensor of the dtype and device to compute with.

        Raises:
            ServiceError: If this machine does not have one, or it is no operation.
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
        """Weights of a trial."""

    def output(
        self, theta: Tensor, shares: Tensor, start: Tensor, edge: int, signal: Tensor
    ) -> Tensor | None:
        """Return what they bring to an edge, ``(trial, n, batch)``; None if none is there.

        Args:
            theta: Their weights, ``(trial, parameter)``.
            shares: Of each on each edge, ``(trial, edge, custom operation)``.
            start: Aᵀy, ``(trial, n, batch)``.
            edge: Which edge.
            signal: u, ``(trial, n, batch)``.
        """
        brought: Tensor | None = None
        width = sum(self._sizes)
        parts = torch.split(theta[:, edge * width : (edge + 1) * width], self._sizes, dim=1)
        for index, (module, part) in enumerate(zip(self._modules, parts, strict=True)):
            if self._used[edge, index]:
                result = shares[:, edge, index, None, None] * _applied(module, part, signal, start)
                brought = result if brought is None else brought + result
        return brought


def custom_start(batch: Batch, occasion: Occasion) -> NDArray[np.float64]:
    """Return the weights that own operations start from, ``(trial, parameter)``.

    Raises:
        ServiceError: If this machine does not have one.
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
    """Make a module as its constructor does from a seed."""
    matrix = torch.as_tensor(batch.problem.matrix, dtype=torch.float32)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = made(matrix)
    except Exception as error:  # whatever a user's module may raise
        raise ServiceError(
            f"cannot make the operation {name!r}: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(module, torch.nn.Module):
        raise ServiceError(
            f"operation {name!r}: wanted a torch.nn.Module, got {type(module).__name__}"
        )
    return module


def _applied(module: torch.nn.Module, part: Tensor, signal: Tensor, start: Tensor) -> Tensor:
    """Apply a module to every trial's signals, with the trial's weights of it."""
    stacked: dict[str, Tensor] = {}
    offset = 0
    for name, parameter in module.named_parameters():
        values = part[:, offset : offset + parameter.numel()]
        stacked[name] = values.reshape(len(part), *parameter.shape)
        offset += parameter.numel()

    def of_trial(parameters: Mapping[str, Tensor], u: Tensor, begin: Tensor) -> Tensor:
        result: Tensor = functional_call(module, dict(parameters), (u, begin))
        return result

    # A module has a signal a row, as is PyTorch's custom.
    rows: Tensor = torch.vmap(of_trial)(stacked, signal.mT, start.mT)
    return rows.mT


def _check(name: str, module: torch.nn.Module, n: int, like: Tensor) -> None:
    """Try a module on two signals of one trial."""
    part = torch.cat([like.new_empty(0), *(each.detach().ravel() for each in module.parameters())])
    signal = like.new_ones(1, n, 2)
    try:
        shape = tuple(_applied(module, part[None], signal, signal).mT.shape[1:])
    except Exception as error:  # whatever a user's module may raise
        raise ServiceError(
            f"operation {name!r} cannot be applied: {type(error).__name__}: {error}"
        ) from error
    if shape != (2, n):
        raise ServiceError(
            f"operation {name!r}: wanted signals of shape (batch, n) = (2, {n}) for such signals, "
            f"got {shape}"
        )


def _seed(trial: int, occasion: Occasion, edge: int, name: str) -> int:
    """Return a seed of PyTorch's random numbers, in [0, 2^63)."""
    text = f"own operation {trial} {int(occasion)} {edge} {name}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
