"""Whole epochs of one trial in Numba: what the engine calls."""

from typing import NamedTuple

import numpy as np

from worker.engine import ADAM_BETAS, ADAM_EPSILON
from worker.numba_compile import entry, kernel
from worker.numba_layouts import (
    CONSTANT,
    FIRST_MAP,
    IDENTITY,
    NOISE,
    NORMAL,
    ROLL,
    START,
    TERMS,
    Doubles,
    Floats,
    Folded,
    Operator,
    Parameters,
    Sizes,
    Taps,
    Work,
)
from worker.numba_network import (
    arrange,
    layer_backward,
    layer_forward,
    loss_and_gradient,
    mean_psnr,
    measure,
)
from worker.numba_random import draw_normals
from worker.philox import Quantity

_F = np.float32
_ZERO, _ONE = _F(0), _F(1)
_BETA1, _BETA2 = ADAM_BETAS
_MEASUREMENT, _OPERATION = int(Quantity.MEASUREMENT_NOISE), int(Quantity.OPERATION_NOISE)


class Trial(NamedTuple):
    """What stays the same through a trial, and its weights."""

    sizes: Sizes
    taps: Taps
    operator: Operator
    key: tuple[int, int]
    """The seed, low word first."""
    tau: float
    sigma: float
    """Standard deviation of the operation noise."""
    values: Parameters
    gradients: Parameters
    moments: Floats
    """Adam's, of the weights: ``(2, parameter)``."""
    weight_decay: float
    folded: Folded
    work: Work


class Alpha(NamedTuple):
    """The architecture parameters and how they move."""

    value: Doubles
    """α, ``(layer, operation)``."""
    moments: Doubles
    """Adam's, ``(2, layer, operation)``."""
    weight_decay: float
    by_adam: bool


@entry
def mixture_coefficients(beta: Doubles, tau: float, sigma: float, coefficients: Floats) -> None:
    """Return the layers' coefficients of a mixture of operations.

    Args:
        beta: Weights of learnable gradient, CNN, and maybe roll and noise, ``(layer, operation)``.
        tau: Step size of the gradient steps.
        sigma: Standard deviation of the noise operation.
        coefficients: Overwritten, ``(layer, term)``.
    """
    layers, count = beta.shape
    for layer in range(layers):
        roll = beta[layer, 2] if count > 2 else 0.0
        noise = beta[layer, 3] if count > 2 else 0.0
        steps = beta[layer, 0] + noise
        coefficients[layer, IDENTITY] = steps
        coefficients[layer, NORMAL] = -tau * steps
        coefficients[layer, START] = tau * steps
        coefficients[layer, ROLL] = roll
        coefficients[layer, NOISE] = sigma * noise
        coefficients[layer, FIRST_MAP] = -tau * beta[layer, 0]
        coefficients[layer, FIRST_MAP + 1] = beta[layer, 1]


@kernel
def softmax(alpha: Doubles, beta: Doubles) -> None:
    """Write the softmax of each row of α to β."""
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
def alpha_gradient(
    beta: Doubles, by_coefficients: Floats, tau: float, sigma: float, gradient: Doubles
) -> None:
    """Turn the gradients by the coefficients into those by α.

    With g_o the gradient by β_o, which follows from `mixture_coefficients`, the softmax gives
    dα_o = β_o (g_o − Σ_p β_p g_p).
    """
    layers, count = beta.shape
    for layer in range(layers):
        by = by_coefficients[layer]
        step = by[IDENTITY] - tau * (np.float64(by[NORMAL]) - by[START])
        gradient[layer, 0] = step - tau * by[FIRST_MAP]
        gradient[layer, 1] = by[FIRST_MAP + 1]
        if count > 2:
            gradient[layer, 2] = by[ROLL]
            gradient[layer, 3] = step + sigma * by[NOISE]
        mean = 0.0
        for o in range(count):
            mean += beta[layer, o] * gradient[layer, o]
        for o in range(count):
            gradient[layer, o] = beta[layer, o] * (gradient[layer, o] - mean)


