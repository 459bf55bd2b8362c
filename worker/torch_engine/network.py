"""Forward pass of an edge, and of the sequential space (Sec. 4.1), for a batch of trials.

The output of an edge is a linear combination of a few terms. Each operation is a row of
coefficients in `term_table`, the mixture of the operations gives the coefficients of the edge, and
an edge is a few matrix products over all trials at once. The signals of a trial have the shape
``(n, batch)``, with the batch as the last dimension, so that every linear map along n (AᵀA, the
roll, the shift by one tap) is a matrix product from the left. In the sequential space an edge is a
layer; for the cell space see `worker.torch_engine.cells`. Autograd differentiates both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from configspace.architecture import ArchitectureSettings
from configspace.operations import ZERO, operations
from worker.engine.contract import BATCH_NORM_EPSILON, FLATTENING_TAPS
from worker.torch_engine.perceptron import perceptron

CNNS = 2
"""Number of slots for an edge's two-layer CNNs n(u): 0 of ``learnable_gradient``, 1 of ``cnn``."""


class Mixture(NamedTuple):
    """Coefficients of an edge's terms; leading dimensions ``(trial, edge)``."""

    linear: Tensor
    """Coefficients of u, AᵀA u and the rolled u; ``(…, 3)``."""
    start: Tensor
    """Coefficient of the network's input Aᵀy; ``(…, 1)``."""
    cnns: Tensor
    """Coefficient of each slot's n(u); ``(…, slot)``."""
    noise: Tensor
    """Coefficient of ε ~ N(0, 1); ``(…, 1)``."""
    custom: Tensor
    """Coefficients of the custom operations; ``(…, custom operation)``."""


class Noise(NamedTuple):
    """The noise ε ~ N(0, 1) of the edges that have the noise operation in any trial."""

    edges: Tensor
    """Indices of these edges, ``(noisy edge,)``."""
    drawn: Tensor
    """The noise, ``(trial, noisy edge, n, batch)``."""


class Weights(NamedTuple):
    """Weights of the CNNs n(u) of some edges."""

    first: Tensor
    """Weights of the first convolution, ``(trial, edge, slot · channel, tap)``."""
    scale: Tensor
    """Scale of batch norm, ``(trial, edge, slot · channel, 1)``."""
    shift: Tensor
    """Shift of batch norm, ``(trial, edge, slot · channel, 1)``."""
    second: Tensor
    """Weights of the second convolution, ``(trial, edge, slot, tap, channel)``."""
    bias: Tensor
    """Bias of the second convolution, ``(trial, edge, slot)``."""

    def split(self, sizes: int | list[int]) -> "list[Weights]":
        """Split along the edges, into parts of one size or of the given sizes."""
        parts = zip(*(torch.split(tensor, sizes, 1) for tensor in self), strict=True)
        return [Weights(*part) for part in parts]


@dataclass(frozen=True, slots=True)
class Maps:
    """The fixed linear maps along n."""

    linear: Tensor
    """The identity, AᵀA and the roll, each flattened: ``(3, n · n)``."""
    patches: Tensor
    """The shifts of all taps, stacked: ``(1, tap · n, n)``; row (t, i) takes u[i + t − k // 2]."""
    taps: Tensor
    """The same shifts side by side, which sum the outputs of all taps: ``(1, n, tap · n)``."""
    flattening: Tensor
    """The shifts of the taps of a cell's flattening: ``(tap, n · n)``."""

    @classmethod
    def of(
        cls, matrix: NDArray[np.float64], settings: ArchitectureSettings, like: Tensor
    ) -> "Maps":
        """Build the maps for a problem's matrix A, with the dtype and the device of ``like``."""
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

    The terms are u, AᵀA u, the rolled u, Aᵀy, n_0(u), n_1(u) and ε. With g = AᵀA u − Aᵀy, the
    learnable gradient is u − τ g − τ n_0(u), and the noise operation is u − τ g + σ ε. Each custom
    operation adds one term.
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
    """Return the coefficients of the terms for mixture weights of the operations.

    Args:
        shares: Mixture weights: softmax(α), or one-hot vectors for discrete architectures;
            ``(trial, edge, operation)``.
        table: The rows of `term_table` for these operations.
    """
    sizes = [3, 1, CNNS, 1]
    custom = table.shape[1] - sum(sizes)
    return Mixture(*torch.split(shares @ table, [*sizes, custom], dim=-1))


