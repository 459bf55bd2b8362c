"""Whole epochs of one trial in Numba: what the engine calls."""

from typing import Any

import numpy as np

from worker.engine.contract import ADAM_BETAS, ADAM_EPSILON
from worker.engine.philox import Quantity
from worker.numba_engine.alpha import Alpha, alpha_gradient, alpha_update, mix
from worker.numba_engine.cells_backward import cells_backward
from worker.numba_engine.cells_forward import cell_forward
from worker.numba_engine.compilation import entry, kernel
from worker.numba_engine.layers import clear, coefficient, is_mapped, layer_backward, layer_forward
from worker.numba_engine.linear_maps import arrange, loss_and_gradient, mean_psnr, measure
from worker.numba_engine.memory import ITEM, NOISE, Doubles, Floats, Space, Taps
from worker.numba_engine.patch_statistics import count_input
from worker.numba_engine.random import draw_normals
from worker.numba_engine.simd import LANES, fma, load, root, splat, store

_ZERO, _ONE = np.float32(0), np.float32(1)
_BETA1, _BETA2 = ADAM_BETAS
_MEASUREMENT, _OPERATION = int(Quantity.MEASUREMENT_NOISE), int(Quantity.OPERATION_NOISE)


@kernel
def forward(
    trial: Any, taps: Taps, space: Space, signals: int, first: int, occasion: int, step: int
) -> float:
    """Measure a batch of signals and send it through the network.

    Args:
        trial: The trial.
        taps: The K taps.
        space: The search space.
        signals: Address of drawn signals, ``(…, n, sample)``.
        first: Index of the batch's first.
        occasion: When the noise is drawn.
        step: Which step of the occasion.

    Returns:
        The loss.
    """
    drawn, count = trial.drawn, trial.m * trial.batch
    arrange(trial, signals, first)
    draw_normals(drawn, count, step, _MEASUREMENT, occasion, trial.key0, trial.key1)
    measure(trial)
    if space is None:
        if is_mapped(trial, 0):
            count_input(trial, 0, taps)
        for layer in range(trial.layers):
            draw_noise(trial, layer, occasion, step)
            layer_forward(trial, layer, taps)
        return loss_and_gradient(trial, trial.layers, _ONE)
    for edge in range(trial.layers):
        draw_noise(trial, edge, occasion, step)
    for cell in range(trial.cells):
        cell_forward(trial, cell, taps)
    return loss_and_gradient(trial, trial.cells * (trial.states + 1), _ZERO)


@kernel
def draw_noise(trial: Any, layer: int, occasion: int, step: int) -> None:
    """Draw the noise of a layer, if it has any."""
    if coefficient(trial, layer, NOISE) != _ZERO:
        noise, what = trial.noises + layer * trial.normals * ITEM, _OPERATION + 16 * layer
        count = trial.n * trial.batch
        draw_normals(noise, count, step, what, occasion, trial.key0, trial.key1)


@kernel
def backward(trial: Any, for_weights: np.bool_, taps: Taps, space: Space) -> None:
    """Take the loss's gradient back to the weights, or to the coefficients.

    Args:
        trial: The trial, after a `forward`.
        for_weights: Whether the weights' gradients are wanted; if not, the coefficients' are.
        taps: The K taps.
        space: The search space.
    """
    clear(trial.first_gradient, trial.parameters)
    if space is None:
        source = 0
        for layer in range(trial.layers - 1, trial.lowest - 1, -1):
            layer_backward(trial, layer, source, for_weights, taps)
            source = trial.whole - source
    else:
        cells_backward(trial, for_weights, taps)


@kernel
def adam(trial: Any, step: int, step_size: float) -> None:
    """Take one step of PyTorch's Adam on the weights, with L2 weight decay.

    Args:
        trial: Has the gradients; its weights move.
        step: Steps taken before.
        step_size: The step size.
    """
    size = splat(np.float32(step_size / (1 - _BETA1 ** (step + 1))))
    scale = splat(np.float32(1 / np.sqrt(1 - _BETA2 ** (step + 1))))
    decay, epsilon = splat(np.float32(trial.weight_decay)), splat(np.float32(ADAM_EPSILON))
    share1, share2 = splat(np.float32(1 - _BETA1)), splat(np.float32(1 - _BETA2))
    values, gradients = trial.first, trial.first_gradient
    firsts, seconds = trial.first_moment1, trial.first_moment2
    for i in range(0, trial.parameters, LANES):
        value, first, second = load(values, i), load(firsts, i), load(seconds, i)
        g = fma(decay, value, load(gradients, i))
        first = fma(share1, g - first, first)
        second = fma(share2, g * g - second, second)
        store(firsts, i, first)
        store(seconds, i, second)
        store(values, i, value - size * first / fma(root(second), scale, epsilon))


