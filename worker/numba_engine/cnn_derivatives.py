"""First and second derivatives of an edge's CNNs n(u) in many directions at once.

n(u) is convolution, batch norm, ReLU, convolution. In a direction u̇ of its input, with the centered
patches P̃ of u and those of the direction, Ṗ, its derivative is

    Σ_t v_t · mask · (g / σ) (w · Ṗ̃ − z̃ (w · X w) / σ²),   X = P̃ Ṗᵀ / N,   z̃ = w · P̃,

for weights w and v of the convolutions, scale g and standard deviation σ of batch norm, and N
values per channel. Only X and the means of Ṗ depend on all positions. All else is a band of a few
diagonals that is the same for all directions. So the channels are summed once per edge, in
`derivatives_of`, and a direction costs a few multiplications per sample and diagonal.

The second derivative of the ReLU is 0 almost everywhere. That of batch norm in two directions i and
j is, with ã = w · Ṗ̃ and β = w · X w,

    −(ã_i β_j + ã_j β_i + z̃ ⟨ã_i, ã_j⟩ / N) / σ³ + 3 z̃ β_i β_j / σ⁵.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.engine.contract import BATCH_NORM_EPSILON
from worker.numba_engine.hessian_kernels import Floats, Hidden, activate, sum_outputs

_POSITIONS = 1280
"""Number of positions whose channels are summed together, so that they stay in a core's cache."""


class Cnns(NamedTuple):
    """Weights of an edge's CNNs, one per slot."""

    first: Floats
    """Weights of the first convolution, ``(slot, channel, tap)``."""
    scale: Floats
    """Scale of batch norm, ``(slot, channel)``."""
    shift: Floats
    """Shift of batch norm, ``(slot, channel)``."""
    second: Floats
    """Weights of the second convolution, ``(slot, tap, channel)``."""
    bias: Floats
    """Bias of the second convolution, ``(slot,)``."""


class Patches(NamedTuple):
    """The patches of a signal u: row t is u[i + t − k // 2], and 0 beyond the ends."""

    centered: Floats
    """The patches without their means, ``(tap, n · batch)``."""
    covariance: Floats
    """Covariance of the taps, ``(tap, tap)``."""
    probes: Floats
    """What a direction is multiplied by to get the sums X of each pair of taps, and then the mean
    of each tap: ``(pair + tap, n · batch)``."""


