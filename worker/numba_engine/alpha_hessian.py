"""The exact Hessian of a batch's loss by α, for one trial.

A direction i changes the α of one operation o on one edge. Its tangents u̇_i, the derivatives of all
later states, go forward through the network, all directions at once. With the adjoint ū of each
state, which goes backward once, the second derivative along i and j is a sum over the edges,

    H_ij = ⟨ẏ_i, ℓ″ ẏ_j⟩ + Σ_edges ⟨ū, D²F [(u̇_i, α̇_i), (u̇_j, α̇_j)]⟩,

where F is an edge's mixture and y the output. No second backward pass is needed. Only CNNs and the
softmax have second derivatives. A softmax does not change if the same number is added to the α of
all operations of an edge, so that the Hessian's rows of an edge sum to 0: the last row of each edge
is minus the sum of the others, and costs nothing.

It uses NumPy's matrix products, in the dtype of the weights.
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
    Derivatives,
    Floats,
    Hidden,
    Patches,
    convolved,
    convolved_adjoint,
    derivatives_of,
    hidden_of,
    outputs_of,
    pairs,
    patches_of,
)

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
    normal: Floats
    """AᵀA, ``(n, n)``."""
    roll: Floats
    """The matrix of the roll, ``(n, n)``."""
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


@dataclass(slots=True)
class _Edge:
    """What one edge computed."""

    source: "_State"
    shares: Floats  # (operation,)
    outputs: Floats  # by operation, (operation, n, batch)
    output: Floats  # their mixture, (n, batch)
    hidden: Hidden
    cnns: Cnns


@dataclass(slots=True)
class _State:
    """A state, and later its adjoint and its tangents."""

    value: Floats  # (n, batch)
    entering: list[_Edge] = field(default_factory=list)
    flattened: "tuple[int, list[_State]] | None" = None  # for a cell's output: the cell, its states
    patches: Patches | None = None
    adjoint: Floats | None = None
    tangents: Floats | None = None  # (direction, n, batch): those of all edges up to this state
    statistics: Floats | None = None  # (direction, pair + tap)
    bend: Bend | None = None  # all edges that leave the state

    @property
    def is_input(self) -> bool:
        """Whether it is the network's input."""
        return not self.entering and self.flattened is None


class _Linear(NamedTuple):
    """An edge's derivative by its source, for the adjoint of its output."""

    cnns: Derivatives
    """Derivatives of its CNNs."""
    matrix: Floats
    """Its matrix along n, without the CNNs, ``(n, n)``."""
    pulled: Floats
    """Adjoint of the source by each operation alone, ``(operation, n, batch)``."""


def alpha_hessian(
    network: Network, probe: Probe, alpha: NDArray[np.float64], loss: Literal["mse", "psnr"]
) -> NDArray[np.float64]:
    """Return the Hessian by α, with all edges and operations flattened.

    Args:
        network: The network.
        probe: The batch.
        alpha: α, shape ``(edge, operation)``.
        loss: The mean squared error, or minus the PSNR in dB.

    Returns:
        The Hessian, shape ``(edge · operation, edge · operation)``, in the units of the loss.
    """
    states = _forward(network, probe, alpha)
    output = states[-1].value + (probe.start if network.states is None else 0)
    slope, bend = _loss_derivatives(output - probe.signal, loss)
    last = len(network.operations) - 1
    count = last * len(alpha)
    hessian = np.zeros((count, count), probe.start.dtype)
    states[-1].adjoint = slope
    derivatives = [_backward(network, probe, state) for state in reversed(states)][::-1]
    done = 0
    for state, of_edges in zip(states, derivatives, strict=True):
        done = _tangents(network, state, of_edges, hessian, done)
    ends = states[-1].tangents
    assert ends is not None
    hessian += bend(ends)
    return _with_last_rows(np.asarray(hessian, np.float64), len(alpha))


