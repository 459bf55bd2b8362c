"""The exact Hessian of a batch's loss by α, for one trial.

A direction i changes the α of one operation o on one edge. Its tangents u̇_i, the derivatives of all
later states, go forward through the network, all directions at once. With the adjoint ū of each
state, which goes backward once, the second derivative along i and j is a sum over the edges,

    H_ij = ⟨ẏ_i, ℓ″ ẏ_j⟩ + Σ_edges ⟨ū, D²F [(u̇_i, α̇_i), (u̇_j, α̇_j)]⟩,

where F is an edge's mixture and y the output. No second backward pass is needed. Only CNNs and the
softmax have second derivatives. A softmax does not change if the same number is added to the α of
all operations of an edge, so that the Hessian's rows of an edge sum to 0: the last row of each edge
is minus the sum of the others, and costs nothing.

It uses NumPy's matrix products, and Numba for the loops, in the dtype of the weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.engine.alpha import log_shares
from worker.engine.contract import FLATTENING_TAPS, LAST_STATES, sources
from worker.numba_engine.cnn_derivatives import (
    Bend,
    Cnns,
    Patches,
    convolved,
    convolved_adjoint,
    derivatives_of,
    hidden_of,
    outputs_of,
    patches_of,
)
from worker.numba_engine.hessian_kernels import Floats, Hidden, Moves, add_banded, add_moved

_AT_ONCE = 8
"""Number of directions that are moved together, so that they stay in a core's cache."""


class Probe(NamedTuple):
    """A batch of samples, and the constants of the network that has it as the input."""

    signal: Floats
    """The signals x, ``(n, batch)``."""
    start: Floats
    """The inputs of the network Aᵀy, ``(n, batch)``."""
    noise: Floats
    """The noise ε of the edges, ``(edge, n, batch)``; without edges if no operation uses it."""
    step: Floats
    """The matrix of a gradient step without its constant, I − τAᵀA, ``(n, n)``."""
    turns: int
    """By how many rows the roll moves a signal."""
    tau: float
    """Step size τ of the gradient steps."""
    sigma: float
    """Standard deviation of the noise operation."""


class Network(NamedTuple):
    """Operations and weights of a network."""

    operations: tuple[str, ...]
    """The operation set, in the order of α."""
    cnns: Sequence[Cnns]
    """Weights of each edge's CNNs."""
    states: int | None
    """Number of states per cell; None in the sequential space."""
    flattening: Floats
    """Weights of each cell's flattening, ``(cell, state, tap)``; without cells if sequential."""
    flattening_bias: Floats
    """Bias of each cell's flattening, ``(cell,)``."""


class _Derivatives(NamedTuple):
    """An edge's derivative by its source."""

    moves: Moves
    """The derivative of its output, for given statistics."""
    by_statistics: Floats
    """The derivative of its output by the statistics; see `cnn_derivatives.Derivatives`."""
    crossed: Floats
    """The derivatives of the source's adjoint by this edge's α, ``(direction, n · batch)``."""


@dataclass(slots=True)
class _Edge:
    """What one edge computed."""

    number: int
    source: "_State"
    target: "_State"
    hidden: Hidden
    shares: Floats  # (operation,)
    outputs: Floats  # by operation, (operation, n, batch)
    output: Floats  # their mixture, (n, batch)
    derivatives: _Derivatives | None = None  # None if the source is the network's input

    @property
    def own(self) -> slice:
        """The directions of this edge."""
        count = len(self.shares) - 1
        return slice(count * self.number, count * (self.number + 1))


class _Flattening(NamedTuple):
    """The way from one of a cell's last states to its output."""

    source: "_State"
    target: "_State"
    taps: Floats


@dataclass(slots=True)
class _State:
    """A state, and later its adjoint and its tangents."""

    value: Floats  # (n, batch)
    entering: "list[_Edge | _Flattening]" = field(default_factory=list)
    leaving: "list[_Edge | _Flattening]" = field(default_factory=list)
    patches: Patches | None = None
    adjoint: Floats | None = None
    bend: Bend | None = None  # all edges that leave the state
    directions: int = 0  # number of the directions of all edges up to it
    memory: Floats | None = None  # for as many tangents and more, (direction, n, batch)

    @property
    def is_input(self) -> bool:
        """Whether it is the network's input, which no direction changes."""
        return not self.entering

    @property
    def tangents(self) -> Floats:
        """The tangents, ``(direction, n, batch)``."""
        assert self.memory is not None
        return self.memory[: self.directions]


