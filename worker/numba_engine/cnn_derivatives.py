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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.engine.contract import BATCH_NORM_EPSILON

Floats = NDArray[np.floating[Any]]

_POSITIONS = 640
"""Number of positions whose channels are summed together."""


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


class Hidden(NamedTuple):
    """The hidden layer of an edge's CNNs."""

    folded: Floats
    """Weights of the first convolution with batch norm, ``(slot · channel, tap)``."""
    shift: Floats
    """Shift of batch norm, ``(slot · channel, 1)``."""
    deviation: Floats
    """σ of each channel, ``(slot · channel)``."""

    def active(self, centered: Floats) -> Floats:
        """Return the output of the ReLU, ``(slot · channel, position)``, for some positions."""
        values: Floats = self.folded @ centered
        values += self.shift
        return np.maximum(values, 0, out=values)


@dataclass(frozen=True, slots=True)
class Bend:
    """A second derivative along two directions, i and j, for a given adjoint."""

    mixed: Floats
    """What i is multiplied by in −ã_i β_j, for each pair of X_j; ``(pair, n · batch)``."""
    by_pairs: Floats
    """Factors of X_i and X_j, ``(pair, pair)``."""
    by_patches: Floats
    """Factors of ⟨Ṗ̃_s, Ṗ̃_t⟩ / N, ``(tap, tap)``."""

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
    bend: "Bend"
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


