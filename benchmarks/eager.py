"""The baseline of `benchmarks.engine`: an eager PyTorch search, one trial at a time.

It is written as most users would write it: modules in lists, as in the public DARTS code, with
PyTorch's `Conv1d` and `BatchNorm1d`, autograd and `torch.optim`. It uses PyTorch's random numbers.
It therefore does the same work as the engines, but does not compute the same trials.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from configspace.operations import ZERO, operations
from worker.engine.contract import Batch


class TwoLayerCNN(nn.Module):
    """n(u): convolution, batch norm, ReLU, convolution, on signals of one channel."""

    def __init__(self, channels: int, kernel_size: int) -> None:
        super().__init__()
        padding = kernel_size // 2
        self.layers = nn.Sequential(
            nn.Conv1d(1, channels, kernel_size, padding=padding),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
            nn.Conv1d(channels, 1, kernel_size, padding=padding),
        )

    def forward(self, u: Tensor) -> Tensor:
        """Return n(u) for signals u, shape ``(sample, n)``."""
        output: Tensor = self.layers(u[:, None])[:, 0]
        return output


class GradientStep(nn.Module):
    """u − τ Aᵀ(A u − y), optionally with −τ n(u) or with noise."""

    def __init__(
        self, matrix: Tensor, tau: float, cnn: nn.Module | None = None, noise: float = 0.0
    ) -> None:
        super().__init__()
        self.register_buffer("matrix", matrix)
        self.matrix: Tensor
        self.tau = tau
        self.cnn = cnn
        self.noise = noise

    def forward(self, u: Tensor, y: Tensor) -> Tensor:
        """Take a step from signals ``(sample, n)`` towards measurements ``(sample, m)``."""
        stepped = u - self.tau * (u @ self.matrix.T - y) @ self.matrix
        if self.cnn is not None:
            stepped = stepped - self.tau * self.cnn(u)
        if self.noise:
            stepped = stepped + self.noise * torch.randn_like(u)
        return stepped


class CNN(nn.Module):
    """The two-layer CNN as an operation."""

    def __init__(self, cnn: nn.Module) -> None:
        super().__init__()
        self.cnn = cnn

    def forward(self, u: Tensor, y: Tensor) -> Tensor:  # noqa: ARG002
        """Return n(u) for signals u, shape ``(sample, n)``."""
        output: Tensor = self.cnn(u)
        return output


class Roll(nn.Module):
    """Roll signals by a number of samples."""

    def __init__(self, shift: int) -> None:
        super().__init__()
        self.shift = shift

    def forward(self, u: Tensor, y: Tensor) -> Tensor:  # noqa: ARG002
        """Return the rolled signals, shape ``(sample, n)``."""
        return torch.roll(u, self.shift, dims=1)


class Zero(nn.Module):
    """No connection."""

    def forward(self, u: Tensor, y: Tensor) -> Tensor:  # noqa: ARG002
        """Return zeros, shape ``(sample, n)``."""
        return torch.zeros_like(u)


def operation(name: str, matrix: Tensor, batch: Batch) -> nn.Module:
    """Return one operation of the search space."""
    settings = batch.architecture
    match name:
        case "learnable_gradient":
            cnn = TwoLayerCNN(settings.channels, settings.kernel_size)
            return GradientStep(matrix, settings.tau, cnn)
        case "cnn":
            return CNN(TwoLayerCNN(settings.channels, settings.kernel_size))
        case "roll":
            return Roll(settings.roll_shift)
        case "zero":
            return Zero()
        case _:
            return GradientStep(matrix, settings.tau, noise=settings.operation_noise)


class MixedLayer(nn.Module):
    """A softmax(α) mixture of all operations."""

    def __init__(self, candidates: Sequence[nn.Module]) -> None:
        super().__init__()
        self.candidates = nn.ModuleList(candidates)

    def forward(self, u: Tensor, y: Tensor, weights: Tensor) -> Tensor:
        """Mix the operations' outputs, shape ``(sample, n)``."""
        pairs = zip(weights, self.candidates, strict=True)
        mixed: Tensor = sum(weight * candidate(u, y) for weight, candidate in pairs)
        return mixed


