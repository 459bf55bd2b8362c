"""What an edge computes, and the sequential network (Sec. 4.1) of a batch of trials, for autograd.

An edge's output is linear in a handful of terms, with coefficients that follow from the mixture
of its operations: that makes every operation a row of `term_table`, and every edge a few matrix
products over all trials at once. The signals of a trial are ``(n, batch)`` with the batch
innermost, so that whatever acts along n (AᵀA, the roll, a shift by one tap) is a matrix from the
left. In the sequential network an edge is a layer; the cells are in `worker.torch_engine.cells`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from configspace.operations import ZERO, operations
from configspace.study import ArchitectureSettings
from worker.engine.contract import BATCH_NORM_EPSILON, FLATTENING_TAPS
from worker.torch_engine.perceptron import perceptron

MAPPINGS = 2
"""Slots of an edge's mappings n(u): the learnable gradient's and the CNN's."""


class Mixture(NamedTuple):
    """Coefficients of an edge's terms; leading dimensions ``(trial, edge)``."""

    linear: Tensor
    """Of u, AᵀA u and the rolled u; ``(…, 3)``."""
    start: Tensor
    """Of the network's input Aᵀy; ``(…, 1)``."""
    mappings: Tensor
    """Of each slot's n(u); ``(…, slot)``."""
    noise: Tensor
    """Of ε ~ N(0, 1); ``(…, 1)``."""
    custom: Tensor
    """Of a user's own operations; ``(…, own operation)``."""


class Noise(NamedTuple):
    """ε ~ N(0, 1) on those edges that have the noise operation in any trial."""

    edges: Tensor
    """Their indices, ``(noisy edge,)``."""
    drawn: Tensor
    """Shape ``(trial, noisy edge, n, batch)``."""


class Weights(NamedTuple):
    """Weights of the mappings n(u) of some edges."""

    first: Tensor
    """First convolution, ``(trial, edge, slot · channel, tap)``."""
    scale: Tensor
    """Of batch norm, ``(trial, edge, slot · channel, 1)``."""
    shift: Tensor
    """Of batch norm, ``(trial, edge, slot · channel, 1)``."""
    second: Tensor
    """Second convolution, ``(trial, edge, slot, tap, channel)``."""
    bias: Tensor
    """Of the second convolution, ``(trial, edge, slot)``."""

    def split(self, sizes: int | list[int]) -> "list[Weights]":
        """Split the edges into runs of one size, or of these sizes."""
        runs = zip(*(torch.split(tensor, sizes, 1) for tensor in self), strict=True)
        return [Weights(*run) for run in runs]


