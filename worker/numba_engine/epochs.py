"""Epochs of one trial in Numba: the kernels that the engine calls."""

from typing import NamedTuple

import numpy as np

from worker.engine.contract import ADAM_BETAS, ADAM_EPSILON
from worker.engine.philox import Quantity
from worker.numba_engine.alpha import Alpha, alpha_gradient, alpha_update, mix
from worker.numba_engine.cells_backward import cells_backward
from worker.numba_engine.cells_forward import cell_forward
from worker.numba_engine.coefficients import coefficient, has_cnn
from worker.numba_engine.compilation import entry, kernel
from worker.numba_engine.drop_factors import Drop, Drops
from worker.numba_engine.drop_path import (
    drop_of,
    dropped_cell_forward,
    dropped_cells_backward,
    dropped_layer_backward,
    dropped_layer_forward,
)
from worker.numba_engine.layers_backward import layer_backward
from worker.numba_engine.layers_forward import layer_forward
from worker.numba_engine.layout import clear, noise_start
from worker.numba_engine.linear_maps import arrange, loss_and_gradient, mean_psnr, measure
from worker.numba_engine.memory import ITEM, NOISE, Doubles, Floats, Space, Taps, Trial
from worker.numba_engine.patch_statistics import count_input
from worker.numba_engine.random import draw_normals
from worker.numba_engine.simd import fma, load, root, splat, store
from worker.numba_engine.vector_type import LANES

_ZERO, _ONE = np.float32(0), np.float32(1)
_BETA1, _BETA2 = ADAM_BETAS
_MEASUREMENT, _OPERATION = int(Quantity.MEASUREMENT_NOISE), int(Quantity.OPERATION_NOISE)


class Batches(NamedTuple):
    """The batches of an epoch's steps."""

    signals: Floats
    """Signals ``(step, n, sample)``, flat and followed by space for one more vector per column; or
    nothing: then no step is taken."""
    occasion: int
    """When the noise is drawn: a `worker.engine.philox.Occasion`."""
    first_step: int
    """Number of steps before."""
    step_sizes: Doubles
    """Step size of each step, shape ``(step,)``."""


class SearchMeans(NamedTuple):
    """Means over the steps of an epoch of a search; each value is computed before its step."""

    validation_loss: float
    validation_psnr: float
    """PSNR in dB."""
    train_loss: float
    """Training loss; 0 if no weight steps are taken."""


class TrainingMeans(NamedTuple):
    """Means over the steps of an epoch of a training; each value is computed before its step."""

    loss: float
    psnr: float
    """PSNR in dB."""


@kernel
def forward(
    trial: Trial,
    taps: Taps,
    space: Space,
    drop: Drop | None,
    signals: int,
    first: int,
    occasion: int,
    step: int,
) -> float:
    """Measure a batch of signals and send it through the network.

    Args:
        trial: The trial.
        taps: The K taps.
        space: The search space.
        drop: Factors of the edges; None without drop path.
        signals: Address of drawn signals, ``(…, n, sample)``.
        first: Index of the batch's first signal.
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
        if has_cnn(trial, 0):
            count_input(trial, 0, taps)
        for layer in range(trial.layers):
            draw_noise(trial, layer, occasion, step)
            if drop is None:
                layer_forward(trial, layer, taps)
            else:
                dropped_layer_forward(trial, layer, drop, taps)
        return loss_and_gradient(trial, trial.layers, _ONE)
    for edge in range(trial.layers):
        draw_noise(trial, edge, occasion, step)
    for cell in range(trial.cells):
        if drop is None:
            cell_forward(trial, cell, taps)
        else:
            dropped_cell_forward(trial, cell, drop, taps)
    return loss_and_gradient(trial, trial.cells * (trial.states + 1), _ZERO)


@kernel
def draw_noise(trial: Trial, layer: int, occasion: int, step: int) -> None:
    """Draw the noise of a layer, if it has any.

    Args:
        trial: Gets the noise.
        layer: Which layer.
        occasion: When the noise is drawn.
        step: Which step of the occasion.
    """
    if coefficient(trial, layer, NOISE) != _ZERO:
        noise, what = trial.noises + noise_start(trial, layer, 0) * ITEM, _OPERATION + 16 * layer
        count = trial.n * trial.batch
        draw_normals(noise, count, step, what, occasion, trial.key0, trial.key1)


@kernel
def backward(
    trial: Trial, for_weights: np.bool_, taps: Taps, space: Space, drop: Drop | None
) -> None:
    """Take the loss's gradient back to the weights, or to the coefficients.

    Args:
        trial: The trial, after a `forward`; gets the gradients.
        for_weights: Whether the weights' gradients are needed; if not, those of the coefficients.
        taps: The K taps.
        space: The search space.
        drop: Factors of the edges; None without drop path.
    """
    clear(trial.first_gradient, trial.parameters)
    if space is None:
        source = 0
        for layer in range(trial.layers - 1, trial.lowest_trained - 1, -1):
            if drop is None:
                layer_backward(trial, layer, source, for_weights, taps)
            else:
                dropped_layer_backward(trial, layer, source, for_weights, drop, taps)
            source = trial.signal_size - source
    elif drop is None:
        cells_backward(trial, for_weights, taps)
    else:
        dropped_cells_backward(trial, for_weights, drop, taps)


@kernel
def adam(trial: Trial, step: int, step_size: float) -> None:
    """Take one step of PyTorch's Adam on the weights, with L2 weight decay.

    Args:
        trial: Has the gradients; the weights change.
        step: Number of steps before.
        step_size: Step size of this step.
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
    trial: Trial,
    alpha: Alpha,
    step: int,
    step_size: float,
    taps: Taps,
    space: Space,
    drop: Drop | None,
) -> None:
    """Take a step of α after a `forward`, with the weights fixed, and update the coefficients.

    Args:
        trial: The trial; the coefficients change.
        alpha: The architecture parameters; they change.
        step: Number of steps before.
        step_size: Step size of this step.
        taps: The K taps.
        space: The search space.
        drop: Factors of the edges; None without drop path.
    """
    # With a literal instead of a NumPy boolean, `backward` would be compiled for each of the two.
    backward(trial, np.bool_(False), taps, space, drop)
    alpha_gradient(alpha, trial)
    alpha_update(alpha, step, step_size)
    mix(alpha, trial)