class Cell(nn.Module):
    """A cell: states, each the sum of its edges, and a convolution of the last two."""

    def __init__(self, edges: Sequence[nn.Module | None], states: int) -> None:
        super().__init__()
        self.kept = [edge is not None for edge in edges]
        self.edges = nn.ModuleList(edge or Zero() for edge in edges)
        self.states = states
        self.flatten = nn.Conv1d(2, 1, 3, padding=1)

    def forward(self, u: Tensor, y: Tensor, mixture: Sequence[Tensor] = ()) -> Tensor:
        """Return the output, shape ``(sample, n)``; ``mixture`` has the weights of each edge."""
        states, edge = [u], 0
        for _ in range(self.states):
            state = torch.zeros_like(u)
            for source in states:
                if self.kept[edge]:
                    weights = (mixture[edge],) if len(mixture) else ()
                    state = state + self.edges[edge](source, y, *weights)
                edge += 1
            states.append(state)
        flat: Tensor = self.flatten(torch.stack(states[-2:], dim=1))[:, 0]
        return flat


class CellSupernet(nn.Module):
    """The supernet of the cell space: a sequence of cells whose edges are mixtures."""

    def __init__(self, matrix: Tensor, batch: Batch) -> None:
        super().__init__()
        names, settings = operations(batch.architecture), batch.architecture
        self.register_buffer("matrix", matrix)
        self.matrix: Tensor
        scale = batch.search.alpha_scale
        self.alpha = nn.Parameter(scale * torch.randn(settings.edges, len(names)))
        self.cells = nn.ModuleList(
            Cell(
                [
                    MixedLayer([operation(name, matrix, batch) for name in names])
                    for _ in range(settings.edges // settings.cells)
                ],
                settings.states,
            )
            for _ in range(settings.cells)
        )

    def weights(self) -> list[nn.Parameter]:
        """Return all parameters except α."""
        return [weight for weight in self.parameters() if weight is not self.alpha]

    def forward(self, y: Tensor) -> Tensor:
        """Reconstruct signals ``(sample, n)`` from measurements ``(sample, m)``."""
        u = y @ self.matrix
        mixtures = torch.softmax(self.alpha, dim=-1).chunk(len(self.cells))
        for cell, mixture in zip(self.cells, mixtures, strict=True):
            u = cell(u, y, mixture)
        return u


class CellArchitecture(nn.Module):
    """An architecture of the cell space: one operation, or zero, on each edge."""

    def __init__(self, matrix: Tensor, batch: Batch, picks: Sequence[int]) -> None:
        super().__init__()
        names, settings = operations(batch.architecture), batch.architecture
        self.register_buffer("matrix", matrix)
        self.matrix: Tensor
        length = settings.edges // settings.cells
        self.cells = nn.ModuleList(
            Cell(
                [
                    None if names[pick] == ZERO else operation(names[pick], matrix, batch)
                    for pick in picks[start : start + length]
                ],
                settings.states,
            )
            for start in range(0, settings.edges, length)
        )

    def forward(self, y: Tensor) -> Tensor:
        """Reconstruct signals ``(sample, n)`` from measurements ``(sample, m)``."""
        u = y @ self.matrix
        for cell in self.cells:
            u = cell(u, y)
        return u


class Supernet(nn.Module):
    """The supernet of the sequential space: layers of mixtures on Aᵀy, with a residual."""

    def __init__(self, matrix: Tensor, batch: Batch) -> None:
        super().__init__()
        names = operations(batch.architecture)
        layers = batch.architecture.layers
        self.register_buffer("matrix", matrix)
        self.matrix: Tensor
        self.alpha = nn.Parameter(batch.search.alpha_scale * torch.randn(layers, len(names)))
        self.layers = nn.ModuleList(
            MixedLayer([operation(name, matrix, batch) for name in names]) for _ in range(layers)
        )

    def weights(self) -> list[nn.Parameter]:
        """Return all parameters except α."""
        return [weight for weight in self.parameters() if weight is not self.alpha]

    def forward(self, y: Tensor) -> Tensor:
        """Reconstruct signals ``(sample, n)`` from measurements ``(sample, m)``."""
        u = start = y @ self.matrix
        mixture = torch.softmax(self.alpha, dim=-1)
        for layer, weights in zip(self.layers, mixture, strict=True):
            u = layer(u, y, weights)
        return start + u


class Architecture(nn.Module):
    """An architecture of the sequential space: one operation on each layer."""

    def __init__(self, matrix: Tensor, batch: Batch, picks: Sequence[int]) -> None:
        super().__init__()
        names = operations(batch.architecture)
        self.register_buffer("matrix", matrix)
        self.matrix: Tensor
        self.layers = nn.ModuleList(operation(names[pick], matrix, batch) for pick in picks)

    def forward(self, y: Tensor) -> Tensor:
        """Reconstruct signals ``(sample, n)`` from measurements ``(sample, m)``."""
        u = start = y @ self.matrix
        for layer in self.layers:
            u = layer(u, y)
        return start + u


class Signals:
    """Draws cosine waves and their measurements."""

    def __init__(self, matrix: Tensor, batch: Batch) -> None:
        self.matrix = matrix
        self.grid = torch.linspace(-torch.pi / 2, torch.pi / 2, matrix.shape[1])
        self.size = batch.search.batch_size
        self.noise = batch.problem.noise

    def draw(self) -> tuple[Tensor, Tensor]:
        """Return signals ``(sample, n)`` and measurements ``(sample, m)``."""
        frequency = 2 * torch.pi * torch.rand(self.size, 1)
        x = torch.cos(frequency * self.grid + torch.randn(self.size, 1)) + torch.randn(self.size, 1)
        y = x @ self.matrix.T
        return x, y + self.noise * torch.randn_like(y)


class EagerSearch:
    """The first-order DARTS search of one trial."""

    def __init__(self, batch: Batch, trial: int) -> None:
        """Build the supernet and its optimizers."""
        hyper = batch.hyperparameters[trial]
        matrix = torch.as_tensor(batch.problem.matrix, dtype=torch.float32)
        self.signals = Signals(matrix, batch)
        cells = batch.architecture.space == "cell"
        self.net = CellSupernet(matrix, batch) if cells else Supernet(matrix, batch)
        self.weight_optimizer = torch.optim.Adam(
            self.net.weights(), lr=hyper.param_lr, weight_decay=hyper.param_weight_decay
        )
        self.alpha_optimizer = torch.optim.Adam(
            [self.net.alpha], lr=hyper.alpha_lr, weight_decay=hyper.alpha_weight_decay
        )

    def step(self) -> None:
        """Take one step of α and one of the weights, each on a new batch."""
        for optimizer in (self.alpha_optimizer, self.weight_optimizer):
            x, y = self.signals.draw()
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(self.net(y), x)
            # This computes all gradients, as the public code does. Each optimizer uses only some.
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()


class EagerRetraining:
    """The training of one architecture from scratch."""

    def __init__(self, batch: Batch, trial: int, picks: Sequence[int]) -> None:
        """Build the network and its optimizer."""
        hyper = batch.hyperparameters[trial]
        matrix = torch.as_tensor(batch.problem.matrix, dtype=torch.float32)
        self.signals = Signals(matrix, batch)
        kind = CellArchitecture if batch.architecture.space == "cell" else Architecture
        self.net = kind(matrix, batch, picks)
        weights = list(self.net.parameters())
        self.optimizer = (
            torch.optim.Adam(weights, lr=hyper.param_lr, weight_decay=hyper.param_weight_decay)
            if weights
            else None
        )

    def step(self) -> None:
        """Take one step of the weights on a new batch."""
        x, y = self.signals.draw()
        loss = nn.functional.mse_loss(self.net(y), x)
        if self.optimizer is not None:
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