@kernel
def alpha_update(alpha: Alpha, gradient: Doubles, step: int, step_size: float) -> None:
    """Move α by Adam or by gradient descent, with L2 weight decay."""
    first, second = alpha.moments[0], alpha.moments[1]
    correction1, correction2 = 1 - _BETA1 ** (step + 1), 1 - _BETA2 ** (step + 1)
    layers, count = gradient.shape
    for layer in range(layers):
        for o in range(count):
            g = gradient[layer, o] + alpha.weight_decay * alpha.value[layer, o]
            if alpha.by_adam:
                first[layer, o] += (1 - _BETA1) * (g - first[layer, o])
                second[layer, o] += (1 - _BETA2) * (g * g - second[layer, o])
                size = np.sqrt(second[layer, o] / correction2) + ADAM_EPSILON
                g = first[layer, o] / correction1 / size
            alpha.value[layer, o] -= step_size * g


@kernel
def adam(
    values: Floats, gradients: Floats, moments: Floats, decay: float, step: int, step_size: float
) -> None:
    """Take one step of PyTorch's Adam, with L2 weight decay.

    Args:
        values: The weights; overwritten.
        gradients: Theirs.
        moments: Running means of the gradients and of their squares, ``(2, parameter)``.
        decay: Coefficient of the weight decay.
        step: Steps taken before.
        step_size: The step size.
    """
    first, second = moments[0], moments[1]
    size = _F(step_size / (1 - _BETA1 ** (step + 1)))
    root = _F(1 / np.sqrt(1 - _BETA2 ** (step + 1)))
    weight_decay = _F(decay)
    for i in range(values.size):
        g = gradients[i] + weight_decay * values[i]
        first[i] += _F(1 - _BETA1) * (g - first[i])
        second[i] += _F(1 - _BETA2) * (g * g - second[i])
        values[i] -= size * first[i] / (np.sqrt(second[i]) * root + _F(ADAM_EPSILON))


@kernel
def forward(
    trial: Trial, coefficients: Floats, signals: Floats, first: int, occasion: int, step: int
) -> float:
    """Measure a batch of signals and send it through the network.

    Args:
        trial: The trial.
        coefficients: Of all layers, ``(layer, term)``.
        signals: Drawn signals, ``(…, n, sample)``, flat and a vector longer.
        first: Index of the batch's first.
        occasion: When the noise is drawn.
        step: Which step of the occasion.

    Returns:
        The loss.
    """
    sizes, work = trial.sizes, trial.work
    arrange(signals, first, sizes.n, sizes, work.mask, work.target, sizes.halo)
    draw_normals(work.drawn, sizes.m * sizes.batch, step, _MEASUREMENT, occasion, trial.key)
    arrange(work.drawn, 0, sizes.m, sizes, work.mask, work.measured, 0)
    measure(sizes, trial.taps, trial.operator, work)
    whole = sizes.columns * sizes.stride
    for layer in range(sizes.layers):
        if coefficients[layer, NOISE] != _ZERO:
            what = _OPERATION + 16 * layer
            draw_normals(work.drawn, sizes.n * sizes.batch, step, what, occasion, trial.key)
            noise = work.noise[layer * whole : (layer + 1) * whole]
            arrange(work.drawn, 0, sizes.n, sizes, work.mask, noise, sizes.halo)
        layer_forward(
            layer,
            coefficients,
            sizes,
            trial.taps,
            trial.operator,
            trial.values,
            trial.folded,
            work,
        )
    return loss_and_gradient(sizes, work)


@kernel
def backward(
    trial: Trial, coefficients: Floats, lowest: int, for_weights: bool, by_coefficients: Floats
) -> None:
    """Take the loss's gradient back to the weights, or to the coefficients.

    Args:
        trial: The trial, after a `forward`.
        coefficients: Of all layers, ``(layer, term)``.
        lowest: The lowest layer of which a gradient is wanted.
        for_weights: Whether the weights' gradients are wanted; if not, the coefficients' are.
        by_coefficients: Gets them, ``(layer, term + 1)``.
    """
    sizes = trial.sizes
    source = 0
    trial.gradients.flat[:] = _ZERO
    for layer in range(sizes.layers - 1, lowest - 1, -1):
        layer_backward(
            layer,
            coefficients,
            sizes,
            trial.taps,
            trial.operator,
            trial.values,
            trial.gradients,
            trial.folded,
            trial.work,
            source,
            layer > lowest,
            for_weights,
            by_coefficients,
        )
        source = sizes.columns * sizes.stride - source


