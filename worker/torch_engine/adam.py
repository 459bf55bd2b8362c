"""Adam and gradient descent on stacked tensors, with a step size and a weight decay a trial."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.engine.contract import ADAM_BETAS, ADAM_EPSILON


@dataclass(frozen=True, slots=True)
class Moments:
    """Adam's running means of the gradient and of its square; updated in place."""

    first: Tensor
    second: Tensor

    @classmethod
    def of(cls, parameters: Tensor) -> "Moments":
        """Start at zero."""
        return cls(torch.zeros_like(parameters), torch.zeros_like(parameters))


def decayed(parameters: Tensor, gradient: Tensor, decay: Tensor) -> Tensor:
    """Add an L2 penalty's gradient, as PyTorch's ``weight_decay`` does."""
    return torch.addcmul(gradient, parameters, decay)


def adam_update(moments: Moments, gradient: Tensor, step: int) -> Tensor:
    """Take a gradient in, and return the direction to subtract, for a step size of 1.

    Args:
        moments: Updated in place.
        gradient: The gradient, decay included.
        step: Steps done before, from 0.

    Source: Kingma and Ba 2015, in the order of operations of `torch.optim.Adam`.
    """
    slow, slower = ADAM_BETAS
    moments.first.lerp_(gradient, 1 - slow)
    moments.second.mul_(slower).addcmul_(gradient, gradient, value=1 - slower)
    root = moments.second.sqrt() / math.sqrt(1 - slower ** (step + 1))
    return moments.first / (1 - slow ** (step + 1)) / root.add_(ADAM_EPSILON)
