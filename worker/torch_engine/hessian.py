"""The Hessian of the validation loss by α, for a batch of trials, by differentiating twice."""

from typing import Literal

import torch
from torch import Tensor

from worker.torch_engine.batches import Samples
from worker.torch_engine.network import Noise
from worker.torch_engine.training import Search

AT_ONCE = 32
"""Number of trials that are differentiated together. Their graph keeps all hidden activations: 60
MB per trial of the default size, and three times as much in the cell space."""


def alpha_hessian(search: Search, samples: Samples, loss: Literal["mse", "psnr"]) -> Tensor:
    """Return each trial's Hessian by α, without the weight decay of α.

    A softmax does not change if the same number is added to the α of all operations of an edge, so
    the rows of an edge sum to 0: the last one is minus the sum of the others.

    Args:
        search: The supernets.
        samples: The batch.
        loss: The mean squared error, or minus the PSNR in dB.

    Returns:
        Hessians, shape ``(trial, edge · operation, edge · operation)``, in the units of the loss.
    """
    trials = len(search.alpha)
    parts = [
        _of_some(search, samples, loss, slice(begin, begin + AT_ONCE))
        for begin in range(0, trials, AT_ONCE)
    ]
    return torch.cat(parts)


def _of_some(search: Search, samples: Samples, loss: Literal["mse", "psnr"], some: slice) -> Tensor:
    """Return the Hessians of some trials."""
    alpha = search.alpha[some].detach().clone().requires_grad_()
    noise = Noise(samples.noise.edges, samples.noise.drawn[some])
    part = Samples(samples.signal[some], samples.start[some], noise)
    errors = search.errors(search.theta[some], search.mixture_of(alpha), part)
    losses = errors.mean(-1) if loss == "mse" else 10 * torch.log10(errors).mean(-1)
    (gradient,) = torch.autograd.grad(losses.sum(), alpha, create_graph=True)
    trials, edges, operations = alpha.shape
    rows = alpha.new_empty(trials, edges, operations, edges * operations)
    for edge in range(edges):
        for operation in range(operations - 1):
            (row,) = torch.autograd.grad(
                gradient[:, edge, operation].sum(), alpha, retain_graph=True
            )
            rows[:, edge, operation] = row.flatten(1)
    rows[:, :, -1] = -rows[:, :, :-1].sum(2)
    full = rows.flatten(1, 2)
    return (full + full.mT) / 2
