"""Correlations of many resamples at once, within groups of values.

A resample of a bootstrap is written as counts: how often it contains each value. So nothing is
sorted again: the ranks of a resample are sums of its counts in the order of the sample. Values are
ordered by group; each function returns one coefficient per resample and group.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from results.stats.correlations import Kind
from results.stats.estimates import Floats

Indices = NDArray[np.int64]

_FLAT = 1e-12
"""Variance of a resample, in units of the sample's, below which it is constant but for rounding."""
_AT_ONCE = 2**20
"""Number of counts that are processed at once."""
_ROWS = 512
"""Number of rows of a matrix of all pairs that are computed at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """The order of values within their groups, and which of them are equal."""

    values: Floats
    """Values, shape ``(n,)``; the members of a group are next to each other."""
    starts: Indices
    """Index of the first member of each group, shape ``(group,)``."""
    order: Indices
    """Indices of the values, smallest first within each group; shape ``(n,)``."""
    tie: Indices
    """For each value, the number of its tie: equal values of a group share one; ``(n,)``."""
    tie_starts: Indices
    """Place in ``order`` of the first value of each tie, shape ``(tie,)``."""
    group_ties: Indices
    """Number of the first tie of each group, shape ``(group,)``."""

    @property
    def group(self) -> Indices:
        """Index of the group of each value, shape ``(n,)``."""
        return _spread(self.starts, len(self.values))


def ordered(values: Floats, starts: Indices) -> Order:
    """Return the order of values within groups.

    Args:
        values: Finite values, shape ``(n,)``; the members of a group are next to each other.
        starts: Index of the first member of each group, shape ``(group,)``; the first is 0.
    """
    group = _spread(starts, len(values))
    order = np.lexsort((values, group))
    new = np.ones(len(values), dtype=bool)
    new[1:] = (np.diff(values[order]) != 0) | (np.diff(group[order]) != 0)
    tie = np.empty(len(values), dtype=np.int64)
    tie[order] = np.cumsum(new) - 1
    return Order(values, starts, order, tie, np.flatnonzero(new), tie[order][starts])


def tie_counts(x: Order, counts: Floats) -> Floats:
    """Return how many values of each tie a resample contains; shape ``(resample, tie)``."""
    return np.asarray(np.add.reduceat(counts[:, x.order], x.tie_starts, axis=1))


def through(x: Order, of_ties: Floats) -> Floats:
    """Return how many values of its group are in a tie or below it; shape ``(resample, tie)``."""
    upto = np.cumsum(of_ties, axis=1)
    before = upto[:, x.group_ties] - of_ties[:, x.group_ties]
    return np.asarray(upto - np.repeat(before, _lengths(x.group_ties, upto.shape[1]), axis=1))


def coefficients(
    x: Order, y: Order, counts: Floats, kind: Kind, *, blocks: Indices | None = None
) -> Floats:
    """Return the correlation of each resample in each group.

    Args:
        x: One sample; a group in which a resample of it is constant has the coefficient 0, because
            it tells nothing about ``y`` there.
        y: The other sample, in the same groups; where it is constant, the coefficient is NaN.
        counts: How often each resample contains each pair, shape ``(resample, n)``.
        kind: Which coefficient.
        blocks: Index of the first pair of each block of pairs that a resample always contains
            together, if there is one group; it saves time. None: each pair is a block.

    Returns:
        Shape ``(resample, group)``.
    """
    if kind == "kendall":
        return _kendall(x, y, counts, np.arange(len(x.values)) if blocks is None else blocks)
    if kind == "spearman":
        return rank_correlation(ranks(x, counts), ranks(y, counts), x.starts, counts)
    a, b = _standardized(x), _standardized(y)
    return in_parts(
        lambda part: _pearson(
            np.broadcast_to(a, part.shape), np.broadcast_to(b, part.shape), x.starts, part
        ),
        counts,
    )


def in_parts(compute: Callable[..., Floats], *of_resamples: Floats) -> Floats:
    """Return what a function computes for each resample, for a few at a time to save memory.

    Args:
        compute: The function.
        of_resamples: Its arguments, each of shape ``(resample, n)``.
    """
    number = of_resamples[0].size // _AT_ONCE + 1
    parts = zip(*(np.array_split(one, number) for one in of_resamples), strict=True)
    return np.concatenate([compute(*part) for part in parts])


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """Ranks of the values of resamples within their groups."""

    centered: Floats
    """Rank of each value minus the mean rank of its group, shape ``(resample, n)``."""
    variance: Floats
    """Variance of the ranks, shape ``(resample, group)``."""


def ranks(x: Order, counts: Floats) -> Ranks:
    """Return the ranks of each resample; equal values have their mean rank.

    Args:
        x: The values.
        counts: How often each resample contains each value, shape ``(resample, n)``.
    """
    centered = in_parts(lambda part: _centered_ranks(x, part), counts)
    squares = in_parts(
        lambda times, rank: np.add.reduceat(times * rank**2, x.starts, axis=1), counts, centered
    )
    return Ranks(centered, squares / np.maximum(np.add.reduceat(counts, x.starts, axis=1), 1.0))


def rank_correlation(x: Ranks, y: Ranks, starts: Indices, counts: Floats) -> Floats:
    """Return Spearman's correlation of each resample in each group; see `coefficients`.

    Args:
        x: Ranks of one sample.
        y: Ranks of the other.
        starts: Index of the first pair of each group.
        counts: How often each resample contains each pair, shape ``(resample, n)``.
    """
    products = in_parts(
        lambda times, one, other: np.add.reduceat(times * one * other, starts, axis=1),
        counts,
        x.centered,
        y.centered,
    )
    n = np.maximum(np.add.reduceat(counts, starts, axis=1), 1.0)
    return _ratio(products / n, x.variance, y.variance)


def _centered_ranks(x: Order, counts: Floats) -> Floats:
    of_ties = tie_counts(x, counts)
    middle = np.add.reduceat(of_ties, x.group_ties, axis=1) / 2  # mean rank minus ½
    lengths = _lengths(x.group_ties, of_ties.shape[1])
    centered = through(x, of_ties) - of_ties / 2 - np.repeat(middle, lengths, axis=1)
    return np.asarray(centered[:, x.tie])


def _standardized(x: Order) -> Floats:
    """Return the values with mean 0 and deviation 1 in each group."""
    sizes = _lengths(x.starts, len(x.values))
    means = np.add.reduceat(x.values, x.starts) / sizes
    centered = x.values - means[x.group]
    deviations = np.sqrt(np.add.reduceat(centered**2, x.starts) / sizes)
    return np.asarray(centered / np.where(deviations > 0, deviations, 1.0)[x.group])


def _pearson(a: Floats, b: Floats, starts: Indices, counts: Floats) -> Floats:
    def total(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(values, starts, axis=1))

    n = np.maximum(total(counts), 1.0)
    mean_a, mean_b = total(counts * a) / n, total(counts * b) / n
    group = _spread(starts, counts.shape[1])
    a, b = a - mean_a[:, group], b - mean_b[:, group]
    weighted = counts * a
    return _ratio(total(weighted * b) / n, total(weighted * a) / n, total(counts * b * b) / n)


def _kendall(x: Order, y: Order, counts: Floats, blocks: Indices) -> Floats:
    """Return τ_b: cᵀ S c for the counts c and the signs S of all pairs, over the pairs that differ.

    S is the same for every resample. Its entries are added up over blocks of equal counts.
    """
    columns = []
    for start, end in zip(x.starts, np.append(x.starts, len(x.values))[1:], strict=True):
        inside = blocks[(blocks >= start) & (blocks < end)]
        signs = _signs(x.values[start:end], y.values[start:end], inside - start)
        of_group = counts[:, inside]
        columns.append(((of_group @ signs) * of_group).sum(axis=1))
    n = np.add.reduceat(counts, x.starts, axis=1)
    concordance = np.stack(columns, axis=1) / np.maximum(n * n, 1.0)
    return _ratio(concordance, _differing(x, counts, n), _differing(y, counts, n))


def _signs(x: Floats, y: Floats, blocks: Indices) -> Floats:
    """Return sums over blocks of 1 for each concordant and −1 for each discordant pair of points.

    Returns:
        Shape ``(block, block)``.
    """
    rows = []
    for part in np.array_split(np.arange(len(x)), len(x) // _ROWS + 1):
        signs = np.sign(x[part, None] - x) * np.sign(y[part, None] - y)
        rows.append(np.add.reduceat(signs, blocks, axis=1))
    return np.asarray(np.add.reduceat(np.concatenate(rows), blocks, axis=0))


def _differing(x: Order, counts: Floats, n: Floats) -> Floats:
    """Return the share of pairs of a group whose values differ; shape ``(resample, group)``."""
    equal = np.add.reduceat(tie_counts(x, counts) ** 2, x.group_ties, axis=1)
    return np.asarray(1 - equal / np.maximum(n * n, 1.0))


def _ratio(product: Floats, first: Floats, second: Floats) -> Floats:
    """Return a coefficient from a covariance and two variances: 0, or NaN, where one is 0."""
    flat = (first <= _FLAT) | (second <= _FLAT)
    ratio = product / np.sqrt(np.where(flat, 1.0, first * second))
    found = np.where(first <= _FLAT, 0.0, np.clip(ratio, -1.0, 1.0))
    return np.where(second <= _FLAT, np.nan, found)


def _lengths(starts: Indices, n: int) -> Indices:
    return np.diff(starts, append=n)


def _spread(starts: Indices, n: int) -> Indices:
    """Return the index of the group of each of n values."""
    return np.repeat(np.arange(len(starts)), _lengths(starts, n))
