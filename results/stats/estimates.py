"""Estimates from a sample of PSNRs, with 95% intervals and sample sizes.

The intervals are percentiles of a bootstrap (Efron & Tibshirani 1993, ch. 13). It assumes no
distribution, because the PSNRs of trials often form clusters. With few values such intervals are
somewhat too narrow: for the mean of 25 normal values they cover 93 to 94%. The interval of a
maximum never extends above it; it shows only how much the maximum depends on single values. For
the probability of improvement see `results.stats.probability_of_improvement`.

Every function is deterministic, because it receives the seed of its bootstrap.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from statsmodels.stats.proportion import proportion_confint

Floats = NDArray[np.float64]
Picks = NDArray[np.int64]
Statistic = Literal["mean", "median", "max", "std"]

LEVEL = 0.95
"""Coverage of the intervals."""

_RESAMPLES = 10_000

_STATISTICS: dict[Statistic, Callable[[Floats], Floats]] = {
    "mean": lambda samples: samples.mean(axis=-1),
    "median": lambda samples: np.median(samples, axis=-1),
    "max": lambda samples: samples.max(axis=-1),
    "std": lambda samples: samples.std(axis=-1, ddof=1),
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic with its 95% interval and the sample size; NaN where undefined."""

    value: float
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of the interval."""
    n: int
    """Size of the sample."""


def estimate(values: ArrayLike, statistic: Statistic, *, seed: int = 0) -> Estimate:
    """Return a statistic of a sample with its bootstrap interval.

    Args:
        values: Shape ``(n,)``, finite.
        statistic: Which statistic; ``std`` is the sample standard deviation, with n − 1.
        seed: Seed of the bootstrap.

    Returns:
        The statistic; NaN if n is 0, or if n is 1 for ``std``. Its interval is NaN if n is 1.

    Raises:
        ValueError: If ``values`` is not one-dimensional and finite.
    """
    sample = finite(values)
    compute = _STATISTICS[statistic]
    if len(sample) == 0 or (statistic == "std" and len(sample) == 1):
        return Estimate(np.nan, np.nan, np.nan, len(sample))
    value = float(compute(sample))
    if len(sample) == 1:
        return Estimate(value, np.nan, np.nan, 1)
    picks = resamples(len(sample), np.random.default_rng(seed))
    return Estimate(value, *percentiles(compute(sample[picks])), len(sample))


def difference_of_means(a: ArrayLike, b: ArrayLike, *, seed: int = 0) -> Estimate:
    """Return mean(a) − mean(b) with its bootstrap interval.

    Args:
        a: Shape ``(n_a,)``, finite.
        b: Shape ``(n_b,)``, finite.
        seed: Seed of the bootstrap.

    Returns:
        The difference; its n is the smaller of both sample sizes. It is NaN if a sample is empty;
        the interval is NaN if a sample has one value.

    Raises:
        ValueError: If a sample is not one-dimensional and finite.
    """
    first, second = finite(a), finite(b)
    n = min(len(first), len(second))
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    value = float(first.mean() - second.mean())
    if n == 1:
        return Estimate(value, np.nan, np.nan, 1)
    random = np.random.default_rng(seed)
    means = [sample[resamples(len(sample), random)].mean(axis=-1) for sample in (first, second)]
    return Estimate(value, *percentiles(means[0] - means[1]), n)


def difference(a: Estimate, b: Estimate) -> Estimate:
    """Return a − b of two independent estimates, with an interval from their intervals.

    With intervals [l_a, h_a] and [l_b, h_b], the interval of the difference is
    [a − b − √((a − l_a)² + (h_b − b)²), a − b + √((h_a − a)² + (b − l_b)²)]. Its n is the smaller
    of both sample sizes.

    Source: Zou and Donner 2008, Statistics in Medicine 27, 1693-1702.
    """
    value = a.value - b.value
    return Estimate(
        value,
        float(value - np.hypot(a.value - a.low, b.high - b.value)),
        float(value + np.hypot(a.high - a.value, b.value - b.low)),
        min(a.n, b.n),
    )


def share_below(values: ArrayLike, threshold: float) -> Estimate:
    """Return the share of a sample below a threshold with its Clopper-Pearson interval.

    Args:
        values: Shape ``(n,)``, finite.
        threshold: Threshold in the unit of the values; a value that equals it is not below.

    Raises:
        ValueError: If ``values`` is not one-dimensional and finite.
    """
    sample = finite(values)
    if len(sample) == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    count = int((sample < threshold).sum())
    low, high = proportion_confint(count, len(sample), alpha=1 - LEVEL, method="beta")
    return Estimate(count / len(sample), float(low), float(high), len(sample))


def finite(values: ArrayLike) -> Floats:
    """Return a sample as an array of shape ``(n,)``.

    Raises:
        ValueError: If it is not one-dimensional and finite.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or not np.isfinite(sample).all():
        raise ValueError(f"expected finite values of shape (n,), got shape {sample.shape}")
    return sample


def resamples(n: int, random: np.random.Generator) -> Picks:
    """Return the indices that a bootstrap of n values draws, shape ``(resample, n)``."""
    return random.integers(n, size=(_RESAMPLES, n))


def percentiles(statistics: Floats) -> tuple[float, float]:
    """Return the 95% percentile interval of a bootstrap.

    Args:
        statistics: Statistic of each resample, shape ``(resample,)``.
    """
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(statistics, [tail, 1 - tail])
    return float(low), float(high)
