"""An operation of one's own: a gradient step of a size that is trained."""

import torch


class Descent(torch.nn.Module):
    """u − t (AᵀA u − Aᵀy), with t to be trained, from 0.5 on."""

    def __init__(self, matrix):
        """Make it for the problem's A, a tensor of shape (m, n)."""
        super().__init__()
        self.register_buffer("normal", matrix.T @ matrix)  # AᵀA, (n, n); symmetric
        self.size = torch.nn.Parameter(torch.tensor(0.5))

    def forward(self, u, start):
        """Return signals of the shape of u, (batch, n); start is Aᵀy, of the same shape."""
        return u - self.size * (u @ self.normal - start)
