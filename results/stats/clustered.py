"""Bootstraps of runs that come in clusters: the runs of one configuration resemble each other.

Two of them answer two questions. *Within* clusters, the runs of each cluster are drawn again, and
the clusters stay: the interval holds for these clusters. *Of* clusters, whole clusters are drawn,
with all of their runs: the interval holds for other clusters, too. Drawing runs within the drawn
clusters once more would count their spread twice.

Several statistics of one sample get intervals that hold together by the largest deviation of any
of them, in its standard errors (max-T). Related statistics deviate together, so these intervals are
shorter than those of Bonferroni or Holm.

Source: Davison and Hinkley 1997, Bootstrap Methods and their Application, Sec. 3.8; Westfall and
Young 1993, Resampling-Based Multiple Testing.
"""

import math

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from results.stats.estimates import LEVEL, Floats
from results.stats.weighted import Indices


def counts_within(starts: Indices, n: int, size: int, random: np.random.Generator) -> Floats:
    """Return how often resamples contain each run, if runs are drawn within each cluster.

    Args:
        starts: Index of the first run of each cluster, shape ``(cluster,)``.
        n: Number of runs.
        size: Number of resamples.
        random: Source of random numbers.

    Returns:
        Shape ``(resample, n)``.
    """
    lengths = np.diff(starts, append=n)
    first, length = np.repeat(starts, lengths), np.repeat(lengths, lengths)
    return _counted(first + (random.random((size, n)) * length).astype(np.int64), n)


def counts_of_clusters(starts: Indices, n: int, size: int, random: np.random.Generator) -> Floats:
    """Return how often resamples contain each run, if whole clusters are drawn.

    Args:
        starts: Index of the first run of each cluster, shape ``(cluster,)``.
        n: Number of runs.
        size: Number of resamples.
        random: Source of random numbers.

    Returns:
        Shape ``(resample, n)``.
    """
    clusters = len(starts)
    drawn = _counted(random.integers(clusters, size=(size, clusters)), clusters)
    return np.repeat(drawn, np.diff(starts, append=n), axis=1)


def joint_intervals(values: Floats, draws: Floats, n: int, *, level: float = LEVEL) -> Floats:
    """Return intervals of several statistics that hold together.

    Args:
        values: Statistics of the sample, shape ``(statistic,)``; NaN where undefined.
        draws: Statistics of the resamples, shape ``(resample, statistic)``.
        n: Number of runs or clusters from which the resamples were drawn. The intervals are
            expanded for few of them.
        level: Probability that all intervals hold.

    Returns:
        Lower and upper ends, shape ``(statistic, 2)``; NaN where a statistic is undefined.
    """
    ends = np.stack([values, values], axis=1)  # a statistic that does not vary keeps these
    spread = np.array([np.nanstd(column) if np.isfinite(column).any() else 0 for column in draws.T])
    usable = np.isfinite(values) & (spread > 0)
    if not usable.any():
        return ends
    deviations = np.abs(draws[:, usable] - values[usable]) / spread[usable]
    widest = np.nan_to_num(deviations, nan=0.0).max(axis=1)
    tail = (1 + level) / 2
    few = math.sqrt(n / (n - 1)) * float(student.ppf(tail, n - 1) / norm.ppf(tail))
    half = few * float(np.quantile(widest, level)) * spread[usable]
    ends[usable] = np.stack([values[usable] - half, values[usable] + half], axis=1)
    return ends


def correlation_intervals(values: Floats, draws: Floats, n: int, *, level: float = LEVEL) -> Floats:
    """Return intervals of several correlations that hold together: of one, an ordinary interval.

    They are symmetric on the scale of Fisher's z, on which the spread of a correlation hardly
    depends on its value. The percentiles of a bootstrap, or intervals that are symmetric on the
    scale of the correlation, are too short for few clusters.

    Args:
        values: Correlations of the sample, shape ``(statistic,)``; NaN where undefined.
        draws: Correlations of the resamples, shape ``(resample, statistic)``.
        n: Number of runs or clusters from which the resamples were drawn.
        level: Probability that all intervals hold.

    Returns:
        Lower and upper ends, shape ``(statistic, 2)``; NaN where a correlation is undefined.
    """
    # A perfect correlation is at infinity on that scale.
    bound = 1 - 1 / n**2
    z, drawn = (np.arctanh(np.clip(each, -bound, bound)) for each in (values, draws))
    ends = np.tanh(joint_intervals(z, drawn, n, level=level))
    return np.stack([np.minimum(ends[:, 0], values), np.maximum(ends[:, 1], values)], axis=1)


def _counted(picks: Indices, n: int) -> Floats:
    """Return how often each row of indices below n contains each of them."""
    size = len(picks)
    flat = (picks + n * np.arange(size)[:, None]).ravel()
    return np.bincount(flat, minlength=size * n).reshape(size, n).astype(np.float64)
