"""Convolution, ReLU, convolution as a two-layer perceptron at each position, sparing memory.

The hidden activations take ten times the room of all the others. They are not stored but computed
again for the gradient, and on the CPU in portions that stay in the cache: that is faster than to
write and read them.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

CACHE = 2**18
"""Hidden activations that a CPU core's second-level cache holds (1 MB in single precision)."""


class Perceptron(torch.autograd.Function):
    """Computes second · ReLU(first · inputs) for each trial and slot.

    Shapes: inputs ``(trial, feature, position)``, first ``(trial, slot · channel, feature)``,
    second ``(trial · slot, output, channel)``, result ``(trial · slot, output, position)``.

    With h = first · inputs, r = ReLU(h), and a hat on the gradient with respect to what is under
    it: ŝecond = ôut · rᵀ, ĥ = (secondᵀ · ôut) where h > 0, f̂irst = ĥ · inputsᵀ,
    înputs = firstᵀ · ĥ. These are differentiable again where a graph of them is asked for.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """Compute the result, and keep the arguments only."""
        ctx.save_for_backward(inputs, first, second)
        result = inputs.new_empty(*second.shape[:2], inputs.shape[-1])
        for part in _portions(inputs, first, second, buffers=1):
            hidden = _hidden(part, inputs, first)
            result[part.slots, :, part.at] = torch.bmm(second[part.slots], hidden)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients with respect to those arguments that ask for one."""
        saved = ctx.saved_tensors
        inputs, first, second = saved
        wanted = ctx.needs_input_grad
        if torch.is_grad_enabled():  # for a second derivative, which needs all that is spared below
            return _recorded(inputs, first, second, gradient)
        grads = [
            torch.zeros_like(t) if want else None for t, want in zip(saved, wanted, strict=True)
        ]
        for part in _portions(inputs, first, second, buffers=2):
            pushed = gradient[part.slots, :, part.at]
            hidden = _hidden(part, inputs, first)
            if grads[2] is not None:
                grads[2][part.slots].baddbmm_(pushed, hidden.mT)
            slope = hidden.sign_()  # of the ReLU: its output is positive, or zero
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
    """Return the gradients with respect to the arguments, for autograd to differentiate."""
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
    slots: slice
    at: slice
    buffers: Tensor
    """Room for hidden activations, ``(buffer, trial · slot, channel, position)``."""


def _hidden(part: Portion, inputs: Tensor, first: Tensor) -> Tensor:
    """Put ReLU(first · inputs) into the first buffer, and return it."""
    hidden = part.buffers[0]
    by_trial = hidden.view(-1, first.shape[1], hidden.shape[-1])
    torch.bmm(first[part.trials], inputs[part.trials, :, part.at], out=by_trial).relu_()
    return hidden


def _portions(inputs: Tensor, first: Tensor, second: Tensor, buffers: int) -> Iterator[Portion]:
    """Divide the trials and positions; the portions share their buffers."""
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
