"""A sequential network of plain PyTorch modules, for one trial; the tests' reference.

Signals are ``(batch, 1, n)``.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from configspace.operations import parse_operation
from worker.engine.contract import Batch
from worker.engine.initialization import NetWeights, initial_weights
from worker.engine.philox import Occasion


def read_between(u: Tensor, shift: float) -> Tensor:
    """Return u at i + shift for all i, linear between the samples and zero beyond the ends."""
    n, whole = u.shape[-1], math.floor(shift)
    left = torch.arange(n) + whole

    def sample(places: Tensor) -> Tensor:
        return torch.where((places >= 0) & (places < n), u[..., places.clamp(0, n - 1)], 0.0)

    return (1 - (shift - whole)) * sample(left) + (shift - whole) * sample(left + 1)


class DilatedConv1d(nn.Conv1d):
    """A convolution whose taps are any distance apart, for signals ``(batch, channel, n)``."""

    distance: float = 1.0

    def forward(self, u: Tensor) -> Tensor:
        taps = self.weight.shape[-1]
        read = [read_between(u, (tap - taps // 2) * self.distance) for tap in range(taps)]
        output = torch.einsum("oct,tbcn->bon", self.weight, torch.stack(read))
        return output if self.bias is None else output + self.bias[:, None]


class TwoLayerCNN(nn.Sequential):
    """n(u): convolution, batch norm, ReLU, convolution."""

    def __init__(self, start: NetWeights, trial: int, dilation: float = 1.0) -> None:
        first, second = start.first[trial].T, start.second[trial].T  # (channel, tap)
        channels, taps = first.shape
        convolution = nn.Conv1d if dilation == 1 else DilatedConv1d
        super().__init__(
            convolution(1, channels, taps, padding=taps // 2, bias=False),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
            convolution(channels, 1, taps, padding=taps // 2),
        )
        for module in self:
            if isinstance(module, DilatedConv1d):
                module.distance = dilation
        self.double()
        values = {
            "0.weight": torch.as_tensor(first)[:, None],
            "3.weight": torch.as_tensor(second)[None],
            "3.bias": torch.as_tensor(start.bias[trial : trial + 1]),
        }
        self.load_state_dict(values, strict=False)


class Layer(nn.Module):
    """The operations of one layer, as Sec. 4.3 defines them."""

    def __init__(self, batch: Batch, occasion: Occasion, layer: int, trial: int) -> None:
        super().__init__()
        self.settings = batch.architecture
        self.matrix = torch.as_tensor(batch.problem.matrix)
        self.tau, dilation = self.settings.tau, 1.0
        if batch.parameters is not None:
            self.tau, dilation = batch.parameters[trial, layer].tolist()
        first, second = (initial_weights(batch, occasion, layer, slot) for slot in (0, 1))
        self.gradient = TwoLayerCNN(first, trial, dilation)
        self.cnn = TwoLayerCNN(second, trial, dilation)
        self.points = [parse_operation(point)[1] for point in self.settings.points]
        self.point_cnns = nn.ModuleList(
            TwoLayerCNN(first, trial, point.get("dilation", 1.0)) for point in self.points
        )

    def forward(self, operation: int, u: Tensor, y: Tensor, noise: Tensor) -> Tensor:
        gradient = (u @ self.matrix.T - y) @ self.matrix
        output: Tensor
        if self.points:
            tau = self.points[operation].get("tau", self.tau)
            output = u - tau * gradient - tau * self.point_cnns[operation](u)
            return output
        descended = u - self.tau * gradient
        match operation:
            case 0:
                output = descended - self.tau * self.gradient(u)
            case 1:
                output = self.cnn(u)
            case 2:
                output = torch.roll(u, self.settings.roll_shift, -1)
            case _:
                output = descended + self.settings.operation_noise * noise
        return output


class Plain(nn.Module):
    """A supernet or an architecture, depending on the mixture weights."""

    def __init__(self, batch: Batch, occasion: Occasion, trial: int) -> None:
        super().__init__()
        self.matrix = torch.as_tensor(batch.problem.matrix)
        self.layers = nn.ModuleList(
            Layer(batch, occasion, layer, trial) for layer in range(batch.architecture.layers)
        )

    def forward(
        self, shares: Tensor, y: Tensor, noise: Tensor, drop: Tensor | float = 1.0
    ) -> Tensor:
        """Reconstruct; shares ``(layer, operation)``, y ``(batch, 1, m)``, noise ``(layer, …)``.

        With drop path, the factors of the layers are ``(layer, batch, 1, 1)``.
        """
        u = start = y @ self.matrix
        factors = torch.as_tensor(drop).expand(len(self.layers), *torch.as_tensor(drop).shape[1:])
        for layer, weights, eps, factor in zip(self.layers, shares, noise, factors, strict=True):
            outputs = [weight * layer(o, u, y, eps) for o, weight in enumerate(weights)]
            u = u + factor * (torch.stack(outputs).sum(0) - u)
        output: Tensor = start + u
        return output


def module_layout(values: NDArray[np.float64]) -> Tensor:
    """Reorder ``(…, n, batch)`` to ``(…, batch, 1, n)``."""
    return torch.as_tensor(values).mT[..., None, :]
