"""Kernels of the Hessian by α: sums over the channels of an edge's CNNs, and moves of tangents.

Innermost loops go over neighboring samples, so that the compiler makes vectors of them; they use
one-dimensional arrays, because with more dimensions it does not. All floats have one dtype.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.numba_engine.compilation import entry, inlined

Floats = NDArray[np.floating[Any]]

_POSITIONS = 640
"""Number of positions that are computed together, so that they stay in the first-level cache."""


class Hidden(NamedTuple):
    """The hidden layer of an edge's CNNs, for a given input; a channel belongs to one slot."""

    first: Floats
    """Weights w of the first convolution, ``(channel, tap)``."""
    gain: Floats
    """What batch norm multiplies by, g / σ, ``(channel,)``."""
    shift: Floats
    """Shift of batch norm, ``(channel,)``."""
    deviation: Floats
    """σ, ``(channel,)``."""
    second: Floats
    """Weights v of the second convolution, ``(channel, tap)``."""


class Moves(NamedTuple):
    """An edge's derivative by its source, without the part of the statistics."""

    step: np.floating[Any]
    """Share of the gradient steps."""
    roll: np.floating[Any]
    """Share of the roll."""
    turns: int
    """By how many rows the roll moves a signal."""
    band: Floats
    """Diagonals of the CNNs' derivative, ``(diagonal, n, batch)``."""


@inlined
def _add(result: Floats, factor: float, values: Floats) -> None:
    """Add a multiple of values to the result, ``(position,)``."""
    for p in range(len(result)):
        result[p] += factor * values[p]


@inlined
def _add_product(result: Floats, a: Floats, b: Floats) -> None:
    """Add the products of a and b to the result, ``(position,)``."""
    for p in range(len(result)):
        result[p] += a[p] * b[p]


@inlined
def _apply_mask(mask: Floats, straight: Floats, reached: Floats, gain: float, shift: float) -> None:
    """Compute a channel's mask, and apply it to z̃ and to the adjoint; each ``(position,)``."""
    for p in range(len(mask)):
        mask[p] = gain * straight[p] + shift > 0
        straight[p] *= mask[p]
        reached[p] *= mask[p]


@entry
def sum_outputs(layer: Hidden, centered: Floats, taps: Floats) -> None:
    """Compute the second convolution's taps, before they are shifted and summed.

    Args:
        layer: The hidden layer; half of its channels belongs to each of two slots.
        centered: Centered patches, ``(tap, position)``.
        taps: Gets the taps, ``(slot · tap, position)``.
    """
    count, size, half = centered.shape[1], len(centered), len(layer.first) // 2
    room = np.empty(_POSITIONS, centered.dtype)
    taps[:] = 0
    for begin in range(0, count, _POSITIONS):
        at = slice(begin, min(begin + _POSITIONS, count))
        active = room[: at.stop - begin]
        for c in range(2 * half):
            active[:] = layer.shift[c]
            for tap in range(size):
                _add(active, layer.gain[c] * layer.first[c, tap], centered[tap, at])
            for p in range(len(active)):
                active[p] *= active[p] > 0
            for tap in range(size):
                _add(taps[c // half * size + tap, at], layer.second[c, tap], active)


@entry
def activate(
    layer: Hidden, centered: Floats, pushed: Floats, begin: int, channels: Floats, totals: Floats
) -> None:
    """Compute the hidden layer, and the adjoint of its channels, for some positions.

    Args:
        layer: The hidden layer.
        centered: Centered patches, ``(tap, position)``.
        pushed: Adjoint of each tap of the second convolution, ``(tap, position)``.
        begin: First of the positions.
        channels: Gets the mask, which is 1 where the channel is active and 0 elsewhere, and z̃ and
            the adjoint of the channel where it is active: ``(3, channel, position)``.
        totals: The sums over the positions of this adjoint, and of its product with z̃, are added
            to it, ``(2, channel)``.
    """
    length = min(channels.shape[2], centered.shape[1] - begin)
    for done in range(0, length, _POSITIONS):
        to = slice(done, min(done + _POSITIONS, length))
        at = slice(begin + to.start, begin + to.stop)
        for c in range(len(layer.first)):
            mask, straight, reached = channels[0, c, to], channels[1, c, to], channels[2, c, to]
            straight[:] = 0
            reached[:] = 0
            for tap in range(len(centered)):
                _add(straight, layer.first[c, tap], centered[tap, at])
                _add(reached, layer.second[c, tap], pushed[tap, at])
            _apply_mask(mask, straight, reached, layer.gain[c], layer.shift[c])
            total, along = totals[0, c], totals[1, c]
            for p in range(len(reached)):
                total += reached[p]
                along += reached[p] * straight[p]
            totals[0, c], totals[1, c] = total, along


@entry
def add_moved(
    result: Floats, given: Floats, stepped: Floats, of_statistics: Floats, moves: Moves
) -> None:
    """Add an edge's derivative along tangents of its source, each ``(direction, n, batch)``.

    Args:
        result: Is added to.
        given: The tangents of the source.
        stepped: The same after a gradient step.
        of_statistics: What their statistics give.
        moves: The rest of the derivative.
    """
    count, n, _ = given.shape
    reach = len(moves.band) // 2
    for d in range(count):
        for i in range(n):
            row, moved, rolled = result[d, i], stepped[d, i], given[d, (i - moves.turns) % n]
            more = of_statistics[d, i]
            for p in range(len(row)):
                row[p] += more[p] + moves.step * moved[p] + moves.roll * rolled[p]
            for k in range(max(reach - i, 0), min(n + reach - i, 2 * reach + 1)):
                _add_product(row, moves.band[k, i], given[d, i + k - reach])


@entry
def add_banded(result: Floats, given: Floats, band: Floats) -> None:
    """Add a product with a band matrix along n, the same for all samples.

    Args:
        result: Is added to, ``(direction, n, batch)``.
        given: Tangents, ``(direction, n, batch)``.
        band: Diagonals of the matrix, ``(diagonal, n)``; the middle one is the main diagonal.
    """
    count, n, _ = given.shape
    reach = len(band) // 2
    for d in range(count):
        for i in range(n):
            for k in range(max(reach - i, 0), min(n + reach - i, 2 * reach + 1)):
                _add(result[d, i], band[k, i], given[d, i + k - reach])
