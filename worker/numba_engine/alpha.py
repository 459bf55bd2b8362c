"""The architecture parameters α in Numba: their mixture of operations, gradient and steps."""

from typing import NamedTuple

import numpy as np

from worker.engine.contract import ADAM_BETAS, ADAM_EPSILON
from worker.numba_engine.compilation import entry, kernel
from worker.numba_engine.memory import (
    FIRST_MAP,
    IDENTITY,
    NOISE,
    NORMAL,
    ROLL,
    START,
    TERMS,
    Doubles,
    Trial,
)
from worker.numba_engine.simd import number, put

_BETA1, _BETA2 = ADAM_BETAS
_GOOD = 3
"""Operations of the set without roll and noise, zero included: more are the set with both."""


class Alpha(NamedTuple):
    """The architecture parameters of a trial, and their optimizer."""

    value: Doubles
    """α, shape ``(layer, operation)``."""
    beta: Doubles
    """Softmax of α, shape ``(layer, operation)``."""
    gradient: Doubles
    """Gradient by α, shape ``(layer, operation)``."""
    moments: Doubles
    """First and second moments of Adam, shape ``(2, layer, operation)``."""
    weight_decay: float
    """Factor of the L2 weight decay."""
    by_adam: bool
    """Whether α takes steps of Adam; if not, of gradient descent."""


@kernel
def mix(alpha: Alpha, trial: Trial) -> None:
    """Set a trial's coefficients to those of the mixture of operations for α.

    Args:
        alpha: Has α; gets its softmax.
        trial: Gets the coefficients.
    """
    softmax(alpha.value, alpha.beta)
    set_coefficients(alpha.beta, trial)


@entry
def set_coefficients(beta: Doubles, trial: Trial) -> None:
    """Write the layers' coefficients of a mixture of operations.

    Args:
        beta: Weights of the operations, shape ``(layer, operation)``: learnable gradient, CNN, roll
            and noise if the set has them, and in the cell space zero, which adds nothing.
        trial: Gets the coefficients.
    """
    layers, count = beta.shape
    tau, coefficients = trial.tau, trial.coefficients
    for layer in range(layers):
        roll = beta[layer, 2] if count > _GOOD else 0.0
        noise = beta[layer, 3] if count > _GOOD else 0.0
        steps, row = beta[layer, 0] + noise, layer * TERMS
        put(coefficients, row + IDENTITY, np.float32(steps))
        put(coefficients, row + NORMAL, np.float32(-tau * steps))
        put(coefficients, row + START, np.float32(tau * steps))
        put(coefficients, row + ROLL, np.float32(roll))
        put(coefficients, row + NOISE, np.float32(trial.sigma * noise))
        put(coefficients, row + FIRST_MAP, np.float32(-tau * beta[layer, 0]))
        put(coefficients, row + FIRST_MAP + 1, np.float32(beta[layer, 1]))


@kernel
def softmax(alpha: Doubles, beta: Doubles) -> None:
    """Write the softmax of each row of α to β.

    Args:
        alpha: α, shape ``(layer, operation)``.
        beta: Gets β, same shape.
    """
    layers, count = alpha.shape
    for layer in range(layers):
        largest = alpha[layer, 0]
        for o in range(1, count):
            largest = max(largest, alpha[layer, o])
        total = 0.0
        for o in range(count):
            beta[layer, o] = np.exp(alpha[layer, o] - largest)
            total += beta[layer, o]
        for o in range(count):
            beta[layer, o] /= total


@kernel
def alpha_gradient(alpha: Alpha, trial: Trial) -> None:
    """Turn the gradients by the coefficients into those by α.

    With g_o the gradient by β_o, which follows from `set_coefficients`, the softmax gives
    dα_o = β_o (g_o − Σ_p β_p g_p).

    Args:
        alpha: Gets the gradient.
        trial: Has the gradients by the coefficients.
    """
    beta, gradient, tau = alpha.beta, alpha.gradient, trial.tau
    layers, count = beta.shape
    by = trial.coefficients_gradient
    for layer in range(layers):
        row = layer * TERMS
        step = np.float64(number(by, row + NORMAL)) - number(by, row + START)
        step = number(by, row + IDENTITY) - tau * step
        gradient[layer, count - 1] = 0.0  # gradient of the operation zero, if the set has it
        gradient[layer, 0] = step - tau * number(by, row + FIRST_MAP)
        gradient[layer, 1] = number(by, row + FIRST_MAP + 1)
        if count > _GOOD:
            gradient[layer, 2] = number(by, row + ROLL)
            gradient[layer, 3] = step + trial.sigma * number(by, row + NOISE)
        mean = 0.0
        for o in range(count):
            mean += beta[layer, o] * gradient[layer, o]
        for o in range(count):
            gradient[layer, o] = beta[layer, o] * (gradient[layer, o] - mean)


@kernel
def alpha_update(alpha: Alpha, step: int, step_size: float) -> None:
    """Take a step of Adam or of gradient descent, with L2 weight decay.

    Args:
        alpha: Has the gradient; α and the moments change.
        step: Number of steps before.
        step_size: Step size of this step.
    """
    first, second = alpha.moments[0], alpha.moments[1]
    correction1, correction2 = 1 - _BETA1 ** (step + 1), 1 - _BETA2 ** (step + 1)
    layers, count = alpha.value.shape
    for layer in range(layers):
        for o in range(count):
            g = alpha.gradient[layer, o] + alpha.weight_decay * alpha.value[layer, o]
            if alpha.by_adam:
                first[layer, o] += (1 - _BETA1) * (g - first[layer, o])
                second[layer, o] += (1 - _BETA2) * (g * g - second[layer, o])
                size = np.sqrt(second[layer, o] / correction2) + ADAM_EPSILON
                g = first[layer, o] / correction1 / size
            alpha.value[layer, o] -= step_size * g
