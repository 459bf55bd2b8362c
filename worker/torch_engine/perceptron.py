"""Convolution, ReLU, convolution as a two-layer perceptron at each position, with little memory.

The hidden activations need ten times the memory of all other activations. They are not stored but
recomputed for the gradient. On the CPU they are computed in portions that stay in the cache, which
is faster than writing and reading them.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

CACHE = 2**18
"""Number of hidden activations that fit in a core's second-level cache (1 MB in float32)."""


class Perceptron(torch.autograd.Function):
    """Computes second · ReLU(first · inputs) for each trial and slot.

    Shapes: inputs ``(trial, feature, position)``, first ``(trial, slot · channel, feature)``,
    second ``(trial · slot, output, channel)``, result ``(trial · slot, output, position)``.

    With h = first · inputs and r = ReLU(h), and with a hat for the gradient with respect to a
    variable: ŝecond = ôut · rᵀ, ĥ = (secondᵀ · ôut) where h > 0, f̂irst = ĥ · inputsᵀ,
    înputs = firstᵀ · ĥ. The gradients are differentiable if autograd records them.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """Compute the result, and keep only the arguments."""
        ctx.save_for_backward(inputs, first, second)
        result = inputs.new_empty(*second.shape[:2], inputs.shape[-1])
        for part in _portions(inputs, first, second, buffers=1):
            hidden = _hidden(part, inputs, first)
            result[part.slots, :, part.at] = torch.bmm(second[part.slots], hidden)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients with respect to the arguments that require one."""
        saved = ctx.saved_tensors
        inputs, first, second = saved
        needed = ctx.needs_input_grad
        if torch.is_grad_enabled():  # a second derivative needs the graph, which is not made below
            return _recorded(inputs, first, second, gradient)
        grads = [
            torch.zeros_like(t) if need else None for t, need in zip(saved, needed, strict=True)
        ]
        for part in _portions(inputs, first, second, buffers=2):
            pushed = gradient[part.slots, :, part.at]
            hidden = _hidden(part, inputs, first)
            if grads[2] is not None:
                grads[2][part.slots].baddbmm_(pushed, hidden.mT)
            slope = hidden.sign_()  # slope of the ReLU, whose output is positive or zero
            pulled = torch.bmm(second[part.slots].mT, pushed, out=part.buffers[1]).mul_(slope)
            pulled = pulled.view(-1, first.shape[1], pushed.shape[-1])
            if grads[1] is not None:
                grads[1][part.trials].baddbmm_(pulled, inputs[part.trials, :, part.at].mT)
            if grads[0] is not None:
                grads[0][part.trials, :, part.at] = torch.bmm(first[part.trials].mT, pulled)
        return tuple(grads)


def perceptron(inputs: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Return second · ReLU(first · inputs); see `Perceptron` for the shapes."""
    result: Tensor = Perceptron.apply(inputs, first, second)  # type: ignore[no-untyped-call]
    return result


def _recorded(
    inputs: Tensor, first: Tensor, second: Tensor, gradient: Tensor
) -> tuple[Tensor, ...]:
    """Return the gradients with respect to the arguments, recorded by autograd."""
    hidden = torch.bmm(first, inputs).relu()  # (trial, slot · channel, position)
    by_slot = hidden.view(len(second), second.shape[-1], -1)
    pulled = torch.bmm(second.mT, gradient).view_as(hidden) * (hidden > 0)
    return (
        torch.bmm(first.mT, pulled),
        torch.bmm(pulled, inputs.mT),
        torch.bmm(gradient, by_slot.mT),
    )


class Portion(NamedTuple):
    """Trials and positions whose hidden activations are computed together."""

    trials: slice
    """Range of the trials."""
    slots: slice
    """Range of (trial, slot) of these trials."""
    at: slice
    """Range of the positions."""
    buffers: Tensor
    """Buffers for hidden activations, ``(buffer, trial · slot, channel, position)``."""


def _hidden(part: Portion, inputs: Tensor, first: Tensor) -> Tensor:
    """Write ReLU(first · inputs) to the first buffer, and return the buffer."""
    hidden = part.buffers[0]
    by_trial = hidden.view(-1, first.shape[1], hidden.shape[-1])
    torch.bmm(first[part.trials], inputs[part.trials, :, part.at], out=by_trial).relu_()
    return hidden


def _portions(inputs: Tensor, first: Tensor, second: Tensor, buffers: int) -> Iterator[Portion]:
    """Divide the trials and positions into portions, which share their buffers."""
    trials, _, positions = inputs.shape
    slots, channels = len(second) // trials, second.shape[-1]
    together, run = trials, positions
    if inputs.device.type == "cpu":
        together = min(trials, max(1, CACHE // (first.shape[1] * positions)))
        run = min(positions, max(1, CACHE // first.shape[1]))
    room = inputs.new_empty(buffers, together * first.shape[1] * run)
    for begin in range(0, trials, together):
        end = min(begin + together, trials)
        for at in range(0, positions, run):
            shape = ((end - begin) * slots, channels, min(run, positions - at))
            yield Portion(
                trials=slice(begin, end),
                slots=slice(begin * slots, end * slots),
                at=slice(at, at + run),
                buffers=room[:, : math.prod(shape)].view(buffers, *shape),
            )
