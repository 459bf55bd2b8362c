"""Randomization tests of differences of means, and the intervals that belong to them.

A test compares the data with themselves: if two settings have the same distribution of scores, then
every way to divide the scores between the settings was equally probable; if an exchange within a
pair makes no difference, so was every choice of signs of the differences. The test then holds its
level for any distribution and any sample size. Intervals from a bootstrap or from Student's t are
too short for few values, or for skewed ones. The statistic is a mean divided by its standard
error, so for larger samples the test also holds its level if only the means are equal, and not the
spreads (Janssen 1997).

An interval contains the differences that its test does not reject. So it excludes 0 if, and only
if, the test finds a difference. SciPy has such tests, but not their intervals.

Source: Janssen 1997, Statistics & Probability Letters 36, 9-21.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from results.stats.estimates import LEAST, LEVEL, Estimate, Floats, finite

_ARRANGEMENTS = 2_500
"""Number of arrangements that are drawn; if there are no more than that, all are used."""
_BISECTIONS = 15
_EQUAL = 1e-9
"""Relative difference below which two statistics are equal: sums of the same numbers in another
order round differently."""

_Statistics = Callable[[float], Floats]
"""Statistics of all arrangements of the data minus a difference; those of the data come first."""


@dataclass(frozen=True, slots=True)
class _Test:
    """A randomization test of any difference."""

    statistics: _Statistics
    rarest: float
    """Smallest possible probability of a statistic as extreme as that of the data."""
    spread: float
    """Range of the data, in their unit."""


def difference_of_means(
    a: ArrayLike, b: ArrayLike, *, level: float = LEVEL, seed: int = 0
) -> Estimate:
    """Return mean(a) − mean(b) of independent samples, with the interval of a permutation test.

    Args:
        a: Shape ``(n_a,)``, finite.
        b: Shape ``(n_b,)``, finite.
        level: Coverage of the interval.
        seed: Seed of the drawn permutations.

    Returns:
        The difference; its n is the smaller of both sample sizes. It is NaN if a sample is empty.
        The interval is NaN if n is below `LEAST`, or if no permutation is rare enough at this
        level.

    Raises:
        ValueError: If a sample is not one-dimensional and finite.
    """
    first, second = finite(a), finite(b)
    n = min(len(first), len(second))
    value = float(first.mean() - second.mean()) if n else np.nan
    if n < LEAST:
        return Estimate(value, np.nan, np.nan, n)
    test = _Test(
        statistics=_of_two_samples(first, second, _divisions(len(first), len(second), seed)),
        # Equal samples may also be exchanged as a whole, which is as extreme.
        rarest=(2 if len(first) == len(second) else 1) / math.comb(len(first) + len(second), n),
        spread=float(np.ptp(np.concatenate([first, second]))),
    )
    return Estimate(value, *_interval(test, value, level), n)


def mean_of_differences(
    groups: Sequence[ArrayLike], *, level: float = LEVEL, seed: int = 0
) -> Estimate:
    """Return the mean difference within pairs, with the interval of a test of their signs.

    Args:
        groups: Differences within pairs, one array of shape ``(n,)`` per group of pairs. The mean
            is the mean of the groups' means.
        level: Coverage of the interval.
        seed: Seed of the drawn signs.

    Returns:
        The mean; its n is the size of the smallest group. It is NaN if a group is empty. The
        interval is NaN if n is below `LEAST`, or if no choice of signs is rare enough at this
        level.

    Raises:
        ValueError: If a group is not one-dimensional and finite.
    """
    samples = [finite(group) for group in groups]
    n = min(len(sample) for sample in samples)
    value = float(np.mean([sample.mean() for sample in samples])) if n else np.nan
    if n < LEAST:
        return Estimate(value, np.nan, np.nan, n)
    every = np.concatenate(samples)
    test = _Test(
        statistics=_of_signs(samples, _signs(len(every), seed)),
        rarest=2 / 2 ** len(every),
        spread=float(np.ptp(every)),
    )
    return Estimate(value, *_interval(test, value, level), n)


def _interval(test: _Test, value: float, level: float) -> tuple[float, float]:
    """Return the ends of the interval of the differences that a test does not reject.

    Args:
        test: The test.
        value: The difference of the data, which no test rejects.
        level: Coverage of the interval.
    """
    if test.rarest > 1 - level:
        return np.nan, np.nan

    def rejected(tested: float) -> bool:
        found = np.abs(test.statistics(tested))
        return bool((found >= found[0] * (1 - _EQUAL)).mean() <= 1 - level)

    def end(direction: int) -> float:
        step = direction * (test.spread or 1.0)
        inside, outside = value, value + step
        if value * direction < 0:
            # 0 is tested itself, so that the interval excludes it if, and only if, the test does.
            inside, outside = (value, 0.0) if rejected(0.0) else (0.0, step)
        while not rejected(outside):
            inside, outside, step = outside, outside + step, 2 * step
        for _ in range(_BISECTIONS):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if rejected(middle) else (middle, outside)
        return inside

    return end(-1), end(1)


def _of_two_samples(a: Floats, b: Floats, divisions: Floats) -> _Statistics:
    """Return Welch's t of all divisions of two samples.

    Args:
        a: Shape ``(n_a,)``.
        b: Shape ``(n_b,)``.
        divisions: 1 for the values that count as the first sample, otherwise 0; shape
            ``(division, n_a + n_b)``.
    """
    pooled = np.concatenate([a, b])
    pooled = pooled - pooled.mean()
    own = np.zeros(len(pooled))
    own[: len(a)] = 1
    columns = np.stack([pooled, own, pooled**2, pooled * own], axis=1)
    first, total = divisions @ columns, columns.sum(axis=0)  # (division, 4), (4,)
    sizes = len(a), len(b)

    def statistics(tested: float) -> Floats:
        means, variances = [], []
        for sums, size in zip((first, total - first), sizes, strict=True):
            linear = sums[:, 0] - tested * sums[:, 1]
            squares = sums[:, 2] - 2 * tested * sums[:, 3] + tested**2 * sums[:, 1]
            means.append(linear / size)
            variances.append((squares - linear**2 / size) / (size - 1) / size)
        return _studentized(means[0] - means[1], variances[0] + variances[1])

    return statistics


def _of_signs(groups: Sequence[Floats], signs: Floats) -> _Statistics:
    """Return the studentized mean of all choices of signs.

    Args:
        groups: Differences, one array per group.
        signs: 1 or −1 for each difference of all groups; shape ``(choice, difference)``.
    """
    ends = np.cumsum([len(group) for group in groups])
    parts = np.split(signs, ends[:-1], axis=1)
    sums = [(part @ group, part.sum(axis=1)) for part, group in zip(parts, groups, strict=True)]

    def statistics(tested: float) -> Floats:
        means, variances = [], []
        for (of_values, of_signs), group in zip(sums, groups, strict=True):
            n = len(group)
            mean = (of_values - tested * of_signs) / n
            squares = ((group - tested) ** 2).sum()
            means.append(mean)
            variances.append((squares - n * mean**2) / (n - 1) / n)
        return _studentized(np.mean(means, axis=0), np.sum(variances, axis=0) / len(groups) ** 2)

    return statistics


def _studentized(means: Floats, variances: Floats) -> Floats:
    """Return means divided by their standard errors; infinite where the error is 0."""
    scale = np.abs(means).max()
    means = np.where(np.abs(means) <= 1e-12 * scale, 0.0, means)
    # Rounding leaves a variance that should be 0 slightly above or below it.
    errors = np.sqrt(np.where(variances <= 1e-12 * scale**2, 0.0, variances))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(means == 0, 0.0, means / errors)


@lru_cache(maxsize=8)
def _divisions(n_a: int, n_b: int, seed: int) -> Floats:
    """Return divisions of n_a + n_b values into two samples, the given one first."""
    n = n_a + n_b
    if math.comb(n, n_a) <= _ARRANGEMENTS:
        chosen = np.array(list(itertools.combinations(range(n), n_a)))
    else:
        keys = np.random.default_rng(seed).random((_ARRANGEMENTS, n))
        keys[0] = np.arange(n)
        chosen = np.argsort(keys, axis=1)[:, :n_a]
    divisions = np.zeros((len(chosen), n))
    np.put_along_axis(divisions, chosen, 1.0, axis=1)
    return divisions


@lru_cache(maxsize=8)
def _signs(n: int, seed: int) -> Floats:
    """Return choices of the signs of n differences, the unchanged ones first."""
    if 2**n <= _ARRANGEMENTS:
        return np.array(list(itertools.product((1.0, -1.0), repeat=n)))
    signs = np.random.default_rng(seed).choice((1.0, -1.0), size=(_ARRANGEMENTS, n))
    signs[0] = 1
    return signs