def alpha_hessian(
    network: Network,
    probe: Probe,
    alpha: NDArray[np.float64],
    loss: Literal["mse", "psnr"],
    spare: list[Floats],
) -> NDArray[np.float64]:
    """Return the Hessian by α, with all edges and operations flattened.

    Args:
        network: The network.
        probe: The batch.
        alpha: α, shape ``(edge, operation)``.
        loss: The mean squared error, or minus the PSNR in dB.
        spare: Memory of the last call with such a network and batch; at first empty. The first
            access to new memory would cost as much as the work in it.

    Returns:
        The Hessian, shape ``(edge · operation, edge · operation)``, in the units of the loss.
    """
    states = _forward(network, probe, alpha)
    output = states[-1].value + (probe.start if network.states is None else 0)
    slope, bend = _loss_derivatives(output - probe.signal, loss)
    states[-1].adjoint = slope
    for state in reversed(states[1:]):
        _backward(network, probe, state)
    count = states[-1].directions
    hessian = np.zeros((count, count), probe.start.dtype)
    shape = count, *probe.start.shape

    def memory() -> Floats:
        return spare.pop() if spare else np.empty(shape, hessian.dtype)

    for state in states:
        for way in state.leaving:
            if way.target.memory is None:
                way.target.memory = memory()
                way.target.tangents[:] = 0
        if state.memory is None:  # the network's input, which no direction changes
            continue
        for way in state.entering:
            if isinstance(way, _Edge):
                _add_own(way, hessian)
        room = memory()
        _move(probe, state, hessian, room)
        spare.append(room)
        if state is states[-1]:
            hessian += bend(state.tangents)
        spare.append(state.memory)
    return _with_last_rows(np.asarray(hessian, np.float64), len(alpha))


def _forward(network: Network, probe: Probe, alpha: NDArray[np.float64]) -> list[_State]:
    """Return all states in the order in which they are computed, the network's input first."""
    shares = np.exp(log_shares(alpha)).astype(probe.start.dtype)
    states, number = [_State(probe.start)], 0
    is_cell = network.states is not None
    for cell in range(len(network.flattening) if is_cell else len(alpha)):
        inside = [states[-1]]
        for incoming in sources(network.states or 1):
            target = _State(np.zeros_like(probe.start))
            for source in incoming:
                edge = _edge(network, probe, (inside[source], target), shares, number)
                _connect(edge)
                target.value += edge.output
                number += 1
            target.directions = number * (alpha.shape[1] - 1)
            inside.append(target)
        states += inside[1:]
        if is_cell:
            value = np.full_like(probe.start, network.flattening_bias[cell])
            output = _State(value, directions=inside[-1].directions)
            for end, taps in zip(inside[-LAST_STATES:], network.flattening[cell], strict=True):
                _connect(_Flattening(end, output, taps))
                output.value += convolved(taps[:, None, None] * end.value)
            states.append(output)
    return states


def _connect(way: _Edge | _Flattening) -> None:
    way.source.leaving.append(way)
    way.target.entering.append(way)


def _edge(
    network: Network, probe: Probe, ends: tuple[_State, _State], shares: Floats, number: int
) -> _Edge:
    """Compute all operations of an edge, and their mixture."""
    value, cnns = ends[0].value, network.cnns[number]
    if ends[0].patches is None:
        ends[0].patches = patches_of(value, cnns.first.shape[-1])
    hidden = hidden_of(cnns, ends[0].patches)
    mapped = outputs_of(cnns, ends[0].patches, hidden, value.shape)
    step = probe.step @ value + probe.tau * probe.start
    by_name = {
        "learnable_gradient": step - probe.tau * mapped[0],
        "cnn": mapped[1],
        "roll": np.roll(value, probe.turns, axis=0),
        "zero": np.zeros_like(value),
    }
    if len(probe.noise):
        by_name["noise"] = step + probe.sigma * probe.noise[number]
    outputs = np.stack([by_name[name] for name in network.operations])
    mixed = np.tensordot(shares[number], outputs, 1)
    return _Edge(number, *ends, hidden, shares[number], outputs, mixed)


def _backward(network: Network, probe: Probe, state: _State) -> None:
    """Take a state's adjoint to its sources, with the derivatives of the edges in between."""
    adjoint, tau = state.adjoint, probe.tau
    assert adjoint is not None
    zero = adjoint.dtype.type(0)
    step = probe.step @ adjoint  # the matrix is symmetric
    pushed = convolved_adjoint(adjoint, network.cnns[0].first.shape[-1])
    for way in state.entering:
        if isinstance(way, _Flattening):
            back = np.tensordot(way.taps, convolved_adjoint(adjoint, FLATTENING_TAPS), 1)
            _add_adjoint(way.source, back)
            continue
        if way.source.is_input:
            continue
        assert way.source.patches is not None
        shares = dict(zip(network.operations, way.shares, strict=True))
        of_slots = np.array([-tau * shares["learnable_gradient"], shares["cnn"]], adjoint.dtype)
        cnn = derivatives_of(way.hidden, way.source.patches, of_slots, pushed)
        by_name = {
            "learnable_gradient": step - tau * cnn.pulled[0],
            "cnn": cnn.pulled[1],
            "roll": np.roll(adjoint, -probe.turns, axis=0),
            "noise": step,
            "zero": np.zeros_like(adjoint),
        }
        pulled = np.stack([by_name[name] for name in network.operations])
        mixed = np.tensordot(way.shares, pulled, 1)
        crossed = way.shares[:-1, None, None] * (pulled[:-1] - mixed)
        steps = shares["learnable_gradient"] + shares.get("noise", zero)
        moves = Moves(steps, shares.get("roll", zero), probe.turns, cnn.band)
        flat = crossed.reshape(len(crossed), -1)
        way.derivatives = _Derivatives(moves, cnn.by_statistics, flat)
        _add_adjoint(way.source, mixed)
        bend = way.source.bend
        way.source.bend = cnn.bend if bend is None else bend + cnn.bend


