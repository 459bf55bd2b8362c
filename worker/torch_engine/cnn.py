"""The two-layer CNNs n(u) of an edge: convolution, batch norm, ReLU, convolution.

All convolutions of a CNN have an input or an output of one channel. With the *patches* of the
input, which are what its taps read at each position, both are matrix products. Batch norm folds
into the first: a channel w has the variance wᵀ Cov(P) w, where P are the patches, and centered
patches make its mean 0.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.engine.contract import BATCH_NORM_EPSILON
from worker.torch_engine.perceptron import perceptron


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


def cnn_taps(patches: Tensor, weights: Weights, shares: Tensor, signal: Tensor) -> Tensor:
    """Return Σ_slot share_slot · n_slot(u), without the biases, for edges with the same input u.

    The outputs of the taps of the second convolution are not summed yet. All edges and slots have
    the same patches, so that all first convolutions are one matrix product.

    Args:
        patches: The shifts of all taps, stacked: ``(1, tap · n, n)``.
        weights: Weights of the edges.
        shares: Coefficient of each slot, ``(trial, edge, slot)``.
        signal: u, ``(trial, n, batch)``.

    Returns:
        The outputs by tap, shape ``(trial · edge, tap · n, batch)``.
    """
    trials, n, batch = signal.shape
    edges, slots, taps, channels = weights.second.shape[1:]
    read = torch.bmm(patches.expand(trials, -1, -1), signal).view(trials, taps, n * batch)
    first, scale, shift = (t.flatten(1, 2) for t in (weights.first, weights.scale, weights.shift))
    second = weights.second.reshape(trials * edges * slots, taps, channels)
    # by slot: (trial · edge · slot, tap, n · batch)
    by_slot = _normalized_perceptron(read, first, scale, shift, second)
    together = trials * edges
    mixed = torch.bmm(
        shares.reshape(together, 1, slots), by_slot.view(together, slots, taps * n * batch)
    )
    return mixed.view(together, taps * n, batch)


def dilated_cnns(maps: Tensor, weights: Weights, shares: Tensor, signal: Tensor) -> Tensor:
    """Return Σ_slot share_slot · n_slot(u), without the biases, if each slot has its own dilation.

    All slots of all trials are matrix products over one leading dimension.

    Args:
        maps: The interpolations of each slot's taps, ``(trial, slot · tap · n, n)``; see
            `interpolations`.
        weights: Weights of one edge.
        shares: Coefficient of each slot, ``(trial, 1, slot)``.
        signal: u, ``(trial, n, batch)``.

    Returns:
        The outputs, ``(trial, n, batch)``.
    """
    trials, n, batch = signal.shape
    slots, taps, channels = weights.second.shape[2:]
    read = torch.bmm(maps, signal).view(trials * slots, taps, n * batch)
    first, scale, shift = (
        tensor.reshape(trials * slots, channels, -1)
        for tensor in (weights.first, weights.scale, weights.shift)
    )
    # Tap t of the second convolution reads where the transpose of tap K − 1 − t writes.
    second = weights.second.reshape(trials * slots, taps, channels).flip(1)
    by_slot = _normalized_perceptron(read, first, scale, shift, second)
    mixed = shares.mT[..., None] * by_slot.view(trials, slots, taps * n, batch)
    return torch.bmm(maps.mT, mixed.view(trials, slots * taps * n, batch))


def interpolations(dilations: NDArray[np.float64], taps: int, n: int) -> NDArray[np.float64]:
    """Return the matrices of what the taps of dilated convolutions read.

    Tap t reads at i + (t − K // 2) δ, between two samples by linear interpolation, and zero beyond
    the ends. The transpose of its matrix is the matrix of tap K − 1 − t.

    Args:
        dilations: δ, in samples; any shape ``(…)``.
        taps: Number of taps, K.
        n: Number of samples of a signal.

    Returns:
        The matrices of all taps, stacked: ``(…, tap · n, n)``.
    """
    shifts = (np.arange(taps) - taps // 2) * dilations[..., None]  # (…, tap)
    distance = np.arange(n)[:, None] - np.arange(n)  # (n, n)
    read: NDArray[np.float64] = np.maximum(0, 1 - np.abs(shifts[..., None, None] + distance))
    return read.reshape(*dilations.shape, taps * n, n)


def _normalized_perceptron(
    patches: Tensor, first: Tensor, scale: Tensor, shift: Tensor, second: Tensor
) -> Tensor:
    """Apply convolution, batch norm, ReLU and the taps of a convolution to patches.

    Args:
        patches: What the taps read, ``(trial, tap, position)``.
        first: Weights of the first convolution, ``(trial, channel, tap)``.
        scale: Scale of batch norm, ``(trial, channel, 1)``.
        shift: Shift of batch norm, ``(trial, channel, 1)``.
        second: Weights of the second convolution for some of the channels in turn,
            ``(trial · slot, tap, channel / slot)``.

    Returns:
        The outputs of the taps, ``(trial · slot, tap, position)``.
    """
    trials, _, positions = patches.shape
    centered = patches - patches.mean(-1, keepdim=True)
    covariance = torch.bmm(centered, centered.mT) / positions  # (trial, tap, tap)
    # If u is 0, the variance is 0 and each channel equals its shift.
    variance = (torch.bmm(first, covariance) * first).sum(-1, keepdim=True)
    folded = first * (scale * torch.rsqrt(variance + BATCH_NORM_EPSILON))
    # The shift of batch norm is one more tap, on a row of ones.
    folded = torch.cat((folded, shift), dim=-1)  # (trial, channel, tap + 1)
    ones = centered.new_ones(1, 1, 1).expand(trials, 1, positions)
    inputs = torch.cat((centered, ones), dim=1)  # (trial, tap + 1, position)
    return perceptron(inputs, folded, second)
