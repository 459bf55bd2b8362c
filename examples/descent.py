"""A custom operation: a gradient step whose step size is trained."""

import torch


class Descent(torch.nn.Module):
    """Computes u − t (AᵀA u − Aᵀy); the step size t is trained and starts at 0.5."""

    def __init__(self, matrix):
        """Build the operation for the problem's matrix A, a tensor of shape (m, n)."""
        super().__init__()
        self.register_buffer("normal", matrix.T @ matrix)  # AᵀA, (n, n); symmetric
        self.size = torch.nn.Parameter(torch.tensor(0.5))

    def forward(self, u, start):
        """Return signals of the same shape as u, (batch, n); start is Aᵀy, with that shape too."""
        return u - self.size * (u @ self.normal - start)
