"""Every kernel's backward: a search step's gradients against autograd in float64.

A step of size zero leaves its gradients in memory. Float32 rounds each of some thousand sums, so
that a gradient is compared to 2e-4 of the largest of its kind on its layer.
"""

from typing import Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.worker.made_up import batch_of
from worker.engine import Batch, initial_alpha
from worker.numba_alpha import Alpha, set_coefficients
from worker.numba_engine import Bench, starting_weights
from worker.numba_training import search_epoch, train_epoch
from worker.philox import Occasion
from worker.torch_data import Samples
from worker.torch_engine import Retraining, Search, Trainer
from worker.torch_weights import unflatten

LIKE = torch.empty(0, dtype=torch.float64)
KINDS = ("first", "scale", "shift", "second", "bias")
NO_STEP = np.zeros(1)
SIZES = [
    {},
    {"operations": "good"},
    {"problem": "downsampling"},
    {"kernel_size": 5},
    {"points": 23, "batch_size": 37, "channels": 6},
    {"points": 23, "batch_size": 37, "channels": 6, "kernel_size": 5},
    {"layers": 1, "points": 8, "batch_size": 130, "channels": 20},
]


def one_batch(trainer: Trainer, occasion: Occasion) -> Samples:
    return next(trainer.sampler.draw(occasion, range(1)))


def expected_weights(trainer: Trainer, loss: Tensor, slots: int) -> dict[str, NDArray[np.float64]]:
    """Return the gradients by kind, ``(layer, slot, …)``, taps before channels."""
    (gradient,) = torch.autograd.grad(loss, trainer.theta)
    kinds = unflatten(gradient, trainer.batch.architecture, slots)
    layers, channels = trainer.batch.architecture.layers, trainer.batch.architecture.channels
    return {
        "first": kinds.first[0].reshape(layers, slots, channels, -1).mT.numpy(),
        "scale": kinds.scale[0].reshape(layers, slots, channels).numpy(),
        "shift": kinds.shift[0].reshape(layers, slots, channels).numpy(),
        "second": kinds.second[0].numpy(),
        "bias": kinds.bias[0].numpy(),
    }


def our_weights(bench: Bench, batch: Batch) -> dict[str, NDArray[np.float32]]:
    layers, channels = batch.architecture.layers, batch.architecture.channels
    found = {kind: bench.memory[f"{kind}_gradient"][..., :channels] for kind in KINDS[:-1]}
    found["second"] = found["second"][:, :, ::-1]  # its taps are kept in reverse
    bias = bench.memory["bias_gradient"][: 2 * layers].reshape(layers, 2)
    return {**found, "bias": bias}


def close(ours: NDArray[np.floating], theirs: NDArray[np.floating]) -> None:
    """Compare layer by layer."""
    for layer, (mine, wanted) in enumerate(zip(ours, theirs, strict=True)):
        atol = 2e-4 * np.abs(wanted).max()
        np.testing.assert_allclose(mine, wanted, rtol=0, atol=atol, err_msg=f"layer {layer}")


@pytest.mark.parametrize("sizes", SIZES)
def test_a_search_steps_gradients_are_those_of_autograd(sizes: dict[str, object]) -> None:
    batch = batch_of(batches=1, epochs=1, **sizes)  # type: ignore[arg-type]
    search = Search(batch, LIKE)
    spread = np.linspace(-1, 1, search.alpha.numel()).reshape(search.alpha.shape)
    value = initial_alpha(batch)[0] + spread[0]
    search.alpha = torch.as_tensor(value)[None].requires_grad_()
    search.theta.requires_grad_()
    validation = one_batch(search, Occasion.SEARCH_VALIDATION)
    loss = search.loss_and_psnr(search.theta, search.mixture(), validation)[0].sum()
    (by_alpha,) = torch.autograd.grad(loss, search.alpha)
    training = one_batch(search, Occasion.SEARCH_TRAINING)
    train_loss = search.loss_and_psnr(search.theta, search.mixture(), training)[0].sum()
    by_weights = expected_weights(search, train_loss, slots=2)

    bench = Bench(batch)
    bench.begin(0, starting_weights(batch, Occasion.SEARCH_START))
    alpha = Alpha(value, 0 * value, 0 * value, np.zeros((2, *value.shape)), 0.0, by_adam=False)
    ours = search_epoch(
        bench.trial,
        bench.taps,
        alpha,
        bench.signals(0, Occasion.SEARCH_VALIDATION, range(1), buffer=0),
        bench.signals(0, Occasion.SEARCH_TRAINING, range(1), buffer=1),
        (int(Occasion.SEARCH_VALIDATION), int(Occasion.SEARCH_TRAINING)),
        0,
        NO_STEP,
        NO_STEP,
    )

    assert ours[0] == pytest.approx(loss.item(), rel=1e-5)
    assert ours[2] == pytest.approx(train_loss.item(), rel=1e-5)
    close(alpha.gradient, by_alpha[0].numpy())
    found = our_weights(bench, batch)
    for kind in KINDS:
        close(found[kind], by_weights[kind])


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("picks", [[0, 0, 0], [1, 1, 1], [0, 2, 1], [3, 1, 2], [2, 3, 0]], ids=str)
def test_a_retraining_steps_gradients_are_those_of_autograd(
    picks: list[int], kernel_size: Literal[3, 5]
) -> None:
    batch = batch_of(batches=1, epochs=1, points=21, batch_size=30, kernel_size=kernel_size)
    chosen = np.array([picks])
    retraining = Retraining(batch, chosen, LIKE)
    retraining.theta.requires_grad_()
    sample = one_batch(retraining, Occasion.RETRAIN_TRAINING)
    loss = retraining.loss_and_psnr(retraining.theta, retraining.mixture, sample)[0].sum()
    by_weights = expected_weights(retraining, loss, slots=1)

    bench = Bench(batch)
    learned = [layer for layer, pick in enumerate(picks) if pick < 2]
    bench.begin(0, starting_weights(batch, Occasion.RETRAIN_START), lowest=learned[0])
    set_coefficients(np.eye(4)[picks], bench.trial)
    occasion = Occasion.RETRAIN_TRAINING
    signals = bench.signals(0, occasion, range(1))
    ours = train_epoch(bench.trial, bench.taps, signals, int(occasion), 0, NO_STEP)

    assert ours[0] == pytest.approx(loss.item(), rel=1e-5)
    found = our_weights(bench, batch)
    for kind in KINDS:
        for layer in learned:
            close(found[kind][layer, picks[layer]][None], by_weights[kind][layer])