def _add_own(edge: _Edge, hessian: Floats) -> None:
    """Compute the tangents of an edge's own directions, and add its softmax to the Hessian."""
    shares, target, own = edge.shares, edge.target, edge.own
    assert target.adjoint is not None
    target.tangents[own] = shares[:-1, None, None] * (edge.outputs[:-1] - edge.output)
    gains = edge.outputs.reshape(len(shares), -1) @ target.adjoint.reshape(-1)
    hessian[own, own] += _softmax_bending(shares, gains)[:-1, :-1]


def _move(probe: Probe, state: _State, hessian: Floats, room: Floats) -> None:
    """Take a state's tangents along all that leaves it, and add its second derivatives.

    Args:
        probe: The batch.
        state: The state, with all of its tangents.
        hessian: Is added to.
        room: Scratch space, as large as the tangents.
    """
    tangents, total = state.tangents, state.directions
    edges = []
    for way in state.leaving:
        if isinstance(way, _Flattening):
            band = np.repeat(way.taps[:, None], tangents.shape[1], axis=1)
            add_banded(way.target.tangents[:total], tangents, band)
        elif way.derivatives is not None:
            edges.append((way, way.derivatives))
    bend, patches = state.bend, state.patches
    if bend is None or patches is None:  # no edge leaves it
        return

    flat, moved = tangents.reshape(total, -1), room[:total]
    parts = [patches.probes, bend.mixed, *(derivatives.crossed for _, derivatives in edges)]
    ends = np.cumsum([len(part) for part in parts])
    products = flat @ np.concatenate(parts).T  # (direction, row of the parts)
    statistics, mixed, *crossed = np.split(products, ends[:-1], axis=1)
    moved[:] = 0
    add_banded(moved, tangents, bend.along(*tangents.shape[1:]))
    bent = flat @ moved.reshape(total, -1).T
    hessian[:total, :total] += bent + bend.by_statistics(statistics, mixed)
    for (edge, _), cross in zip(edges, crossed, strict=True):
        hessian[edge.own, :total] += cross.T
        hessian[:total, edge.own] += cross

    for begin in range(0, total, _AT_ONCE):
        some = slice(begin, min(begin + _AT_ONCE, total))
        given, stepped = tangents[some], moved[some]
        np.matmul(probe.step, given, out=stepped)
        for edge, derivatives in edges:
            of_statistics = (statistics[some] @ derivatives.by_statistics).reshape(given.shape)
            result = edge.target.tangents[some]
            add_moved(result, given, stepped, of_statistics, derivatives.moves)


def _softmax_bending(shares: Floats, gains: Floats) -> Floats:
    """Return Σ_p gain_p ∂²share_p / ∂α_o ∂α_q, ``(operation, operation)``."""
    centered = gains - shares @ gains
    moved = np.diag(shares * centered)
    return moved - np.outer(shares, shares * centered) - np.outer(shares * centered, shares)


def _add_adjoint(state: _State, adjoint: Floats) -> None:
    state.adjoint = adjoint if state.adjoint is None else state.adjoint + adjoint


def _loss_derivatives(
    errors: Floats, loss: Literal["mse", "psnr"]
) -> tuple[Floats, Callable[[Floats], Floats]]:
    """Return the gradient of the loss by the output, and a function of tangents ⟨ẏ_i, ℓ″ ẏ_j⟩."""
    n, batch = errors.shape
    if loss == "mse":

        def bend(tangents: Floats) -> Floats:
            flat = tangents.reshape(len(tangents), -1)
            return flat @ flat.T * (2 / errors.size)

        return errors * (2 / errors.size), bend
    squared = (errors**2).mean(0)  # (batch,)
    scale = 10 / np.log(10) / batch

    def bend_psnr(tangents: Floats) -> Floats:
        flat = (tangents / np.sqrt(squared)).reshape(len(tangents), -1)
        slopes = 2 / n * (errors * tangents).sum(1) / squared  # (direction, batch)
        return scale * (2 / n * (flat @ flat.T) - slopes @ slopes.T)

    return scale * 2 / n * errors / squared, bend_psnr


def _with_last_rows(reduced: NDArray[np.float64], edges: int) -> NDArray[np.float64]:
    """Return the Hessian with the last operation of each edge: minus the sum of the others."""
    own = len(reduced) // edges
    add = np.kron(np.eye(edges), np.concatenate((np.eye(own), -np.ones((1, own)))))
    full: NDArray[np.float64] = add @ reduced @ add.T
    return (full + full.T) / 2