def _forward(network: Network, probe: Probe, alpha: NDArray[np.float64]) -> list[_State]:
    """Return all states in the order in which they are computed, the network's input first."""
    shares = np.exp(log_shares(alpha)).astype(probe.start.dtype)
    states = [_State(probe.start)]
    if network.states is None:
        for edge, of_edge in enumerate(shares):
            entering = [_edge(network, probe, states[-1], edge, of_edge)]
            states.append(_State(entering[0].output, entering))
        return states
    edge = 0
    for cell, weights in enumerate(network.flattening):
        inside = [states[-1]]
        for incoming in sources(network.states):
            entering = []
            for source in incoming:
                entering.append(_edge(network, probe, inside[source], edge, shares[edge]))
                edge += 1
            value = sum((one.output for one in entering), np.zeros_like(probe.start))
            inside.append(_State(value, entering))
        ends = inside[-LAST_STATES:]
        first, second = (_flat(end.value, taps) for end, taps in zip(ends, weights, strict=True))
        value = first + second + network.flattening_bias[cell]
        states += [*inside[1:], _State(value, flattened=(cell, ends))]
    return states


def _edge(network: Network, probe: Probe, source: _State, edge: int, shares: Floats) -> _Edge:
    """Compute all operations of an edge, and their mixture."""
    value, cnns = source.value, network.cnns[edge]
    if source.patches is None:
        source.patches = patches_of(value, cnns.first.shape[-1])
    hidden = hidden_of(cnns, source.patches)
    mapped = outputs_of(cnns, source.patches, hidden, value.shape)
    step = value - probe.tau * (probe.normal @ value - probe.start)
    by_name = {
        "learnable_gradient": step - probe.tau * mapped[0],
        "cnn": mapped[1],
        "roll": probe.roll @ value,
        "zero": np.zeros_like(value),
    }
    if len(probe.noise):
        by_name["noise"] = step + probe.sigma * probe.noise[edge]
    outputs = np.stack([by_name[name] for name in network.operations])
    return _Edge(source, shares, outputs, np.tensordot(shares, outputs, 1), hidden, cnns)


def _backward(network: Network, probe: Probe, state: _State) -> list[_Linear | None]:
    """Take a state's adjoint to its sources.

    Returns:
        The derivative of each edge that enters the state; None for an edge from the network's
        input, which no direction changes.
    """
    adjoint = state.adjoint
    if adjoint is None:  # nothing uses this state
        adjoint = state.adjoint = np.zeros_like(state.value)
    if state.flattened is not None:
        cell, ends = state.flattened
        for end, taps in zip(ends, network.flattening[cell], strict=True):
            _add_adjoint(end, _flat_adjoint(adjoint, taps))
    found: list[_Linear | None] = []
    for edge in state.entering:
        if edge.source.is_input:
            found.append(None)
            continue
        assert edge.source.patches is not None
        tau, shares = probe.tau, dict(zip(network.operations, edge.shares, strict=True))
        of_slots = np.array([-tau * shares["learnable_gradient"], shares["cnn"]], probe.start.dtype)
        cnn = derivatives_of(edge.cnns, edge.source.patches, edge.hidden, of_slots, adjoint)
        step = adjoint - tau * (probe.normal @ adjoint)
        by_name = {
            "learnable_gradient": step - tau * cnn.pulled[0],
            "cnn": cnn.pulled[1],
            "roll": probe.roll.T @ adjoint,
            "noise": step,
            "zero": np.zeros_like(adjoint),
        }
        pulled = np.stack([by_name[name] for name in network.operations])
        _add_adjoint(edge.source, np.tensordot(edge.shares, pulled, 1))
        edge.source.bend = cnn.bend if edge.source.bend is None else edge.source.bend + cnn.bend
        steps = shares["learnable_gradient"] + shares.get("noise", 0)
        matrix = steps * (np.eye(len(adjoint)) - tau * probe.normal)
        matrix = matrix + shares.get("roll", 0) * probe.roll
        found.append(_Linear(cnn, matrix.astype(adjoint.dtype), pulled))
    return found