def network(
    maps: Maps,
    weights: Weights,
    mix: Mixture,
    start: Tensor,
    noise: Noise,
    has_cnn: Sequence[bool],
    custom_output: Callable[[int, Tensor], Tensor | None] | None = None,
    drop: Tensor | None = None,
) -> Tensor:
    """Apply all layers, and add the input to the output of the last layer.

    Args:
        maps: The linear maps.
        weights: Weights of the CNNs, with the same slots as ``mix``.
        mix: Coefficients of the layers' terms.
        has_cnn: For each layer, whether any trial has a CNN on it.
        start: Aᵀy, ``(trial, n, batch)``.
        noise: The noise ε of the layers that use it.
        custom_output: Returns the output of the custom operations on a layer, or None, for the
            index and the input of the layer.
        drop: Factors by which drop path scales what the layers change, ``(trial, layer, batch)``.

    Returns:
        Reconstructions, ``(trial, n, batch)``.
    """
    trials, layers = mix.linear.shape[:2]
    n = start.shape[1]
    linear = (mix.linear @ maps.linear).reshape(trials, layers, n, n)
    constant = mix.start[..., None] * start[:, None]  # (trial, layer, n, batch)
    constant = constant + (mix.cnns * weights.bias).sum(-1)[..., None, None]
    if len(noise.edges):
        share = mix.noise[:, noise.edges, :, None]
        noisy = torch.addcmul(constant[:, noise.edges], share, noise.drawn)
        constant = constant.index_copy(1, noise.edges, noisy)
    signal = start
    by_layer, shares = weights.split(1), torch.split(mix.cnns, 1, 1)
    for layer, (matrix, rest) in enumerate(zip(linear.unbind(1), constant.unbind(1), strict=True)):
        output = torch.baddbmm(rest, matrix, signal)
        if has_cnn[layer]:
            taps = cnn_taps(maps, by_layer[layer], shares[layer], signal)
            output = torch.baddbmm(output, maps.taps.expand(trials, -1, -1), taps)
        if custom_output is not None and (custom := custom_output(layer, signal)) is not None:
            output = output + custom
        if drop is not None:
            # Not u + factor · (output − u): a factor of 1 keeps the output as it is.
            factor = drop[:, layer, None]
            output = factor * output + (1 - factor) * signal
        signal = output
    return start + signal


def cnn_taps(maps: Maps, weights: Weights, shares: Tensor, signal: Tensor) -> Tensor:
    """Return Σ_slot share_slot · n_slot(u), without the biases, for edges with the same input u.

    n(u) is convolution, batch norm, ReLU, convolution. The outputs of the taps of the second
    convolution are not summed yet. All edges and slots have the same input with one channel, so
    that all first convolutions are one matrix product with the patches of the input. Batch norm
    folds into this product: a channel w of the first convolution has the variance wᵀ Cov(P) w,
    where P are the patches, and centered patches make its mean 0.

    Args:
        maps: The linear maps.
        weights: Weights of the edges.
        shares: Coefficient of each slot, ``(trial, edge, slot)``.
        signal: u, ``(trial, n, batch)``.

    Returns:
        The outputs by tap, shape ``(trial · edge, tap · n, batch)``.
    """
    trials, n, batch = signal.shape
    edges, slots, taps, channels = weights.second.shape[1:]
    patches = torch.bmm(maps.patches.expand(trials, -1, -1), signal).view(trials, taps, n * batch)
    centered = patches - patches.mean(-1, keepdim=True)  # (trial, tap, n · batch)
    covariance = torch.bmm(centered, centered.mT) / (n * batch)  # (trial, tap, tap)
    first, scale, shift = (t.flatten(1, 2) for t in (weights.first, weights.scale, weights.shift))
    # If u is 0, the variance is 0 and each channel equals its shift.
    variance = (torch.bmm(first, covariance) * first).sum(-1, keepdim=True)
    folded = first * (scale * torch.rsqrt(variance + BATCH_NORM_EPSILON))
    # The shift of batch norm is one more tap, on a row of ones.
    folded = torch.cat((folded, shift), dim=-1)  # (trial, edge · slot · channel, tap + 1)
    ones = centered.new_ones(1, 1, 1).expand(trials, 1, n * batch)
    inputs = torch.cat((centered, ones), dim=1)  # (trial, tap + 1, n · batch)
    second = weights.second.reshape(trials * edges * slots, taps, channels)
    by_slot = perceptron(inputs, folded, second)  # (trial · edge · slot, tap, n · batch)
    together = trials * edges
    mixed = torch.bmm(
        shares.reshape(together, 1, slots), by_slot.view(together, slots, taps * n * batch)
    )
    return mixed.view(together, taps * n, batch)
