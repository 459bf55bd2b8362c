"""Architectures as names of operations, as in a job, and as numbers, as an engine takes them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from configspace.operations import operations, parse_operation
from worker.engine.contract import Batch

Names = Sequence[Sequence[str]]
"""Architectures, each one operation per edge."""


def indices_of(batch: Batch, architectures: Names) -> NDArray[np.int64]:
    """Return architectures as indices of their operations, shape ``(trial, edge)``.

    Raises:
        ValueError: If an operation is not in the operation set of the batch.
    """
    names = operations(batch.architecture)
    for name in {name for architecture in architectures for name in architecture}:
        if name not in names:
            raise ValueError(f"expected operations among {', '.join(names)}, got {name!r}")
    return np.array([[names.index(name) for name in one] for one in architectures], dtype=np.int64)


def names_of(batch: Batch, picks: NDArray[np.int64]) -> list[tuple[str, ...]]:
    """Return the operations of architectures, given as indices of shape ``(trial, edge)``."""
    names = operations(batch.architecture)
    return [tuple(names[pick] for pick in one) for one in picks]


def same_everywhere(batch: Batch, operation: str) -> list[tuple[str, ...]]:
    """Return an architecture per trial that has the same operation on every edge.

    Raises:
        ValueError: If the operation is not in the operation set of the batch.
    """
    names = operations(batch.architecture)
    if operation not in names:
        raise ValueError(f"expected an operation among {', '.join(names)}, got {operation!r}")
    return [(operation,) * batch.architecture.edges] * len(batch.seeds)


def retraining_of(batch: Batch, architectures: Names) -> tuple[Batch, NDArray[np.int64]]:
    """Return the batch that retrains architectures, and the indices of their operations.

    In a space with continuous parameters, the names may carry values; the batch then has them in
    ``parameters``, and the indices are those of the operations without them.

    Args:
        batch: The trials.
        architectures: The architecture of each trial.

    Raises:
        ValueError: If an operation is not in the operation set, or states a parameter that is not
            one of ``[architecture] continuous``.
    """
    settings = batch.architecture
    if not settings.continuous:
        return batch, indices_of(batch, architectures)
    batch = replace(batch, architecture=settings.model_copy(update={"points": ()}), candidates=None)
    parsed = {name: parse_operation(name) for one in architectures for name in one}
    for name, (_, values) in parsed.items():
        if not values.keys() <= set(settings.continuous):
            raise ValueError(
                f"expected parameters among continuous = {settings.continuous}, got {name!r}"
            )
    picks = indices_of(batch, [[parsed[name][0] for name in one] for one in architectures])
    if not any(values for _, values in parsed.values()):
        return batch, picks
    defaults = {"tau": settings.tau, "dilation": 1.0}
    pairs = {name: list((defaults | values).values()) for name, (_, values) in parsed.items()}
    parameters = np.array([[pairs[name] for name in one] for one in architectures])
    return replace(batch, parameters=parameters), picks