@kernel
def weight_step(
    trial: Trial, step: int, step_size: float, taps: Taps, space: Space, drop: Drop | None
) -> None:
    """Take a step of the weights after a `forward`, with the coefficients fixed.

    Args:
        trial: The trial; the weights change.
        step: Number of steps before.
        step_size: Step size of this step.
        taps: The K taps.
        space: The search space.
        drop: Factors of the edges; None without drop path.
    """
    if trial.lowest_trained < trial.layers:
        backward(trial, np.bool_(True), taps, space, drop)
        adam(trial, step, step_size)


@entry
def search_epoch(
    trial: Trial,
    taps: Taps,
    space: Space,
    alpha: Alpha,
    validation: Batches,
    training: Batches,
    drops: Drops | None,
) -> SearchMeans:
    """Take steps of α on validation batches and steps of the weights on training batches, in turn.

    Args:
        trial: The trial; its weights change.
        taps: The K taps.
        space: The search space.
        alpha: The architecture parameters; they change.
        validation: Validation batches, and step sizes of α.
        training: Training batches, as many, and step sizes of the weights. Without signals the
            weights stay as they are.
        drops: Factors of the edges in all steps; None without drop path.
    """
    length, steps = trial.n * trial.batch, validation.step_sizes.size
    validation_loss, psnr, train_loss = 0.0, 0.0, 0.0
    mix(alpha, trial)
    for i in range(steps):
        step, first = validation.first_step + i, i * length
        drawn = validation.signals.ctypes.data
        drop = drop_of(drops, False, i, trial)
        loss = forward(trial, taps, space, drop, drawn, first, validation.occasion, step)
        validation_loss += loss
        psnr += mean_psnr(trial)
        alpha_step(trial, alpha, step, validation.step_sizes[i], taps, space, drop)
        if training.signals.size > 0:
            step = training.first_step + i
            drawn = training.signals.ctypes.data
            drop = drop_of(drops, True, i, trial)
            loss = forward(trial, taps, space, drop, drawn, first, training.occasion, step)
            train_loss += loss
            weight_step(trial, step, training.step_sizes[i], taps, space, drop)
    return SearchMeans(validation_loss / steps, psnr / steps, train_loss / steps)


@entry
def train_epoch(trial: Trial, taps: Taps, space: Space, batches: Batches) -> TrainingMeans:
    """Take steps of the weights with the coefficients fixed.

    If no layer is to be trained, the network is only scored.

    Args:
        trial: The trial; its weights change.
        taps: The K taps.
        space: The search space.
        batches: Training batches, and step sizes of the weights.
    """
    length, steps = trial.n * trial.batch, batches.step_sizes.size
    loss, psnr = 0.0, 0.0
    for i in range(steps):
        step = batches.first_step + i
        drawn = batches.signals.ctypes.data
        loss += forward(trial, taps, space, None, drawn, i * length, batches.occasion, step)
        psnr += mean_psnr(trial)
        weight_step(trial, step, batches.step_sizes[i], taps, space, None)
    return TrainingMeans(loss / steps, psnr / steps)
