"""Convolution, ReLU, convolution as a two-layer perceptron at each position, sparing memory.

The hidden activations take ten times the room of all the others. They are not stored but computed
again for the gradient, and on the CPU in portions that stay in the cache: that is faster than to
write and read them.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

CACHE = 2**18
"""Hidden activations that a CPU core's second-level cache holds (1 MB in single precision)."""


class Perceptron(torch.autograd.Function):
    """Computes second · ReLU(first · inputs) for each trial and slot.

    Shapes: inputs ``(trial, feature, position)``, first ``(trial, slot · channel, feature)``,
    second ``(trial · slot, output, channel)``, result ``(trial · slot, output, position)``.

    With h = first · inputs, r = ReLU(h), and a hat on the gradient with respect to what is under
    it: ŝecond = ôut · rᵀ, ĥ = (secondᵀ · ôut) where h > 0, f̂irst = ĥ · inputsᵀ,
    înputs = firstᵀ · ĥ.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """Compute the result, and keep the arguments only."""
        ctx.save_for_backward(inputs, first, second)
        result = inputs.new_empty(*second.shape[:2], inputs.shape[-1])
        for trials, slots, at in _portions(inputs, first, second):
            hidden = _hidden(inputs[trials, :, at], first[trials], second[slots])
            result[slots, :, at] = torch.bmm(second[slots], hidden)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients with respect to those arguments that ask for one."""
        saved = ctx.saved_tensors
        inputs, first, second = saved
        wanted = ctx.needs_input_grad
        grads = [
            torch.zeros_like(t) if want else None for t, want in zip(saved, wanted, strict=True)
        ]
        for trials, slots, at in _portions(inputs, first, second):
            own, pushed = inputs[trials, :, at], gradient[slots, :, at]
            hidden = _hidden(own, first[trials], second[slots])
            if grads[2] is not None:
                grads[2][slots].baddbmm_(pushed, hidden.mT)
            slope = hidden.sign_()  # of the ReLU: its output is positive, or zero
            pulled = torch.bmm(second[slots].mT, pushed).mul_(slope)
            pulled = pulled.view(-1, first.shape[1], own.shape[-1])
            if grads[1] is not None:
                grads[1][trials].baddbmm_(pulled, own.mT)
            if grads[0] is not None:
                grads[0][trials, :, at] = torch.bmm(first[trials].mT, pulled)
        return tuple(grads)


def perceptron(inputs: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Return second · ReLU(first · inputs); see `Perceptron` for the shapes."""
    result: Tensor = Perceptron.apply(inputs, first, second)  # type: ignore[no-untyped-call]
    return result


def _hidden(inputs: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Return ReLU(first · inputs), ``(trial · slot, channel, position)``."""
    hidden = torch.bmm(first, inputs).relu_()
    return hidden.view(second.shape[0], second.shape[2], inputs.shape[-1])


def _portions(
    inputs: Tensor, first: Tensor, second: Tensor
) -> Iterator[tuple[slice, slice, slice]]:
    """Yield the trials to compute together, their slots, and the positions."""
    trials, _, positions = inputs.shape
    slots = len(second) // trials
    together, run = trials, positions
    if inputs.device.type == "cpu":
        together = max(1, CACHE // (first.shape[1] * positions))
        run = max(1, CACHE // first.shape[1])
    for begin in range(0, trials, together):
        end = min(begin + together, trials)
        for at in range(0, positions, run):
            yield slice(begin, end), slice(begin * slots, end * slots), slice(at, at + run)