@entry
def search_epoch(
    trial: Trial,
    alpha: Alpha,
    validation: Floats,
    training: Floats,
    occasions: tuple[int, int],
    first_step: int,
    alpha_step_sizes: Doubles,
    weight_step_sizes: Doubles,
) -> tuple[float, float, float]:
    """Alternate α steps on validation batches and weight steps on training batches.

    Args:
        trial: The trial; its weights move.
        alpha: Moves.
        validation: Signals of all steps' validation batches, ``(step, n, sample)``, flat and a
            vector longer.
        training: Likewise.
        occasions: Those of the validation batches and of the training batches.
        first_step: Steps taken before.
        alpha_step_sizes: One a step.
        weight_step_sizes: One a step.

    Returns:
        Means over the steps of the validation loss, its PSNR in dB, and the training loss, each
        before its step.
    """
    sizes = trial.sizes
    beta, gradient = np.empty_like(alpha.value), np.empty_like(alpha.value)
    coefficients = np.empty((sizes.layers, TERMS), _F)
    by_coefficients = np.zeros((sizes.layers, CONSTANT + 1), _F)
    steps = alpha_step_sizes.size
    validation_loss, psnr, training_loss = 0.0, 0.0, 0.0
    for i in range(steps):
        step, first = first_step + i, i * sizes.n * sizes.batch
        softmax(alpha.value, beta)
        mixture_coefficients(beta, trial.tau, trial.sigma, coefficients)
        validation_loss += forward(trial, coefficients, validation, first, occasions[0], step)
        psnr += mean_psnr(sizes, trial.work.squares)
        backward(trial, coefficients, 0, False, by_coefficients)
        alpha_gradient(beta, by_coefficients, trial.tau, trial.sigma, gradient)
        alpha_update(alpha, gradient, step, alpha_step_sizes[i])
        softmax(alpha.value, beta)
        mixture_coefficients(beta, trial.tau, trial.sigma, coefficients)
        training_loss += forward(trial, coefficients, training, first, occasions[1], step)
        backward(trial, coefficients, 0, True, by_coefficients)
        weights = trial.values.flat
        moments, decay = trial.moments, trial.weight_decay
        adam(weights, trial.gradients.flat, moments, decay, step, weight_step_sizes[i])
    return validation_loss / steps, psnr / steps, training_loss / steps


@entry
def retrain_epoch(
    trial: Trial,
    coefficients: Floats,
    lowest: int,
    training: Floats,
    occasion: int,
    first_step: int,
    step_sizes: Doubles,
) -> tuple[float, float]:
    """Take weight steps with the coefficients fixed.

    Args:
        trial: The trial; its weights move.
        coefficients: Of all layers, ``(layer, term)``.
        lowest: The lowest layer with weights; the number of layers if there is none.
        training: Signals of all steps' batches, ``(step, n, sample)``, flat and a vector longer.
        occasion: That of the batches.
        first_step: Steps taken before.
        step_sizes: One a step.

    Returns:
        Means over the steps of the loss and of its PSNR in dB, each before its step.
    """
    sizes = trial.sizes
    by_coefficients = np.zeros((sizes.layers, CONSTANT + 1), _F)
    steps = step_sizes.size
    loss, psnr = 0.0, 0.0
    for i in range(steps):
        step, first = first_step + i, i * sizes.n * sizes.batch
        loss += forward(trial, coefficients, training, first, occasion, step)
        psnr += mean_psnr(sizes, trial.work.squares)
        if lowest < sizes.layers:
            backward(trial, coefficients, lowest, True, by_coefficients)
            weights = trial.values.flat
            moments, decay = trial.moments, trial.weight_decay
            adam(weights, trial.gradients.flat, moments, decay, step, step_sizes[i])
    return loss / steps, psnr / steps


@entry
def score(
    trial: Trial, coefficients: Floats, signals: Floats, occasion: int, batches: int
) -> float:
    """Return the mean PSNR of the network over fresh batches, in dB.

    Args:
        trial: The trial.
        coefficients: Of all layers, ``(layer, term)``.
        signals: Signals of all batches, ``(batch, n, sample)``, flat and a vector longer.
        occasion: That of the batches.
        batches: How many.
    """
    total = 0.0
    for i in range(batches):
        first = i * trial.sizes.n * trial.sizes.batch
        forward(trial, coefficients, signals, first, occasion, i)
        total += mean_psnr(trial.sizes, trial.work.squares)
    return total / batches