def pairs(taps: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the unordered pairs of taps, as two arrays of indices."""
    first, second = np.triu_indices(taps)
    return first, second


def patches_of(signal: Floats, taps: int) -> Patches:
    """Return the patches of a signal ``(n, batch)``."""
    rows = spread(signal, taps)
    count = signal.size
    centered = rows - rows.mean((1, 2), keepdims=True)
    flat = centered.reshape(taps, count)
    # X of a pair (s, t) is the symmetric part: the sum of P̃_s Ṗ_t and P̃_t Ṗ_s, once for s = t.
    sums = np.empty((len(pairs(taps)[0]), *signal.shape), signal.dtype)
    for row, (s, t) in enumerate(zip(*pairs(taps), strict=True)):
        sums[row] = shifted(centered[s], taps // 2 - t)
        if s != t:
            sums[row] += shifted(centered[t], taps // 2 - s)
    means = gathered(
        np.eye(taps, dtype=signal.dtype)[..., None, None] * np.ones_like(signal)
    )  # (tap, n, batch)
    probes = np.concatenate((sums, means)).reshape(-1, count) / count
    return Patches(flat, flat @ flat.T / count, probes)


def hidden_of(cnns: Cnns, patches: Patches) -> Hidden:
    """Return the hidden layer for the patches of the input."""
    first = cnns.first.reshape(-1, cnns.first.shape[-1])
    variance = ((first @ patches.covariance) * first).sum(-1)
    deviation = np.sqrt(variance + BATCH_NORM_EPSILON)
    folded = first * (cnns.scale.reshape(-1) / deviation)[:, None]
    return Hidden(folded, cnns.shift.reshape(-1, 1), deviation)


def outputs_of(cnns: Cnns, patches: Patches, hidden: Hidden, shape: Sequence[int]) -> Floats:
    """Return n(u) of each slot, ``(slot, n, batch)``."""
    slots, taps, channels = cnns.second.shape
    count = patches.centered.shape[1]
    rows = np.empty((slots, taps, count), patches.centered.dtype)
    for some in _portions(count):
        active = hidden.active(patches.centered[:, some]).reshape(slots, channels, -1)
        np.matmul(cnns.second, active, out=rows[..., some])
    return convolved(rows.reshape(slots, taps, *shape)) + cnns.bias[:, None, None]


def _portions(count: int) -> list[slice]:
    """Return ranges of positions whose channels stay in a core's cache."""
    return [slice(at, min(at + _POSITIONS, count)) for at in range(0, count, _POSITIONS)]


def derivatives_of(
    cnns: Cnns, patches: Patches, hidden: Hidden, shares: Floats, adjoint: Floats
) -> Derivatives:
    """Sum the channels of an edge's CNNs in all that its derivatives need.

    Args:
        cnns: The weights.
        patches: The patches of the input.
        hidden: The hidden layer.
        shares: Coefficient of each slot, ``(slot,)``.
        adjoint: Gradient of the loss by the edge's output, ``(n, batch)``.
    """
    slots, taps, channels = cnns.second.shape
    shape, count = adjoint.shape, adjoint.size
    one, two = pairs(taps)
    first = cnns.first.reshape(-1, taps)
    second = cnns.second.transpose(0, 2, 1).reshape(-1, taps)  # (slot · channel, tap)
    folded, _, deviation = hidden
    products = first[:, one] * first[:, two]  # (slot · channel, pair)
    share = np.repeat(shares, channels)[:, None]
    scaled = share * cnns.scale.reshape(-1, 1) / deviation[:, None] ** 3

    # For each tap of the second convolution: by each tap of the first, then by each pair of them.
    straight = (share * second)[:, :, None]  # (slot · channel, tap, 1)
    by_pairs = straight * (products / deviation[:, None] ** 2)[:, None]
    of_mask = np.concatenate(
        (straight * folded[:, None], hidden.shift[..., None] * by_pairs), axis=2
    )
    of_active = np.concatenate((np.zeros_like(straight * folded[:, None]), -by_pairs), axis=2)
    of_hidden = np.concatenate((of_mask, of_active)).reshape(2 * len(first), -1).T
    # For each slot and tap: the adjoint of a patch. For each tap and pair: what batch norm bends.
    by_slot = np.repeat(np.eye(slots, dtype=folded.dtype), channels, axis=0)
    backward = (by_slot[:, :, None] * folded[:, None]).reshape(len(first), -1)
    triples = ((scaled * first)[:, :, None] * products[:, None]).reshape(len(first), -1)
    of_reached = np.concatenate((backward, triples), axis=1).T
    pushed = convolved_adjoint(adjoint, taps).reshape(taps, count)
    sums = _sum_channels(hidden, patches.centered, second, pushed, (of_hidden, of_reached))

    along = (sums.by_patches * first).sum(1)  # ⟨reached, z̃⟩
    constant = (folded * (sums.total / count)[:, None]).T @ by_slot  # (tap, slot)
    against = folded * (along / (count * deviation**2))[:, None]
    inner = np.einsum("cs,ct,cu->stu", by_slot, against, first)
    back = sums.of_reached[: slots * taps].reshape(slots, taps, count)
    back -= constant.T[..., None] + inner @ patches.centered
    cubic = sums.of_reached[slots * taps :]
    cubic -= cubic.mean(1, keepdims=True)
    mixed = gathered(cubic.reshape(taps, len(one), *shape).transpose(1, 0, 2, 3))
    bent = scaled * along[:, None]
    bend = Bend(
        mixed=-mixed.reshape(-1, count),
        by_pairs=3 * products.T @ (bent / deviation[:, None] ** 2 * products),
        by_patches=-(first.T @ (bent * first)),
    )
    band, by_statistics = _banded(sums.of_hidden.reshape(taps, -1, *shape), taps)
    return Derivatives(
        pulled=gathered(back.reshape(slots, taps, *shape)),
        band=band,
        by_statistics=by_statistics.reshape(-1, count),
        bend=bend,
    )


class _Sums(NamedTuple):
    """Sums over the channels; ``reached`` is the adjoint of the channels where they are active."""

    of_hidden: Floats
    """Sums of the mask and the active values, ``(row, n · batch)``."""
    of_reached: Floats
    """Sums of ``reached``, ``(row, n · batch)``."""
    total: Floats
    """Sum of ``reached`` over all positions, ``(slot · channel,)``."""
    by_patches: Floats
    """Products of ``reached`` with the centered patches, ``(slot · channel, tap)``."""


def _sum_channels(
    layer: Hidden,
    centered: Floats,
    second: Floats,
    pushed: Floats,
    tables: tuple[Floats, Floats],
) -> _Sums:
    """Sum over the channels, in portions of the positions that stay in a core's cache.

    Args:
        layer: The hidden layer.
        centered: Centered patches, ``(tap, n · batch)``.
        second: Weights of the second convolution, ``(slot · channel, tap)``.
        pushed: Adjoint of each of its taps, ``(tap, n · batch)``.
        tables: Factors of the mask and the active values, and those of ``reached``, each
            ``(row, channel)``.
    """
    channels, count, dtype = len(second), centered.shape[1], centered.dtype
    of_hidden, of_reached = (np.empty((len(table), count), dtype) for table in tables)
    total = np.zeros(channels, dtype)
    by_patches = np.zeros((channels, len(centered)), dtype)
    hidden = np.empty((2 * channels, _POSITIONS), dtype)
    for some in _portions(count):
        both = hidden[:, : some.stop - some.start]
        active = layer.active(centered[:, some])
        np.greater(active, 0, out=both[:channels])
        both[channels:] = active
        np.matmul(tables[0], both, out=of_hidden[:, some])
        reached = second @ pushed[:, some]
        reached *= both[:channels]
        np.matmul(tables[1], reached, out=of_reached[:, some])
        total += reached.sum(1)
        by_patches += reached @ centered[:, some].T
    return _Sums(of_hidden, of_reached, total, by_patches)


def _banded(rows: Floats, taps: int) -> tuple[Floats, Floats]:
    """Return ``band`` and ``by_statistics`` of `Derivatives` from their parts by tap."""
    shape = rows.shape[2:]
    count = rows.shape[1] - taps  # pairs
    band = np.zeros((2 * taps - 1, *shape), rows.dtype)
    by_statistics = np.zeros((count + taps, *shape), rows.dtype)
    for tap in range(taps):
        by = tap - taps // 2
        add_shifted(band[tap : tap + taps], rows[tap, :taps], by)
        add_shifted(by_statistics[:count], rows[tap, taps:], by)
        add_shifted(by_statistics[count:], rows[tap, :taps], by)
    by_statistics[count:] *= -1
    return band, by_statistics


def convolved_adjoint(adjoint: Floats, taps: int) -> Floats:
    """Return the adjoint of each tap of a second convolution, ``(tap, n, batch)``."""
    return np.stack([shifted(adjoint, taps // 2 - tap) for tap in range(taps)])
