"""What a sample of PSNRs says, and how surely: estimates with 95% intervals and their n.

Intervals are percentiles of a bootstrap (Efron & Tibshirani 1993, ch. 13): PSNRs of trials come
in clusters, so nothing is assumed of their shape. With few values such intervals are somewhat too
narrow (for a normal mean of 25 values they cover 93 to 94%); that of a maximum never reaches
above it, and says only how much the sample's maximum hangs on single values. The probability that
one run beats another has an interval of its own, which does not shrink to nothing where the
samples do not overlap.

Every function is deterministic: it takes the seed of its bootstrap.
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
"""How often an interval is to hold what is estimated."""

_RESAMPLES = 10_000

_STATISTICS: dict[Statistic, Callable[[Floats], Floats]] = {
    "mean": lambda samples: samples.mean(axis=-1),
    "median": lambda samples: np.median(samples, axis=-1),
    "max": lambda samples: samples.max(axis=-1),
    "std": lambda samples: samples.std(axis=-1, ddof=1),
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, its 95% interval, and from how many values it came; NaN where undefined."""

    value: float
    low: float
    high: float
    n: int


def estimate(values: ArrayLike, statistic: Statistic, *, seed: int = 0) -> Estimate:
    """Return a statistic of a sample, with its bootstrap interval.

    Args:
        values: Shape ``(n,)``, finite.
        statistic: ``std`` is the sample's, with n − 1.
        seed: Of the resampling.

    Returns:
        NaN for what n is too small for: a value of no values, an interval of one.

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
    """Return mean(a) − mean(b) with its bootstrap interval; n is the smaller sample's."""
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
    """Return a − b of two estimates from separate samples, with an interval from both of theirs.

    Each end is as far from the difference as the two ends that lead there are from their
    estimates, added as the sides of a right triangle; n is the smaller one.

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
    """Return the share of a sample below a threshold, with its Clopper-Pearson interval.

    Args:
        values: Shape ``(n,)``, finite.
        threshold: In the values' unit; a value that equals it is not below.

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
        raise ValueError(f"wanted finite values of shape (n,), got shape {sample.shape}")
    return sample


def resamples(n: int, random: np.random.Generator) -> Picks:
    """Return which of n values a bootstrap draws, shape ``(resample, n)``."""
    return random.integers(n, size=(_RESAMPLES, n))


def percentiles(statistics: Floats) -> tuple[float, float]:
    """Return the interval that a bootstrap's statistics, shape ``(resample,)``, lie in."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(statistics, [tail, 1 - tail])
    return float(low), float(high)