@kernel
def alpha_step(
    trial: Any, alpha: Alpha, step: int, step_size: float, taps: Taps, space: Space
) -> None:
    """Move α after a `forward`, with the weights fixed, and the coefficients with it."""
    # A NumPy boolean, unlike a literal, does not have `backward` compiled for each of the two.
    backward(trial, np.bool_(False), taps, space)
    alpha_gradient(alpha, trial)
    alpha_update(alpha, step, step_size)
    mix(alpha, trial)


@kernel
def weight_step(trial: Any, step: int, step_size: float, taps: Taps, space: Space) -> None:
    """Move the weights after a `forward`, with the coefficients fixed."""
    if trial.lowest < trial.layers:
        backward(trial, np.bool_(True), taps, space)
        adam(trial, step, step_size)


@entry
def search_epoch(
    trial: Any,
    taps: Taps,
    space: Space,
    alpha: Alpha,
    validation: Floats,
    training: Floats,
    occasions: tuple[int, int],
    first_step: int,
    alpha_step_sizes: Doubles,
    weight_step_sizes: Doubles,
) -> tuple[float, float, float]:
    """Alternate α steps on validation batches and weight steps on training batches, if any.

    Args:
        trial: The trial; its weights move.
        taps: The K taps.
        space: The search space.
        alpha: Moves.
        validation: Signals of all steps' validation batches, ``(step, n, sample)``, flat and a
            vector longer.
        training: Likewise, or nothing: then the weights are left as they are.
        occasions: Those of the validation batches and of the training batches.
        first_step: Steps taken before.
        alpha_step_sizes: One a step.
        weight_step_sizes: One a step.

    Returns:
        Means over the steps of the validation loss, its PSNR in dB, and the training loss, each
        before its step.
    """
    length, steps = trial.n * trial.batch, alpha_step_sizes.size
    validation_loss, psnr, training_loss = 0.0, 0.0, 0.0
    mix(alpha, trial)
    for i in range(steps):
        step, first = first_step + i, i * length
        drawn = validation.ctypes.data
        validation_loss += forward(trial, taps, space, drawn, first, occasions[0], step)
        psnr += mean_psnr(trial)
        alpha_step(trial, alpha, step, alpha_step_sizes[i], taps, space)
        if training.size > 0:
            drawn = training.ctypes.data
            training_loss += forward(trial, taps, space, drawn, first, occasions[1], step)
            weight_step(trial, step, weight_step_sizes[i], taps, space)
    return validation_loss / steps, psnr / steps, training_loss / steps


@entry
def train_epoch(
    trial: Any,
    taps: Taps,
    space: Space,
    signals: Floats,
    occasion: int,
    first_step: int,
    step_sizes: Doubles,
) -> tuple[float, float]:
    """Take weight steps with the coefficients fixed, or none: then the network is only scored.

    Args:
        trial: The trial; its weights move, unless no layer is to be trained.
        taps: The K taps.
        space: The search space.
        signals: Signals of all steps' batches, ``(step, n, sample)``, flat and a vector longer.
        occasion: That of the batches.
        first_step: Steps taken before.
        step_sizes: One a step.

    Returns:
        Means over the steps of the loss and of its PSNR in dB, each before its step.
    """
    length, steps = trial.n * trial.batch, step_sizes.size
    loss, psnr = 0.0, 0.0
    for i in range(steps):
        step = first_step + i
        drawn = signals.ctypes.data
        loss += forward(trial, taps, space, drawn, i * length, occasion, step)
        psnr += mean_psnr(trial)
        weight_step(trial, step, step_sizes[i], taps, space)
    return loss / steps, psnr / steps
