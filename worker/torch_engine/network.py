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
from configspace.operations import ZERO, operations, parse_operation
from worker.engine.contract import FLATTENING_TAPS
from worker.torch_engine.cnn import Weights, cnn_taps, dilated_cnns, interpolations

CNNS = 2
"""Number of slots for an edge's two-layer CNNs n(u): 0 of ``learnable_gradient``, 1 of ``cnn``."""


def slot_count(settings: ArchitectureSettings) -> int:
    """Return the number of slots of a supernet's edge: one per point, or `CNNS`."""
    return len(settings.points) or CNNS


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
    dilated: Tensor | None = None
    """In place of ``patches`` and ``taps``, what the taps of each slot read:
    ``(trial or 1, layer, slot · tap · n, n)``; None without dilation."""

    @classmethod
    def of(
        cls,
        matrix: NDArray[np.float64],
        settings: ArchitectureSettings,
        like: Tensor,
        dilations: NDArray[np.float64] | None = None,
    ) -> "Maps":
        """Build the maps.

        Args:
            matrix: The problem's matrix A.
            settings: Settings of the search space.
            like: A tensor with the dtype and the device of the maps.
            dilations: Dilation of each CNN, ``(trial or 1, layer or 1, slot)``; None: no dilation.
        """
        n = matrix.shape[1]
        eye = np.eye(n)
        linear = np.stack([eye, matrix.T @ matrix, np.roll(eye, settings.roll_shift, axis=0)])

        def shifts(taps: int) -> list[NDArray[np.float64]]:
            return [np.eye(n, k=tap - taps // 2) for tap in range(taps)]

        size, dilated = settings.kernel_size, None
        if dilations is not None:
            read = torch.as_tensor(interpolations(dilations, size, n)).to(like)
            dilated = read.flatten(2, 3).expand(-1, settings.layers, -1, -1)
        return cls(
            linear=torch.as_tensor(linear).to(like).reshape(3, n * n),
            patches=torch.as_tensor(np.concatenate(shifts(size))).to(like)[None],
            taps=torch.as_tensor(np.concatenate(shifts(size), axis=1)).to(like)[None],
            flattening=torch.as_tensor(np.stack(shifts(FLATTENING_TAPS)))
            .to(like)
            .reshape(FLATTENING_TAPS, n * n),
            dilated=dilated,
        )


def term_table(settings: ArchitectureSettings) -> NDArray[np.float64]:
    """Return the coefficients of each operation of the set (Sec. 4.3), ``(operation, term)``.

    The terms are u, AᵀA u, the rolled u, Aᵀy, n_0(u), n_1(u) and ε. With g = AᵀA u − Aᵀy, the
    learnable gradient is u − τ g − τ n_0(u), and the noise operation is u − τ g + σ ε. Each custom
    operation adds one term. Over points, there is an n(u) for each of them, and each has its τ.
    """
    if settings.points:
        return _point_table(settings)
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


def _point_table(settings: ArchitectureSettings) -> NDArray[np.float64]:
    parameters = [parse_operation(point)[1] for point in settings.points]
    taus = np.array([values.get("tau", settings.tau) for values in parameters])[:, None]
    one, zero = np.ones_like(taus), np.zeros_like(taus)
    return np.hstack((one, -taus, zero, taus, -taus * np.eye(len(taus)), zero))


def architecture_terms(
    settings: ArchitectureSettings, picks: NDArray[np.int64], taus: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Return the coefficients of the terms for discrete architectures, ``(trial, edge, term)``.

    Args:
        settings: Settings of the search space.
        picks: Index of each edge's operation, ``(trial, edge)``.
        taus: Step size of each edge, ``(trial, edge)``; None: that of the settings.
    """
    if taus is None:
        return term_table(settings)[picks]
    # The coefficients are linear in τ, and those for 0 and 1 are whole numbers.
    zero, one = (term_table(settings.model_copy(update={"tau": tau}))[picks] for tau in (0.0, 1.0))
    return zero + taus[..., None] * (one - zero)


def mixture(shares: Tensor, table: Tensor, slots: int = CNNS) -> Mixture:
    """Return the coefficients of the terms for mixture weights of the operations.

    Args:
        shares: Mixture weights: softmax(α), or one-hot vectors for discrete architectures;
            ``(trial, edge, operation)``.
        table: The rows of `term_table` for these operations.
        slots: Number of CNNs per edge.
    """
    return split_terms(shares @ table, slots)


def split_terms(terms: Tensor, slots: int = CNNS) -> Mixture:
    """Return the coefficients of terms, ``(trial, edge, term)``, by kind; see `mixture`."""
    sizes = [3, 1, slots, 1]
    return Mixture(*torch.split(terms, [*sizes, terms.shape[-1] - sum(sizes)], dim=-1))


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
            if maps.dilated is None:
                taps = cnn_taps(maps.patches, by_layer[layer], shares[layer], signal)
                output = torch.baddbmm(output, maps.taps.expand(trials, -1, -1), taps)
            else:
                read = maps.dilated[:, layer].expand(trials, -1, -1)
                output = output + dilated_cnns(read, by_layer[layer], shares[layer], signal)
        if custom_output is not None and (custom := custom_output(layer, signal)) is not None:
            output = output + custom
        if drop is not None:
            # Not u + factor · (output − u): a factor of 1 keeps the output as it is.
            factor = drop[:, layer, None]
            output = factor * output + (1 - factor) * signal
        signal = output
    return start + signal