def _tangents(
    network: Network,
    state: _State,
    derivatives: Sequence[_Linear | None],
    hessian: Floats,
    done: int,
) -> int:
    """Compute the tangents of a state, and add what its edges give to the Hessian.

    Args:
        network: The network.
        state: A state whose sources have their tangents.
        derivatives: Those of the edges that enter it; see `_backward`.
        hessian: Is added to.
        done: Number of directions of the edges before these.

    Returns:
        Number of directions with these edges.
    """
    own = len(network.operations) - 1
    total = done + own * len(state.entering)
    tangents = np.zeros((total, *state.value.shape), state.value.dtype)
    if state.flattened is not None:
        cell, ends = state.flattened
        for end, taps in zip(ends, network.flattening[cell], strict=True):
            assert end.tangents is not None
            tangents[: len(end.tangents)] += _flat(end.tangents, taps)
    for edge, linear in zip(state.entering, derivatives, strict=True):
        source, shares = edge.source, edge.shares
        assert source.tangents is not None
        assert state.adjoint is not None
        before = len(source.tangents)
        mine = slice(done, done + own)
        if linear is not None:
            _add_moved(tangents[:before], source, linear)
            pulled = linear.pulled
            crossed = shares[:own, None, None] * (pulled[:own] - np.tensordot(shares, pulled, 1))
            cross = crossed.reshape(own, -1) @ source.tangents.reshape(before, -1).T
            hessian[mine, :before] += cross
            hessian[:before, mine] += cross.T
        tangents[mine] += shares[:own, None, None] * (edge.outputs[:own] - edge.output)
        gains = edge.outputs.reshape(len(shares), -1) @ state.adjoint.reshape(-1)
        hessian[mine, mine] += _softmax_bending(shares, gains)[:own, :own]
        done += own
    state.tangents = tangents
    if total and state.bend is not None:
        hessian[:total, :total] += _bending(state)
    return total


def _statistics(source: _State) -> Floats:
    """Return the sums and the means of a state's tangents over its patches."""
    if source.statistics is None:
        assert source.tangents is not None
        assert source.patches is not None
        flat = source.tangents.reshape(len(source.tangents), -1)
        source.statistics = flat @ source.patches.probes.T
    return source.statistics


def _bending(state: _State) -> Floats:
    """Return Σ ⟨ū, D²n [u̇_i, u̇_j]⟩ of all edges that leave a state, ``(direction, direction)``."""
    bend, tangents = state.bend, state.tangents
    assert bend is not None
    assert tangents is not None
    flat = tangents.reshape(len(tangents), -1)
    taps = len(bend.by_patches)
    sums, means = np.split(_statistics(state), [len(pairs(taps)[0])], axis=1)
    mixed = (flat @ bend.mixed.T) @ sums.T
    bent = mixed + mixed.T + sums @ bend.by_pairs @ sums.T - means @ bend.by_patches @ means.T
    n = tangents.shape[1]
    along = np.zeros((n, n), flat.dtype)  # Σ by_patches[s, t] shift_sᵀ shift_t
    for s in range(taps):
        for t in range(taps):
            left, right = np.eye(n, k=s - taps // 2), np.eye(n, k=t - taps // 2)
            along += (bend.by_patches[s, t] * (left.T @ right)).astype(flat.dtype)
    bent += flat @ (along @ tangents).reshape(flat.shape).T / state.value.size
    return bent


def _softmax_bending(shares: Floats, gains: Floats) -> Floats:
    """Return Σ_p gain_p ∂²share_p / ∂α_o ∂α_q, ``(operation, operation)``."""
    centered = gains - shares @ gains
    moved = np.diag(shares * centered)
    return moved - np.outer(shares, shares * centered) - np.outer(shares * centered, shares)


def _add_moved(result: Floats, source: _State, linear: _Linear) -> None:
    """Add an edge's derivative along the tangents of its source, ``(direction, n, batch)``."""
    tangents = source.tangents
    assert tangents is not None
    cnn, matrix, statistics = linear.cnns, linear.matrix, _statistics(source)
    reach, n = len(cnn.band) // 2, tangents.shape[1]
    room = np.empty_like(tangents[:_AT_ONCE])
    for begin in range(0, len(tangents), _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        moved, given = result[some], tangents[some]
        product = room[: len(given)]
        moved += np.matmul(matrix, given, out=product)
        np.matmul(statistics[some], cnn.by_statistics, out=product.reshape(len(given), -1))
        moved += product
        for row, by in zip(cnn.band, range(-reach, reach + 1), strict=True):
            if abs(by) < n:
                low, high = max(-by, 0), n - max(by, 0)
                part = product[:, low:high]
                np.multiply(row[low:high], given[:, low + by : high + by], out=part)
                moved[:, low:high] += part


def _add_adjoint(state: _State, adjoint: Floats) -> None:
    state.adjoint = adjoint if state.adjoint is None else state.adjoint + adjoint


def _flat(signal: Floats, taps: Floats) -> Floats:
    """Return a state's part of a flattening, for signals ``(…, n, batch)``."""
    return convolved(taps[:, None, None] * signal[..., None, :, :])


def _flat_adjoint(adjoint: Floats, taps: Floats) -> Floats:
    return np.tensordot(taps, convolved_adjoint(adjoint, FLATTENING_TAPS), 1)


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