@dataclass(frozen=True, slots=True)
class Maps:
    """The fixed linear maps along n."""

    linear: Tensor
    """Identity, AᵀA and the roll, each flattened: ``(3, n · n)``."""
    patches: Tensor
    """The shifts to each tap, stacked: ``(1, tap · n, n)``; row (t, i) picks u[i + t − k // 2]."""
    taps: Tensor
    """The same shifts side by side, which sums what each tap brings: ``(1, n, tap · n)``."""
    flattening: Tensor
    """The shifts to each tap of a cell's flattening: ``(tap, n · n)``."""

    @classmethod
    def of(
        cls, matrix: NDArray[np.float64], settings: ArchitectureSettings, like: Tensor
    ) -> "Maps":
        """Build the maps of a problem's matrix A; dtype and device as ``like``."""
        n = matrix.shape[1]
        eye = np.eye(n)
        linear = np.stack([eye, matrix.T @ matrix, np.roll(eye, settings.roll_shift, axis=0)])

        def shifts(taps: int) -> list[NDArray[np.float64]]:
            return [np.eye(n, k=tap - taps // 2) for tap in range(taps)]

        size = settings.kernel_size
        return cls(
            linear=torch.as_tensor(linear).to(like).reshape(3, n * n),
            patches=torch.as_tensor(np.concatenate(shifts(size))).to(like)[None],
            taps=torch.as_tensor(np.concatenate(shifts(size), axis=1)).to(like)[None],
            flattening=torch.as_tensor(np.stack(shifts(FLATTENING_TAPS)))
            .to(like)
            .reshape(FLATTENING_TAPS, n * n),
        )


def term_table(settings: ArchitectureSettings) -> NDArray[np.float64]:
    """Return the coefficients of each operation of the set (Sec. 4.3), ``(operation, term)``.

    The terms are u, AᵀA u, the rolled u, Aᵀy, n_0(u), n_1(u), ε: with g = AᵀA u − Aᵀy, a learnable
    gradient step is u − τ g − τ n_0(u), and noise is u − τ g + σ ε. Each of a user's own operations
    is one more term.
    """
    tau, sigma = settings.tau, settings.operation_noise
    rows = {
        "learnable_gradient": (1.0, -tau, 0.0, tau, -tau, 0.0, 0.0),
        "cnn": (0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        "roll": (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0),
        "noise": (1.0, -tau, 0.0, tau, 0.0, 0.0, sigma),
        **dict.fromkeys((*settings.custom, ZERO), (0.0,) * 7),
    }
    names = operations(settings)
    custom = [[float(name == one) for one in settings.custom] for name in names]
    return np.array([(*rows[name], *more) for name, more in zip(names, custom, strict=True)])


def mixture(shares: Tensor, table: Tensor) -> Mixture:
    """Return the terms' coefficients for shares of the operations.

    Args:
        shares: softmax(α), or one-hot for a discrete architecture; ``(trial, edge, operation)``.
        table: The rows of `term_table` for these operations.
    """
    sizes = [3, 1, MAPPINGS, 1]
    custom = table.shape[1] - sum(sizes)
    return Mixture(*torch.split(shares @ table, [*sizes, custom], dim=-1))


def network(
    maps: Maps,
    weights: Weights,
    mix: Mixture,
    start: Tensor,
    noise: Noise,
    mapped: Sequence[bool],
    custom_output: Callable[[int, Tensor], Tensor | None] | None = None,
) -> Tensor:
    """Apply all layers, and add the input to the last one's output.

    Args:
        maps: The linear maps.
        weights: Weights of the mappings; as many slots as ``mix`` has.
        mix: The layers' coefficients.
        mapped: Whether any trial has a mapping on each layer.
        start: Aᵀy, ``(trial, n, batch)``.
        noise: ε of the layers that have any.
        custom_output: Returns what a user's own operations bring to a layer, if anything, from its
            index and its input.

    Returns:
        Reconstructions, ``(trial, n, batch)``.
    """
    trials, layers = mix.linear.shape[:2]
    n = start.shape[1]
    linear = (mix.linear @ maps.linear).reshape(trials, layers, n, n)
    constant = mix.start[..., None] * start[:, None]  # (trial, layer, n, batch)
    constant = constant + (mix.mappings * weights.bias).sum(-1)[..., None, None]
    if len(noise.edges):
        share = mix.noise[:, noise.edges, :, None]
        noisy = torch.addcmul(constant[:, noise.edges], share, noise.drawn)
        constant = constant.index_copy(1, noise.edges, noisy)
    signal = start
    own, shares = weights.split(1), torch.split(mix.mappings, 1, 1)
    for layer, (matrix, rest) in enumerate(zip(linear.unbind(1), constant.unbind(1), strict=True)):
        output = torch.baddbmm(rest, matrix, signal)
        if mapped[layer]:
            taps = mapping_taps(maps, own[layer], shares[layer], signal)
            output = torch.baddbmm(output, maps.taps.expand(trials, -1, -1), taps)
        if custom_output is not None and (brought := custom_output(layer, signal)) is not None:
            output = output + brought
        signal = output
    return start + signal


def mapping_taps(maps: Maps, own: Weights, shares: Tensor, signal: Tensor) -> Tensor:
    """Return Σ_slot share_slot · n_slot(u), but for the biases, of edges that leave one u.

    n(u) is convolution, batch norm, ReLU, convolution; what each tap of the last one brings is not
    summed yet. All edges and slots have the same input, of one channel, so that all their first
    convolutions are one matrix product with its patches, and batch norm folds into it: a channel w
    of the first convolution has the variance wᵀ Cov(P) w, where P are the patches; centered patches
    make its mean 0.

    Args:
        maps: The linear maps.
        own: The edges' weights.
        shares: Coefficient of each slot, ``(trial, edge, slot)``.
        signal: u, ``(trial, n, batch)``.

    Returns:
        Shape ``(trial · edge, tap · n, batch)``.
    """
    trials, n, batch = signal.shape
    edges, slots, taps, channels = own.second.shape[1:]
    patches = torch.bmm(maps.patches.expand(trials, -1, -1), signal).view(trials, taps, n * batch)
    centered = patches - patches.mean(-1, keepdim=True)  # (trial, tap, n · batch)
    covariance = torch.bmm(centered, centered.mT) / (n * batch)  # (trial, tap, tap)
    first, scale, shift = (t.flatten(1, 2) for t in (own.first, own.scale, own.shift))
    # A signal of zeros has variance 0, and its channels are their shifts.
    variance = (torch.bmm(first, covariance) * first).sum(-1, keepdim=True)
    folded = first * (scale * torch.rsqrt(variance + BATCH_NORM_EPSILON))
    # Batch norm's shift is one more tap, on a row of ones.
    folded = torch.cat((folded, shift), dim=-1)  # (trial, edge · slot · channel, tap + 1)
    ones = centered.new_ones(1, 1, 1).expand(trials, 1, n * batch)
    inputs = torch.cat((centered, ones), dim=1)  # (trial, tap + 1, n · batch)
    second = own.second.reshape(trials * edges * slots, taps, channels)
    brought = perceptron(inputs, folded, second)  # (trial · edge · slot, tap, n · batch)
    together = trials * edges
    mixed = torch.bmm(
        shares.reshape(together, 1, slots), brought.view(together, slots, taps * n * batch)
    )
    return mixed.view(together, taps * n, batch)
