"""Estimates from a sample of PSNRs, with 95% intervals and sample sizes.

The intervals are percentiles of a bootstrap. It assumes no distribution, because the PSNRs of
trials often form clusters. The percentiles are those that make the interval of a mean as wide as
Student's t for few values, too (Hesterberg 2015); there is no interval for fewer than `LEAST`. They
describe one setting. No verdict follows from them: see `results.stats.randomization` for the
differences of means, and `benchmarks/calibration.py` for the error rate of each verdict. The
interval of a maximum never extends above it; it shows only how much the maximum depends on single
values. For the probability of improvement see `results.stats.probability_of_improvement`.

Source: Hesterberg 2015, The American Statistician 69, 371-386.

Every function is deterministic, because it receives the seed of its bootstrap.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm
from scipy.stats import t as student
from statsmodels.stats.proportion import proportion_confint

Floats = NDArray[np.float64]
Picks = NDArray[np.int64]
Statistic = Literal["mean", "median", "max"]

LEVEL = 0.95
"""Coverage of the intervals."""
LEAST = 5
"""Number of values below which there is no interval, and no verdict: so few values say nothing
about their own spread."""

RESAMPLES = 10_000
"""Number of resamples of a bootstrap."""

_STATISTICS: dict[Statistic, Callable[[Floats], Floats]] = {
    "mean": lambda samples: samples.mean(axis=-1),
    "median": lambda samples: np.median(samples, axis=-1),
    "max": lambda samples: samples.max(axis=-1),
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

    def columns(self, name: str) -> dict[str, float]:
        """Return the statistic and the ends of its interval as columns of a table."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}


NOTHING = Estimate(math.nan, math.nan, math.nan, 0)
"""An estimate from no values."""


def estimate(
    values: ArrayLike, statistic: Statistic, *, level: float = LEVEL, seed: int = 0
) -> Estimate:
    """Return a statistic of a sample with its bootstrap interval.

    Args:
        values: Shape ``(n,)``, finite.
        statistic: Which statistic.
        level: Coverage of the interval.
        seed: Seed of the bootstrap.

    Returns:
        The statistic; NaN if n is 0. Its interval is NaN if n is below
        `LEAST`.

    Raises:
        ValueError: If ``values`` is not one-dimensional and finite.
    """
    sample = finite(values)
    compute = _STATISTICS[statistic]
    if len(sample) == 0:
        return Estimate(np.nan, np.nan, np.nan, len(sample))
    value = float(compute(sample))
    if len(sample) < LEAST:
        return Estimate(value, np.nan, np.nan, len(sample))
    picks = resamples(len(sample), np.random.default_rng(seed))
    return Estimate(value, *percentiles(compute(sample[picks]), len(sample), level), len(sample))


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


def share_below(values: ArrayLike, threshold: float, *, level: float = LEVEL) -> Estimate:
    """Return the share of a sample below a threshold with its Clopper-Pearson interval.

    Args:
        values: Shape ``(n,)``, finite.
        threshold: Threshold in the unit of the values; a value that equals it is not below.
        level: Coverage of the interval.

    Raises:
        ValueError: If ``values`` is not one-dimensional and finite.
    """
    sample = finite(values)
    if len(sample) == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    count = int((sample < threshold).sum())
    low, high = proportion_confint(count, len(sample), alpha=1 - level, method="beta")
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
    return random.integers(n, size=(RESAMPLES, n))


def percentiles(statistics: Floats, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the percentile interval of a bootstrap, expanded for few values.

    Args:
        statistics: Statistic of each resample, shape ``(resample,)``.
        n: Number of values from which the resamples were drawn.
        level: Coverage of the interval.
    """
    tail = norm.cdf(math.sqrt(n / (n - 1)) * student.ppf((1 - level) / 2, n - 1))
    low, high = np.quantile(statistics, [tail, 1 - tail])
    return float(low), float(high)
