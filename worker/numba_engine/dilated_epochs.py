"""Epochs of a training with dilated convolutions in Numba; compiled only if a trial needs them."""

import numpy as np

from worker.engine.philox import Quantity
from worker.numba_engine.compilation import entry, kernel
from worker.numba_engine.dilated_layers import dilated_layer_backward, dilated_layer_forward
from worker.numba_engine.epochs import Batches, TrainingMeans, adam, draw_noise
from worker.numba_engine.layout import clear
from worker.numba_engine.linear_maps import arrange, loss_and_gradient, mean_psnr, measure
from worker.numba_engine.memory import DirectTaps, Trial
from worker.numba_engine.random import draw_normals

_ONE = np.float32(1)
_MEASUREMENT = int(Quantity.MEASUREMENT_NOISE)


@kernel
def dilated_forward(
    trial: Trial, taps: DirectTaps, signals: int, first: int, occasion: int, step: int
) -> float:
    """Measure a batch of signals and send it through the network.

    Args:
        trial: The trial.
        taps: The K taps.
        signals: Address of drawn signals, ``(…, n, sample)``.
        first: Index of the batch's first signal.
        occasion: When the noise is drawn.
        step: Which step of the occasion.

    Returns:
        The loss.
    """
    count = trial.m * trial.batch
    arrange(trial, signals, first)
    draw_normals(trial.drawn, count, step, _MEASUREMENT, occasion, trial.key0, trial.key1)
    measure(trial)
    for layer in range(trial.layers):
        draw_noise(trial, layer, occasion, step)
        dilated_layer_forward(trial, layer, taps)
    return loss_and_gradient(trial, trial.layers, _ONE)


@kernel
def dilated_backward(trial: Trial, taps: DirectTaps) -> None:
    """Take the loss's gradient back to the weights.

    Args:
        trial: The trial, after a `dilated_forward`; gets the gradients.
        taps: The K taps.
    """
    clear(trial.first_gradient, trial.parameters)
    source = 0
    for layer in range(trial.layers - 1, trial.lowest_trained - 1, -1):
        dilated_layer_backward(trial, layer, source, taps)
        source = trial.signal_size - source


@entry
def dilated_train_epoch(trial: Trial, taps: DirectTaps, batches: Batches) -> TrainingMeans:
    """Take steps of the weights, as `worker.numba_engine.epochs.train_epoch` does.

    Args:
        trial: The trial; its weights change.
        taps: The K taps.
        batches: Training batches, and step sizes of the weights.
    """
    length, steps = trial.n * trial.batch, batches.step_sizes.size
    loss, psnr = 0.0, 0.0
    for i in range(steps):
        step = batches.first_step + i
        drawn = batches.signals.ctypes.data
        loss += dilated_forward(trial, taps, drawn, i * length, batches.occasion, step)
        psnr += mean_psnr(trial)
        if trial.lowest_trained < trial.layers:
            dilated_backward(trial, taps)
            adam(trial, step, batches.step_sizes[i])
    return TrainingMeans(loss / steps, psnr / steps)
