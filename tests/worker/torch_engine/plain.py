"""A sequential network of plain PyTorch modules, for one trial; the tests' reference.

Signals are ``(batch, 1, n)``.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from worker.engine.contract import Batch
from worker.engine.initialization import NetWeights, initial_weights
from worker.engine.philox import Occasion


class TwoLayerCNN(nn.Sequential):
    """n(u): convolution, batch norm, ReLU, convolution."""

    def __init__(self, start: NetWeights, trial: int) -> None:
        first, second = start.first[trial].T, start.second[trial].T  # (channel, tap)
        channels, taps = first.shape
        super().__init__(
            nn.Conv1d(1, channels, taps, padding=taps // 2, bias=False),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
            nn.Conv1d(channels, 1, taps, padding=taps // 2),
        )
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
        self.gradient = TwoLayerCNN(initial_weights(batch, occasion, layer, 0), trial)
        self.cnn = TwoLayerCNN(initial_weights(batch, occasion, layer, 1), trial)

    def forward(self, operation: int, u: Tensor, y: Tensor, noise: Tensor) -> Tensor:
        gradient = (u @ self.matrix.T - y) @ self.matrix
        descended = u - self.settings.tau * gradient
        output: Tensor
        match operation:
            case 0:
                output = descended - self.settings.tau * self.gradient(u)
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
