"""Correlations between two scores of the same trials, with intervals, and a regression line.

The interval of Spearman's ρ is that of Bonett and Wright; with Student's t, it holds its level for
few pairs, too, whatever the distributions. The others are percentiles of a bootstrap of the pairs:
no interval of Pearson's r holds its level for few pairs of any distribution.

Source: Bonett and Wright 2000, Psychometrika 65, 23-28.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata
from scipy.stats import t as student

from results.stats.estimates import (
    LEAST,
    LEVEL,
    Estimate,
    Floats,
    Picks,
    finite,
    percentiles,
    resamples,
)

Kind = Literal["pearson", "spearman", "kendall"]


@dataclass(frozen=True, slots=True)
class Correlations:
    """Three correlation coefficients of the same pairs."""

    pearson: Estimate
    """Pearson's r: how close the points are to a line."""
    spearman: Estimate
    """Spearman's ρ, Pearson's r of the ranks: how close the points are to a monotonic curve."""
    kendall: Estimate
    """Kendall's τ_b: share of concordant minus share of discordant pairs of points, corrected for
    ties."""


def correlations(x: ArrayLike, y: ArrayLike, *, seed: int = 0) -> Correlations:
    """Return all three correlation coefficients of two paired samples; see `correlation`."""
    return Correlations(
        pearson=correlation(x, y, "pearson", seed=seed),
        spearman=correlation(x, y, "spearman", seed=seed),
        kendall=correlation(x, y, "kendall", seed=seed),
    )


def correlation(
    x: ArrayLike, y: ArrayLike, kind: Kind = "pearson", *, level: float = LEVEL, seed: int = 0
) -> Estimate:
    """Return a correlation coefficient of two paired samples with its interval.

    Args:
        x: First sample, shape ``(n,)``, finite.
        y: Second sample, shape ``(n,)``, finite.
        kind: Which coefficient.
        level: Coverage of the interval.
        seed: Seed of the bootstrap.

    Returns:
        The coefficient with its interval. The coefficient is NaN if n is below 3 or a sample
        is constant; the interval is also NaN if n is below `LEAST`.

    Raises:
        ValueError: If the samples differ in length, or are not one-dimensional and finite.
    """
    first, second = finite(x), finite(y)
    if len(first) != len(second):
        raise ValueError(f"expected pairs, got {len(first)} and {len(second)} values")
    n = len(first)
    if n < 3:
        return Estimate(np.nan, np.nan, np.nan, n)
    value = float(_resampled(first, second, np.arange(n)[None], kind)[0])
    if n < LEAST or np.isnan(value):
        return Estimate(value, np.nan, np.nan, n)
    if kind == "spearman":
        return Estimate(value, *_bonett_wright(value, n, level), n)
    resampled = _resampled(first, second, resamples(n, np.random.default_rng(seed)), kind)
    return Estimate(value, *percentiles(resampled[~np.isnan(resampled)], n, level), n)


def regression(x: ArrayLike, y: ArrayLike) -> tuple[float, float] | None:
    """Return slope and intercept of the least-squares line; None if x is constant or n < 2.

    Args:
        x: Shape ``(n,)``, finite.
        y: Shape ``(n,)``, finite.

    Raises:
        ValueError: If a sample is not one-dimensional and finite.
    """
    first, second = finite(x), finite(y)
    if len(first) < 2 or np.ptp(first) == 0:
        return None
    centered = first - first.mean()
    slope = float(centered @ (second - second.mean()) / (centered @ centered))
    return slope, float(second.mean() - slope * first.mean())


def _bonett_wright(value: float, n: int, level: float) -> tuple[float, float]:
    """Return the interval of Spearman's ρ of n pairs: symmetric on the scale of Fisher's z."""
    # A perfect ranking is at infinity on that scale; the bound keeps a width for its interval.
    bound = 1 - 1 / n**2
    z = math.atanh(min(max(value, -bound), bound))
    half = float(student.ppf(0.5 + level / 2, n - 2)) * math.sqrt((1 + value**2 / 2) / (n - 3))
    return min(math.tanh(z - half), value), max(math.tanh(z + half), value)


def _resampled(x: Floats, y: Floats, picks: Picks, kind: Kind) -> Floats:
    """Return the correlation coefficient of each resample.

    Args:
        x: Shape ``(n,)``.
        y: Shape ``(n,)``.
        picks: Indices of the drawn pairs, shape ``(resample, n)``.
        kind: Which coefficient.

    Returns:
        Shape ``(resample,)``.
    """
    match kind:
        case "pearson":
            return _pearson(x[picks], y[picks])
        case "spearman":
            return _pearson(rankdata(x[picks], axis=-1), rankdata(y[picks], axis=-1))
        case "kendall":
            return _kendall(x, y, picks)


def _pearson(x: Floats, y: Floats) -> Floats:
    """Return Pearson's r along the last axis; NaN where a sample is constant."""
    x = x - x.mean(axis=-1, keepdims=True)
    y = y - y.mean(axis=-1, keepdims=True)
    scale = np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))
    flat = (np.ptp(x, axis=-1) == 0) | (np.ptp(y, axis=-1) == 0)
    ratio = (x * y).sum(axis=-1) / np.where(flat, 1.0, scale)
    return np.where(flat, np.nan, np.clip(ratio, -1.0, 1.0))


def _kendall(x: Floats, y: Floats, picks: Picks) -> Floats:
    """Return τ_b of each resample; NaN where a sample is constant.

    If a resample contains the i-th point c_i times, then a sum over all its pairs of points is
    cᵀ M c, with the same matrix M for every resample.
    """
    size, n = picks.shape
    flat = (picks + n * np.arange(size)[:, None]).ravel()
    counts = np.bincount(flat, minlength=size * n).reshape(size, n).astype(np.float64)
    above, right = np.sign(x[:, None] - x), np.sign(y[:, None] - y)  # (n, n)

    def over_pairs(matrix: Floats) -> Floats:
        return np.asarray(((counts @ matrix) * counts).sum(axis=-1))

    scale = np.sqrt(over_pairs(above * above) * over_pairs(right * right))
    undefined = scale == 0
    ratio = over_pairs(above * right) / np.where(undefined, 1.0, scale)
    return np.where(undefined, np.nan, ratio)