@dataclass(frozen=True, slots=True)
class Bend:
    """A second derivative along two directions, i and j, for a given adjoint."""

    mixed: Floats
    """What i is multiplied by in −ã_i β_j, for each pair of X_j; ``(pair, n · batch)``."""
    by_pairs: Floats
    """Factors of X_i and X_j, ``(pair, pair)``."""
    by_patches: Floats
    """Factors of ⟨Ṗ̃_s, Ṗ̃_t⟩ / N, ``(tap, tap)``."""

    def by_statistics(self, statistics: Floats, mixed: Floats) -> Floats:
        """Return what the statistics of the directions give, ``(direction, direction)``.

        Args:
            statistics: Sums of each pair and means of each tap, ``(direction, pair + tap)``.
            mixed: The directions times ``mixed``, ``(direction, pair)``.
        """
        sums, means = np.split(statistics, [len(self.by_pairs)], axis=1)
        crossed = mixed @ sums.T
        bent = sums @ self.by_pairs @ sums.T - means @ self.by_patches @ means.T
        return bent + crossed + crossed.T

    def along(self, n: int, batch: int) -> Floats:
        """Return the matrix along n of the rest: Σ_st by_patches[s, t] / N shift_sᵀ shift_t.

        Args:
            n: Length of a signal.
            batch: Number of signals.

        Returns:
            Its diagonals, ``(diagonal, n)``.
        """
        taps = len(self.by_patches)
        band = np.zeros((2 * taps - 1, n), self.by_patches.dtype)
        for s in range(taps):
            low, high = max(s - taps // 2, 0), max(min(n + s - taps // 2, n), 0)
            for t in range(taps):
                band[t - s + taps - 1, low:high] += self.by_patches[s, t] / (n * batch)
        return band

    def __add__(self, other: "Bend") -> "Bend":
        """Return the sum with the second derivative of another edge with the same source."""
        return Bend(
            self.mixed + other.mixed,
            self.by_pairs + other.by_pairs,
            self.by_patches + other.by_patches,
        )


@dataclass(frozen=True, slots=True)
class Derivatives:
    """Derivatives of Σ_slot share · n(u), for the adjoint of the edge's output."""

    pulled: Floats
    """The adjoint of u by each slot alone, ``(slot, n, batch)``."""
    band: Floats
    """Diagonals of the derivative for given statistics, ``(diagonal, n, batch)``."""
    by_statistics: Floats
    """Derivative by X of each pair and by the mean of each tap, ``(pair + tap, n · batch)``."""
    bend: Bend
    """The second derivative."""


def shifted(signal: Floats, by: int) -> Floats:
    """Return u[i + by] along the second to last dimension, with zeros beyond the ends."""
    result = np.zeros_like(signal)
    add_shifted(result, signal, by)
    return result


def add_shifted(result: Floats, signal: Floats, by: int) -> None:
    """Add the signals u[i + by] to the result; beyond the ends they are zero."""
    n = signal.shape[-2]
    if abs(by) < n:
        result[..., max(-by, 0) : n - max(by, 0), :] += signal[..., max(by, 0) : n + min(by, 0), :]


def spread(signal: Floats, taps: int) -> Floats:
    """Return the patches of signals, ``(…, tap, n, batch)``."""
    return np.stack([shifted(signal, tap - taps // 2) for tap in range(taps)], axis=-3)


def gathered(rows: Floats) -> Floats:
    """Return the sum of the patches' adjoints: Σ_t rows_t[i − t + k // 2], ``(…, n, batch)``."""
    return convolved(rows[..., ::-1, :, :])


def convolved(rows: Floats) -> Floats:
    """Return the sum of a second convolution's taps: Σ_t rows_t[i + t − k // 2]."""
    taps = rows.shape[-3]
    result = rows[..., taps // 2, :, :].copy()
    for tap in range(taps):
        if tap != taps // 2:
            add_shifted(result, rows[..., tap, :, :], tap - taps // 2)
    return result


@cache
def pairs(taps: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the unordered pairs of taps, as two arrays of indices."""
    first, second = np.triu_indices(taps)
    return first, second


@cache
def _triples(taps: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the unordered triples of taps, and which of them a tap and a pair are.

    Returns:
        The triples, ``(triple, 3)``, and an array of indices, ``(tap, pair)``.
    """
    triples = list(combinations_with_replacement(range(taps), 3))
    pair_of = list(zip(*pairs(taps), strict=True))
    which = [[triples.index((*sorted((tap, *pair)),)) for pair in pair_of] for tap in range(taps)]
    return np.array(triples), np.array(which)


def patches_of(signal: Floats, taps: int) -> Patches:
    """Return the patches of a signal ``(n, batch)``."""
    count, dtype = signal.size, signal.dtype
    rows = spread(signal, taps)
    rows -= rows.mean((1, 2), keepdims=True)
    flat = rows.reshape(taps, count)
    # X of a pair (s, t) is the symmetric part: the sum of P̃_s Ṗ_t and P̃_t Ṗ_s, once for s = t.
    each = pairs(taps)
    probes = np.zeros((len(each[0]) + taps, *signal.shape), dtype)
    for probe, s, t in zip(probes, *each, strict=False):
        add_shifted(probe, rows[s], taps // 2 - t)
        if s != t:
            add_shifted(probe, rows[t], taps // 2 - s)
    ones = np.ones_like(signal)
    for tap in range(taps):
        add_shifted(probes[len(each[0]) + tap], ones, taps // 2 - tap)
    probes /= count
    return Patches(flat, flat @ flat.T / count, probes.reshape(-1, count))


def hidden_of(cnns: Cnns, patches: Patches) -> Hidden:
    """Return the hidden layer for the patches of the input."""
    taps = cnns.first.shape[-1]
    first = np.ascontiguousarray(cnns.first.reshape(-1, taps))
    deviation = np.sqrt(((first @ patches.covariance) * first).sum(-1) + BATCH_NORM_EPSILON)
    return Hidden(
        first=first,
        gain=cnns.scale.reshape(-1) / deviation,
        shift=np.ascontiguousarray(cnns.shift.reshape(-1)),
        deviation=deviation,
        second=np.ascontiguousarray(cnns.second.transpose(0, 2, 1).reshape(-1, taps)),
    )


def outputs_of(cnns: Cnns, patches: Patches, hidden: Hidden, shape: tuple[int, int]) -> Floats:
    """Return n(u) of each slot, ``(slot, n, batch)``."""
    slots, taps, _ = cnns.second.shape
    rows = np.empty((slots * taps, patches.centered.shape[1]), patches.centered.dtype)
    sum_outputs(hidden, patches.centered, rows)
    return convolved(rows.reshape(slots, taps, *shape)) + cnns.bias[:, None, None]


def derivatives_of(hidden: Hidden, patches: Patches, shares: Floats, pushed: Floats) -> Derivatives:
    """Sum the channels of an edge's CNNs in all that its derivatives need.

    Args:
        hidden: The hidden layer.
        patches: The patches of the input.
        shares: Coefficient of each slot, ``(slot,)``.
        pushed: Adjoint of each tap of the second convolution, ``(tap, n, batch)``; see
            `convolved_adjoint`.
    """
    taps, *shape = pushed.shape
    slots, count = len(shares), patches.centered.shape[1]
    first, second, deviation = hidden.first, hidden.second, hidden.deviation
    folded = first * hidden.gain[:, None]
    one, two = pairs(taps)
    triples, which = _triples(taps)
    products = first[:, one] * first[:, two]  # (slot · channel, pair)
    share = np.repeat(shares, len(first) // slots)
    bent = share * hidden.gain / deviation**2
    by_slot = np.repeat(np.eye(slots, dtype=first.dtype), len(first) // slots, axis=0)

    # For each tap of the second convolution: each tap of the first, and each pair of them.
    of_mask = (share[:, None] * second)[:, :, None] * folded[:, None]
    of_straight = -(bent[:, None] * second)[:, :, None] * products[:, None]
    # For each slot and tap, the adjoint of a patch; and for each triple, what batch norm bends.
    of_reached = np.concatenate(
        (
            (by_slot[:, :, None] * folded[:, None]).reshape(len(first), -1),
            bent[:, None] * first[:, triples].prod(-1),
        ),
        axis=1,
    )
    tables = tuple(table.reshape(len(first), -1).T for table in (of_mask, of_straight, of_reached))
    sums = _sum_channels(hidden, patches.centered, pushed.reshape(taps, -1), tables)

    total, along = sums.means
    constant = (folded * total[:, None]).T @ by_slot  # (tap, slot)
    against = folded * (along / deviation**2)[:, None]
    inner = np.einsum("cs,ct,cu->stu", by_slot, against, first)
    back, cubes = np.split(sums.reached, [slots * taps])
    back = back.reshape(slots, taps, count)
    back -= constant.T[..., None] + inner @ patches.centered
    cubes -= cubes.mean(1, keepdims=True)
    mixed = gathered(cubes[which.T].reshape(len(one), taps, *shape))
    curved = (count * bent * along)[:, None]
    bend = Bend(
        mixed=-mixed.reshape(-1, count),
        by_pairs=3 * products.T @ (curved / deviation[:, None] ** 2 * products),
        by_patches=-(first.T @ (curved * first)),
    )
    band, by_statistics = _banded(
        sums.mask.reshape(taps, taps, *shape), sums.straight.reshape(taps, -1, *shape)
    )
    return Derivatives(
        pulled=gathered(back.reshape(slots, taps, *shape)),
        band=band,
        by_statistics=by_statistics.reshape(-1, count),
        bend=bend,
    )


class _Sums(NamedTuple):
    """Sums over the channels."""

    mask: Floats
    """Sums of the mask, which is 1 where a channel is active, ``(row, n · batch)``."""
    straight: Floats
    """Sums of z̃ where the channel is active, ``(row, n · batch)``."""
    reached: Floats
    """Sums of the adjoint of the channel where it is active, ``(row, n · batch)``."""
    means: Floats
    """Mean over all positions of that adjoint, and of its product with z̃, ``(2, channel)``."""


def _sum_channels(
    hidden: Hidden, centered: Floats, pushed: Floats, tables: tuple[Floats, ...]
) -> _Sums:
    """Sum over the channels, in portions of the positions that stay in a core's cache.

    Args:
        hidden: The hidden layer.
        centered: Centered patches, ``(tap, n · batch)``.
        pushed: Adjoint of each tap of the second convolution, ``(tap, n · batch)``.
        tables: Factors of the first three of the sums, each ``(row, channel)``.
    """
    count, dtype = centered.shape[1], centered.dtype
    sums = [np.empty((len(table), count), dtype) for table in tables]
    totals = np.zeros((2, len(hidden.first)), dtype)
    channels = np.empty((3, len(hidden.first), _POSITIONS), dtype)
    for begin in range(0, count, _POSITIONS):
        activate(hidden, centered, pushed, begin, channels, totals)
        some = slice(begin, min(begin + _POSITIONS, count))
        for table, values, result in zip(tables, channels, sums, strict=True):
            np.matmul(table, values[:, : some.stop - begin], out=result[:, some])
    mask, straight, reached = sums
    return _Sums(mask, straight, reached, totals / count)


def _banded(by_taps: Floats, by_pairs: Floats) -> tuple[Floats, Floats]:
    """Return ``band`` and ``by_statistics`` of `Derivatives` from their parts by tap.

    Args:
        by_taps: For each tap of the second convolution, and of the first, ``(tap, tap, n, batch)``.
        by_pairs: For each tap of the second convolution, and pair, ``(tap, pair, n, batch)``.
    """
    taps, count, *shape = by_pairs.shape
    band = np.zeros((2 * taps - 1, *shape), by_pairs.dtype)
    by_statistics = np.zeros((count + taps, *shape), by_pairs.dtype)
    for tap in range(taps):
        by = tap - taps // 2
        add_shifted(band[tap : tap + taps], by_taps[tap], by)
        add_shifted(by_statistics[:count], by_pairs[tap], by)
        add_shifted(by_statistics[count:], by_taps[tap], by)
    by_statistics[count:] *= -1
    return band, by_statistics


def convolved_adjoint(adjoint: Floats, taps: int) -> Floats:
    """Return the adjoint of each tap of a second convolution, ``(tap, n, batch)``."""
    return np.stack([shifted(adjoint, taps // 2 - tap) for tap in range(taps)])
