"""The coefficients of a layer's terms, and what follows from them, in Numba.

A layer's output is linear in a few signals, with coefficients that follow from softmax(α):

    out = c₀ u + c₁ AᵀA u + c₂ Aᵀy + c₃ roll(u) + c₄ ε + c₅ n₀(u) + c₆ n₁(u).

A term with coefficient 0 is not computed: in a retraining, each layer has one operation.
"""

import numpy as np

from worker.numba_engine.cnn_forward import Cnn
from worker.numba_engine.compilation import inlined
from worker.numba_engine.memory import (
    FIRST_MAP,
    IDENTITY,
    NOISE,
    NORMAL,
    ROLL,
    START,
    TERMS,
    Trial,
)
from worker.numba_engine.simd import lane_sum, number, put
from worker.numba_engine.vector_type import Vector

_ZERO, _ONE = np.float32(0), np.float32(1)


@inlined
def coefficient(trial: Trial, layer: int, term: int) -> np.float32:
    """Return a layer's coefficient of a term.

    Args:
        trial: Has the coefficients.
        layer: Which layer.
        term: Which term: ``IDENTITY`` and so on.
    """
    return np.float32(number(trial.coefficients, layer * TERMS + term))


@inlined
def cnn_of(trial: Trial, layer: int, cnn: int) -> Cnn:
    """Return a layer's CNN with its coefficient.

    Args:
        trial: Has the coefficients.
        layer: Which layer.
        cnn: Which of the layer's CNNs.
    """
    return Cnn(layer, cnn, coefficient(trial, layer, FIRST_MAP + cnn))


@inlined
def has_cnn(trial: Trial, layer: int) -> bool:
    """Return whether a layer has a CNN."""
    first = coefficient(trial, layer, FIRST_MAP)
    return first != _ZERO or coefficient(trial, layer, FIRST_MAP + 1) != _ZERO


@inlined
def is_roll(trial: Trial, layer: int) -> bool:
    """Return whether a layer only shifts its rows."""
    alone = coefficient(trial, layer, ROLL) == _ONE and not has_cnn(trial, layer)
    for term in (IDENTITY, NORMAL, START, NOISE):
        alone = alone and coefficient(trial, layer, term) == _ZERO
    return alone


@inlined
def rolled(row: int, shift: int, n: int) -> int:
    """Return the row of u that roll(u) has at ``row``.

    Args:
        row: A row.
        shift: Number of rows by which the roll shifts, in [0, n).
        n: Rows of u.
    """
    return row - shift if row >= shift else row - shift + n


@inlined
def rolled_back(row: int, shift: int, n: int) -> int:
    """Return the row of d that roll⁻¹(d) has at ``row``.

    Args:
        row: A row.
        shift: Number of rows by which the roll shifts, in [0, n).
        n: Rows of d.
    """
    return row + shift if row + shift < n else row + shift - n


@inlined
def clear_gradients(trial: Trial, layer: int) -> None:
    """Set the gradients by a layer's coefficients to zero."""
    for term in range(TERMS):
        put(trial.coefficients_gradient, layer * TERMS + term, _ZERO)


@inlined
def put_gradient(trial: Trial, layer: int, term: int, value: np.float32) -> None:
    """Write the gradient by one of a layer's coefficients.

    Args:
        trial: Gets the gradient.
        layer: Which layer.
        term: Which term: ``IDENTITY`` and so on, or ``CONSTANT``.
        value: The gradient.
    """
    put(trial.coefficients_gradient, layer * TERMS + term, value)


@inlined
def add_gradient(trial: Trial, layer: int, term: int, by_term: Vector) -> None:
    """Add a vector's lanes to the gradient by one of a layer's coefficients.

    Args:
        trial: Its gradient is added to.
        layer: Which layer.
        term: Which term: ``IDENTITY`` and so on, or ``CONSTANT``.
        by_term: The gradient by lane.
    """
    at, gradients = layer * TERMS + term, trial.coefficients_gradient
    put(gradients, at, np.float32(number(gradients, at) + lane_sum(by_term)))
