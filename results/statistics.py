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
from scipy.optimize import brentq
from scipy.stats import norm, rankdata

Floats = NDArray[np.float64]
Statistic = Literal["mean", "median", "max", "std"]

_RESAMPLES = 10_000
_LEVEL = 0.95

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


@dataclass(frozen=True, slots=True)
class Superiority:
    """How probable it is that one run of A scores higher than one run of B; ties count half."""

    value: float
    low: float
    high: float
    n_a: int
    n_b: int


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
    sample = _sample(values)
    compute = _STATISTICS[statistic]
    if len(sample) == 0 or (statistic == "std" and len(sample) == 1):
        return Estimate(np.nan, np.nan, np.nan, len(sample))
    value = float(compute(sample))
    if len(sample) == 1:
        return Estimate(value, np.nan, np.nan, 1)
    picks = np.random.default_rng(seed).integers(len(sample), size=(_RESAMPLES, len(sample)))
    return Estimate(value, *_interval(compute(sample[picks])), len(sample))


def difference_of_means(a: ArrayLike, b: ArrayLike, *, seed: int = 0) -> Estimate:
    """Return mean(a) − mean(b) with its bootstrap interval; n is the smaller sample's."""
    first, second = _sample(a), _sample(b)
    n = min(len(first), len(second))
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    value = float(first.mean() - second.mean())
    if n == 1:
        return Estimate(value, np.nan, np.nan, 1)
    random = np.random.default_rng(seed)
    means = [
        sample[random.integers(len(sample), size=(_RESAMPLES, len(sample)))].mean(axis=-1)
        for sample in (first, second)
    ]
    return Estimate(value, *_interval(means[0] - means[1]), n)


def correlation(
    x: ArrayLike, y: ArrayLike, kind: Literal["pearson", "spearman"] = "pearson", *, seed: int = 0
) -> Estimate:
    """Return the correlation of two paired samples, with its interval from resampled pairs.

    Args:
        x: Shape ``(n,)``, finite.
        y: Shape ``(n,)``, finite.
        kind: Of the values (``pearson``) or of their ranks (``spearman``).
        seed: Of the resampling.

    Returns:
        NaN where it is undefined: n below 3, or a sample without spread. No interval is given
        below n = 4.

    Raises:
        ValueError: If the samples differ in length, or are not one-dimensional and finite.
    """
    first, second = _sample(x), _sample(y)
    if len(first) != len(second):
        raise ValueError(f"wanted pairs, got {len(first)} and {len(second)} values")
    n = len(first)
    if n < 3:
        return Estimate(np.nan, np.nan, np.nan, n)
    value = float(_pearson(*_ranked(first, second, kind)))
    if n < 4 or np.isnan(value):
        return Estimate(value, np.nan, np.nan, n)
    picks = np.random.default_rng(seed).integers(n, size=(_RESAMPLES, n))
    resampled = _pearson(*_ranked(first[picks], second[picks], kind))
    return Estimate(value, *_interval(resampled[~np.isnan(resampled)]), n)


def superiority(a: ArrayLike, b: ArrayLike) -> Superiority:
    """Return how probable it is that one run of A scores higher than one run of B.

    The share of all pairs that A wins, ties counted half (Mann and Whitney's U by the number of
    pairs). Its interval solves |θ − estimate| = z √Var(θ) with Hanley and McNeil's variance at
    θ, so it stays within [0, 1] and keeps a width where one sample lies wholly above the other.

    Args:
        a: Shape ``(n_a,)``, finite.
        b: Shape ``(n_b,)``, finite.

    Raises:
        ValueError: If a sample is not one-dimensional and finite.

    Source: Newcombe 2006, Statistics in Medicine 25, 559-573, method 5.
    """
    first, second = _sample(a), _sample(b)
    n_a, n_b = len(first), len(second)
    if n_a == 0 or n_b == 0:
        return Superiority(np.nan, np.nan, np.nan, n_a, n_b)
    wins = (first[:, None] > second).mean() + 0.5 * (first[:, None] == second).mean()
    value = float(wins)
    z = float(norm.ppf(0.5 + _LEVEL / 2))

    def distance(theta: float) -> float:
        spread = (1 - theta) / (2 - theta) + theta / (1 + theta)
        variance = theta * (1 - theta) * (1 + ((n_a + n_b) / 2 - 1) * spread) / (n_a * n_b)
        return float(abs(theta - value) - z * np.sqrt(variance))

    # Above 0 at both ends, below it at the estimate, or just beside an estimate of 0 or 1, where
    # the end itself is a solution, and an empty one.
    inside = min(max(value, 1e-12), 1 - 1e-12)
    low = 0.0 if value == 0 else float(brentq(distance, 0.0, inside))
    high = 1.0 if value == 1 else float(brentq(distance, inside, 1.0))
    return Superiority(value, low, high, n_a, n_b)


def regression(x: ArrayLike, y: ArrayLike) -> tuple[float, float] | None:
    """Return slope and intercept of the least-squares line; None where x has no spread."""
    first, second = _sample(x), _sample(y)
    if len(first) < 2 or np.ptp(first) == 0:
        return None
    centred = first - first.mean()
    slope = float(centred @ (second - second.mean()) / (centred @ centred))
    return slope, float(second.mean() - slope * first.mean())


def _sample(values: ArrayLike) -> Floats:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or not np.isfinite(sample).all():
        raise ValueError(f"wanted finite values of shape (n,), got shape {sample.shape}")
    return sample


def _interval(statistics: Floats) -> tuple[float, float]:
    tail = (1 - _LEVEL) / 2
    low, high = np.quantile(statistics, [tail, 1 - tail])
    return float(low), float(high)


def _ranked(x: Floats, y: Floats, kind: str) -> tuple[Floats, Floats]:
    return (rankdata(x, axis=-1), rankdata(y, axis=-1)) if kind == "spearman" else (x, y)


def _pearson(x: Floats, y: Floats) -> Floats:
    """Return the correlations along the last axis; NaN where a sample has no spread."""
    x = x - x.mean(axis=-1, keepdims=True)
    y = y - y.mean(axis=-1, keepdims=True)
    scale = np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))
    flat = (np.ptp(x, axis=-1) == 0) | (np.ptp(y, axis=-1) == 0)
    ratio = (x * y).sum(axis=-1) / np.where(flat, 1.0, scale)
    return np.where(flat, np.nan, np.clip(ratio, -1.0, 1.0))
