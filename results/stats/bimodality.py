"""Whether a distribution of PSNRs has two clusters, as where some runs fail and others do not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp
from scipy.stats import norm

from results.stats.estimates import Floats, finite

_ENOUGH = 10.0
"""By how much two clusters' criterion must be smaller: very strong evidence (Kass & Raftery)."""
_LEAST_SHARE = 0.1
_DEEP = 0.25
"""Share of the lower peak's density to which it must fall between the two."""
_STEPS = 200
_NARROWEST = 0.02
"""Least standard deviation of a cluster, as a share of all values' own: equal values alone would
otherwise be an infinitely good fit."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """Two clusters of a sample."""

    low: float
    """Mean of the lower cluster."""
    high: float
    """Mean of the upper cluster."""
    low_share: float
    """Share of the sample that is in the lower cluster."""
    n: int


@dataclass(frozen=True, slots=True)
class _Mixture:
    """A mixture of two normal distributions."""

    shares: Floats
    means: Floats
    deviations: Floats

    def log_densities(self, values: Floats) -> Floats:
        """Return each component's share of the density at each value, shape ``(2, n)``, as logs."""
        columns = (self.shares[:, None], self.means[:, None], self.deviations[:, None])
        shares, means, deviations = columns
        return np.asarray(np.log(shares) + norm.logpdf(values, means, deviations))


def two_clusters(values: ArrayLike) -> Clusters | None:
    """Return the two clusters of a sample, or None if it does not clearly have two.

    It has if a mixture of two normal distributions describes it better than one normal does, by
    a Bayesian information criterion that is smaller by more than 10; if each holds at least a
    tenth of the values; and if there is a valley: between their means the mixture's density falls
    to less than a quarter of what it is at either. (A skewed distribution, too, is better
    described by two normal ones, but without a valley: of samples of 75 normal, uniform,
    exponential or Gumbel values under 3% are taken for two clusters.) The mixture is fitted by
    expectation maximization, from the split in two that leaves the least squares.

    Args:
        values: Shape ``(n,)``, finite.

    Raises:
        ValueError: If ``values`` is not one-dimensional and finite.

    Source: of the 10, Kass & Raftery 1995, J. Am. Stat. Assoc. 90, 773-795.
    """
    sample = np.sort(finite(values))
    n = len(sample)
    if n < 2 / _LEAST_SHARE or np.ptp(sample) == 0:
        return None
    one = norm.logpdf(sample, sample.mean(), sample.std()).sum()
    mixture = _fitted(sample)
    two = logsumexp(mixture.log_densities(sample), axis=0).sum()
    # A normal distribution has two parameters, the mixture five.
    gain = (2 * np.log(n) - 2 * one) - (5 * np.log(n) - 2 * two)
    low, high = np.argsort(mixture.means)
    between = np.linspace(mixture.means[low], mixture.means[high], 200)
    density = np.exp(logsumexp(mixture.log_densities(between), axis=0))
    valley = density.min() < _DEEP * min(density[0], density[-1])
    if gain <= _ENOUGH or not valley or mixture.shares.min() < _LEAST_SHARE:
        return None
    return Clusters(
        low=float(mixture.means[low]),
        high=float(mixture.means[high]),
        low_share=float(mixture.shares[low]),
        n=n,
    )


def _fitted(sample: Floats) -> _Mixture:
    """Return the mixture that expectation maximization ends at; the sample comes sorted."""
    upper = np.arange(len(sample)) >= _split(sample)
    weights = np.stack([~upper, upper]).astype(np.float64)  # (2, n)
    before = -np.inf
    for _ in range(_STEPS):
        mixture = _weighted(sample, weights)
        densities = mixture.log_densities(sample)
        total = logsumexp(densities, axis=0)
        weights = np.exp(densities - total)
        if total.sum() - before < 1e-6:
            break
        before = float(total.sum())
    return mixture


def _weighted(sample: Floats, weights: Floats) -> _Mixture:
    size = np.maximum(weights.sum(axis=1), 1e-9)
    means = weights @ sample / size
    variances = (weights * (sample - means[:, None]) ** 2).sum(axis=1) / size
    deviations = np.sqrt(np.maximum(variances, (_NARROWEST * sample.std()) ** 2))
    return _Mixture(size / len(sample), means, deviations)


def _split(sample: Floats) -> int:
    """Return how many of the sorted values are in the lower of the two best groups."""
    n = len(sample)
    below = np.arange(1, n)
    sums = np.cumsum(sample - sample.mean())[:-1]
    # Of all splits, that with the most between the groups has the least within them.
    return int(below[np.argmax(sums**2 / (below * (n - below)))])
