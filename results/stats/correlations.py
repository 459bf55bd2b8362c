"""How two scores of the same trials go together: correlations with intervals, and a line.

Intervals are percentiles of a bootstrap of the pairs; nothing is assumed of their distribution.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from results.stats.estimates import Estimate, Floats, Picks, finite, percentiles, resamples

Kind = Literal["pearson", "spearman", "kendall"]


@dataclass(frozen=True, slots=True)
class Correlations:
    """Three correlations of the same pairs."""

    pearson: Estimate
    """How near the points are to a line."""
    spearman: Estimate
    """Pearson's of the ranks: how near they are to any rising curve."""
    kendall: Estimate
    """τ_b: by how much two points are more often in the same order than not."""


def correlations(x: ArrayLike, y: ArrayLike, *, seed: int = 0) -> Correlations:
    """Return all three correlations of two paired samples; see `correlation`."""
    return Correlations(
        pearson=correlation(x, y, "pearson", seed=seed),
        spearman=correlation(x, y, "spearman", seed=seed),
        kendall=correlation(x, y, "kendall", seed=seed),
    )


def correlation(x: ArrayLike, y: ArrayLike, kind: Kind = "pearson", *, seed: int = 0) -> Estimate:
    """Return the correlation of two paired samples, with its interval from resampled pairs.

    Args:
        x: Shape ``(n,)``, finite.
        y: Shape ``(n,)``, finite.
        kind: Of the values (``pearson``), of their ranks (``spearman``), or Kendall's τ_b.
        seed: Of the resampling.

    Returns:
        NaN where it is undefined: n below 3, or a sample without spread. No interval is given
        below n = 4.

    Raises:
        ValueError: If the samples differ in length, or are not one-dimensional and finite.
    """
    first, second = finite(x), finite(y)
    if len(first) != len(second):
        raise ValueError(f"wanted pairs, got {len(first)} and {len(second)} values")
    n = len(first)
    if n < 3:
        return Estimate(np.nan, np.nan, np.nan, n)
    value = float(_resampled(first, second, np.arange(n)[None], kind)[0])
    if n < 4 or np.isnan(value):
        return Estimate(value, np.nan, np.nan, n)
    resampled = _resampled(first, second, resamples(n, np.random.default_rng(seed)), kind)
    return Estimate(value, *percentiles(resampled[~np.isnan(resampled)]), n)


def regression(x: ArrayLike, y: ArrayLike) -> tuple[float, float] | None:
    """Return slope and intercept of the least-squares line; None where x has no spread."""
    first, second = finite(x), finite(y)
    if len(first) < 2 or np.ptp(first) == 0:
        return None
    centered = first - first.mean()
    slope = float(centered @ (second - second.mean()) / (centered @ centered))
    return slope, float(second.mean() - slope * first.mean())


def _resampled(x: Floats, y: Floats, picks: Picks, kind: Kind) -> Floats:
    """Return the correlation in each resample, shape ``(resample,)``."""
    match kind:
        case "pearson":
            return _pearson(x[picks], y[picks])
        case "spearman":
            return _pearson(rankdata(x[picks], axis=-1), rankdata(y[picks], axis=-1))
        case "kendall":
            return _kendall(x, y, picks)


def _pearson(x: Floats, y: Floats) -> Floats:
    """Return the correlations along the last axis; NaN where a sample has no spread."""
    x = x - x.mean(axis=-1, keepdims=True)
    y = y - y.mean(axis=-1, keepdims=True)
    scale = np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))
    flat = (np.ptp(x, axis=-1) == 0) | (np.ptp(y, axis=-1) == 0)
    ratio = (x * y).sum(axis=-1) / np.where(flat, 1.0, scale)
    return np.where(flat, np.nan, np.clip(ratio, -1.0, 1.0))


def _kendall(x: Floats, y: Floats, picks: Picks) -> Floats:
    """Return τ_b of each resample; NaN where a sample has no spread.

    A resample has the i-th pair c_i times, so whatever is a sum over all its twos of pairs is
    cᵀ M c, with an M that is the same for all of them.
    """
    size, n = picks.shape
    flat = (picks + n * np.arange(size)[:, None]).ravel()
    counts = np.bincount(flat, minlength=size * n).reshape(size, n).astype(np.float64)
    above, right = np.sign(x[:, None] - x), np.sign(y[:, None] - y)  # (n, n)

    def over_twos(matrix: Floats) -> Floats:
        return np.asarray(((counts @ matrix) * counts).sum(axis=-1))

    scale = np.sqrt(over_twos(above * above) * over_twos(right * right))
    undefined = scale == 0
    ratio = over_twos(above * right) / np.where(undefined, 1.0, scale)
    return np.where(undefined, np.nan, ratio)
