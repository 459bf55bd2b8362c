"""Adam and weight decay on stacked tensors, with one step size and one weight decay per trial."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.engine.contract import ADAM_BETAS, ADAM_EPSILON


@dataclass(frozen=True, slots=True)
class Moments:
    """Running means of the gradient and of its square; Adam updates them in place."""

    first: Tensor
    second: Tensor

    @classmethod
    def of(cls, parameters: Tensor) -> "Moments":
        """Return moments of zero for these parameters."""
        return cls(torch.zeros_like(parameters), torch.zeros_like(parameters))


def decayed(parameters: Tensor, gradient: Tensor, decay: Tensor) -> Tensor:
    """Add the gradient of an L2 penalty, as PyTorch's ``weight_decay`` does."""
    return torch.addcmul(gradient, parameters, decay)


def adam_update(moments: Moments, gradient: Tensor, step: int) -> Tensor:
    """Update the moments, and return the direction to subtract, for a step size of 1.

    Args:
        moments: The moments; updated in place.
        gradient: The gradient, including the weight decay.
        step: Number of earlier steps.

    Source: Kingma and Ba 2015, with the order of operations of `torch.optim.Adam`.
    """
    slow, slower = ADAM_BETAS
    moments.first.lerp_(gradient, 1 - slow)
    moments.second.mul_(slower).addcmul_(gradient, gradient, value=1 - slower)
    root = moments.second.sqrt() / math.sqrt(1 - slower ** (step + 1))
    return moments.first / (1 - slow ** (step + 1)) / root.add_(ADAM_EPSILON)
