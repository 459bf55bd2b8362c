from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import batch_norm, conv1d

from tests.worker.made_up import batch_of
from worker.torch_engine.cnn import Weights, cnn_taps
from worker.torch_engine.network import (
    Maps,
    Mixture,
    Noise,
    mixture,
    network,
    term_table,
)
from worker.torch_engine.perceptron import Perceptron, perceptron

TRIALS, N, BATCH, CHANNELS, SLOTS = 3, 20, 8, 4, 2
LIKE = torch.empty(0, dtype=torch.float64)


def random(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(sum(shape) * 31 + len(shape))
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def maps(kernel_size: int = 3) -> Maps:
    batch = batch_of(kernel_size=kernel_size)
    return Maps.of(batch.problem.matrix, batch.architecture, LIKE)


def weights(taps: int = 3) -> Weights:
    """Return the weights of one layer, without the layer dimension."""
    return Weights(
        first=random(TRIALS, SLOTS * CHANNELS, taps),
        scale=random(TRIALS, SLOTS * CHANNELS, 1),
        shift=random(TRIALS, SLOTS * CHANNELS, 1),
        second=random(TRIALS, SLOTS, taps, CHANNELS),
        bias=random(TRIALS, SLOTS),
    )


def stock_cnn(layer: Weights, trial: int, slot: int, u: Tensor) -> Tensor:
    """Return n(u) without the last bias, by functions of PyTorch; u is ``(n, batch)``."""
    taps = layer.first.shape[-1]
    channels = slice(slot * CHANNELS, (slot + 1) * CHANNELS)
    hidden = conv1d(u.T[:, None], layer.first[trial, channels, None], padding=taps // 2)
    scale, shift = layer.scale[trial, channels, 0], layer.shift[trial, channels, 0]
    normal = batch_norm(hidden, None, None, scale, shift, training=True)
    second = layer.second[trial, slot].T[None]
    return conv1d(normal.relu(), second, padding=taps // 2)[:, 0].T


@pytest.mark.parametrize("taps", [3, 5])
def test_the_folded_cnn_matches_conv1d_and_batch_norm(taps: int) -> None:
    layer, u, shares, fixed = weights(taps), 3 + random(TRIALS, N, BATCH), random(3, 2), maps(taps)
    edge = Weights(*(tensor[:, None] for tensor in layer))
    output = fixed.taps @ cnn_taps(fixed.patches, edge, shares[:, None], u)
    for trial in range(TRIALS):
        expected = sum(
            shares[trial, slot] * stock_cnn(layer, trial, slot, u[trial]) for slot in range(SLOTS)
        )
        torch.testing.assert_close(output[trial], expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("budget", [1, 100, 10**9])
@pytest.mark.parametrize("trials", [1, 3])
def test_perceptron_gradients_match_autograd(
    budget: int, trials: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.torch_engine.perceptron.CACHE", budget)
    arguments = [random(trials, 4, 23), random(trials, 10, 4), random(trials * 2, 3, 5)]
    for argument in arguments:
        argument.requires_grad_()
    inputs, first, second = arguments
    plain = second @ (first @ inputs).relu().reshape(trials * 2, 5, 23)
    computed = perceptron(inputs, first, second)
    torch.testing.assert_close(computed, plain)
    seed = random(trials * 2, 3, 23)
    for ours, autograds in zip(
        torch.autograd.grad(computed, arguments, seed),
        torch.autograd.grad(plain, arguments, seed),
        strict=True,
    ):
        torch.testing.assert_close(ours, autograds)


def test_the_perceptron_skips_unneeded_gradients() -> None:
    saved = random(1, 4, 23), random(1, 10, 4), random(2, 3, 5)
    context = SimpleNamespace(saved_tensors=saved, needs_input_grad=(True, False, False))
    with torch.no_grad():
        gradients = Perceptron.backward(context, random(2, 3, 23))
    assert [gradient is None for gradient in gradients] == [False, True, True]


def test_perceptron_second_derivatives_match_autograd() -> None:
    arguments = [random(2, 4, 23), random(2, 10, 4), random(4, 3, 5)]
    for argument in arguments:
        argument.requires_grad_()
    inputs, first, second = arguments
    plain = second @ (first @ inputs).relu().reshape(4, 5, 23)
    seconds = []
    for output in (plain, perceptron(inputs, first, second)):
        gradients = torch.autograd.grad(output.square().sum(), arguments, create_graph=True)
        total = sum(gradient.square().sum() for gradient in gradients)
        assert isinstance(total, Tensor)
        seconds.append(torch.autograd.grad(total, arguments))
    for autograds, ours in zip(*seconds, strict=True):
        torch.testing.assert_close(ours, autograds)


def output_of(
    shares: Tensor, noise: Tensor | None = None, layers: int = 1
) -> tuple[Tensor, Tensor]:
    """Return Aᵀy, and what a network with the same shares on each layer adds to it."""
    batch = batch_of(layers=layers)
    table = torch.as_tensor(term_table(batch.architecture))
    layer = Weights(
        *(tensor[:, None].expand(-1, layers, *tensor.shape[1:]) for tensor in weights())
    )
    start = random(TRIALS, N, BATCH)
    mix = mixture(shares.expand(TRIALS, layers, 4), table)
    silence = torch.zeros(TRIALS, layers, N, BATCH, dtype=torch.float64)
    every = Noise(torch.arange(layers), silence if noise is None else noise)
    output = network(maps(), layer, mix, start, every, has_cnn=[True] * layers)
    return start, output - start


def one(operation: int) -> Tensor:
    return torch.eye(4, dtype=torch.float64)[operation]


def descended(start: Tensor) -> Tensor:
    """Return u − τ(AᵀA u − Aᵀy) at u = Aᵀy."""
    matrix = torch.as_tensor(batch_of().problem.matrix)
    return start - 0.1 * (matrix.T @ (matrix @ start) - start)


def biased_cnn(slot: int) -> Callable[[Tensor], Tensor]:
    layer = weights()
    return lambda u: torch.stack(
        [stock_cnn(layer, t, slot, u[t]) + layer.bias[t, slot] for t in range(TRIALS)]
    )


def test_a_learnable_gradient_subtracts_its_cnn() -> None:
    start, added = output_of(one(0))
    torch.testing.assert_close(added, descended(start) - 0.1 * biased_cnn(0)(start))


def test_the_cnn_operation_is_its_cnn() -> None:
    start, added = output_of(one(1))
    torch.testing.assert_close(added, biased_cnn(1)(start))


def test_a_roll_shifts_by_one_sample() -> None:
    start, added = output_of(one(2))
    torch.testing.assert_close(added, torch.roll(start, 1, dims=1))


def test_noise_is_a_gradient_step_plus_noise() -> None:
    noise = random(TRIALS, 1, N, BATCH)
    start, added = output_of(one(3), noise)
    torch.testing.assert_close(added, descended(start) + noise[:, 0])


def test_a_layer_mixes_its_operations_by_their_shares() -> None:
    shares = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    noise = random(TRIALS, 1, N, BATCH)
    alone = sum(share * output_of(one(o), noise)[1] for o, share in enumerate(shares))
    torch.testing.assert_close(output_of(shares, noise)[1], alone)


def test_layers_follow_one_another() -> None:
    start, added = output_of(one(2), layers=3)
    torch.testing.assert_close(added, torch.roll(start, 3, dims=1))


def test_a_layer_without_a_cnn_may_skip_it() -> None:
    batch = batch_of(layers=1)
    table = torch.as_tensor(term_table(batch.architecture))
    layer = Weights(*(tensor[:, None] for tensor in weights()))
    start = random(TRIALS, N, BATCH)
    silence = Noise(torch.arange(1), torch.zeros(TRIALS, 1, N, BATCH, dtype=torch.float64))
    mix: Mixture = mixture(one(3).expand(TRIALS, 1, 4), table)
    skipped, kept = (
        network(maps(), layer, mix, start, silence, has_cnn=[has_cnn]) for has_cnn in (False, True)
    )
    assert torch.equal(skipped, kept)


def test_the_tap_sum_is_an_adjoint_of_patches() -> None:
    # ⟨P u, v⟩ = ⟨u, Pᵀ v⟩, and a tap's transposed shift is the shift by the opposite tap.
    fixed, u, v = maps(5), random(N, BATCH), random(5 * N, BATCH)
    mirrored = v.reshape(5, N, BATCH).flip(0).reshape(5 * N, BATCH)
    left = ((fixed.patches[0] @ u) * v).sum()
    right = (u * (fixed.taps[0] @ mirrored)).sum()
    assert left.item() == pytest.approx(right.item(), rel=1e-12)


def test_patches_are_zero_beyond_the_ends() -> None:
    patches = (maps().patches[0] @ torch.ones(N, 1, dtype=torch.float64)).reshape(3, N)
    expected = np.ones((3, N))
    expected[0, 0] = expected[2, -1] = 0
    np.testing.assert_array_equal(patches, expected)
