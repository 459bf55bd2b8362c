"""Test of bimodality: whether a sample of PSNRs has two clusters.

Two clusters appear, for example, where some runs fail and others do not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp
from scipy.stats import norm

from results.stats.estimates import Floats, finite

_MIN_BIC_GAIN = 10.0
"""Minimum decrease of the BIC with two clusters: "very strong" evidence (Kass & Raftery)."""
_MIN_SHARE = 0.1
"""Minimum share of the sample in each cluster."""
_MAX_VALLEY = 0.25
"""Maximum density between the two means, as a share of the density at the lower peak."""
_MAX_ITERATIONS = 200
"""Maximum number of iterations of expectation maximization."""
_MIN_DEVIATION = 0.02
"""Minimum standard deviation of a cluster, as a share of that of the sample. Without it, a cluster
of equal values would have an infinite likelihood."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """Two clusters of a sample."""

    low: float
    """Mean of the lower cluster, in the unit of the sample."""
    high: float
    """Mean of the upper cluster, in the unit of the sample."""
    low_share: float
    """Share of the sample in the lower cluster."""
    n: int
    """Size of the sample."""


@dataclass(frozen=True, slots=True)
class _Mixture:
    """A mixture of two normal distributions."""

    shares: Floats
    means: Floats
    deviations: Floats

    def log_densities(self, values: Floats) -> Floats:
        """Return the logarithm of each component's weighted density at each value.

        Args:
            values: Shape ``(n,)``.

        Returns:
            Shape ``(2, n)``.
        """
        columns = (self.shares[:, None], self.means[:, None], self.deviations[:, None])
        shares, means, deviations = columns
        return np.asarray(np.log(shares) + norm.logpdf(values, means, deviations))


def two_clusters(values: ArrayLike) -> Clusters | None:
    """Return the two clusters of a sample, or None if it does not clearly have two.

    A sample has two clusters if all of these hold:

    - A mixture of two normal distributions has a Bayesian information criterion that is smaller by
      more than 10 than that of one normal distribution.
    - Each component has at least a tenth of the values.
    - There is a valley: between the two means, the density of the mixture falls below a quarter of
      its density at either mean.

    The last condition excludes skewed distributions, which two normal distributions also describe
    better than one. Of samples of 75 normal, uniform, exponential or Gumbel values, fewer than 3%
    are classified as two clusters. The mixture is fitted by expectation maximization; it starts
    from the split of the sorted values with the least sum of squares within the groups.

    Args:
        values: Shape ``(n,)``, finite.

    Raises:
        ValueError: If ``values`` is not one-dimensional and finite.

    Source: Kass & Raftery 1995, J. Am. Stat. Assoc. 90, 773-795, for the threshold of 10.
    """
    sample = np.sort(finite(values))
    n = len(sample)
    if n < 2 / _MIN_SHARE or np.ptp(sample) == 0:
        return None
    one = norm.logpdf(sample, sample.mean(), sample.std()).sum()
    mixture = _fitted(sample)
    two = logsumexp(mixture.log_densities(sample), axis=0).sum()
    # One normal distribution has two parameters, the mixture has five.
    gain = (2 * np.log(n) - 2 * one) - (5 * np.log(n) - 2 * two)
    low, high = np.argsort(mixture.means)
    between = np.linspace(mixture.means[low], mixture.means[high], 200)
    density = np.exp(logsumexp(mixture.log_densities(between), axis=0))
    valley = density.min() < _MAX_VALLEY * min(density[0], density[-1])
    if gain <= _MIN_BIC_GAIN or not valley or mixture.shares.min() < _MIN_SHARE:
        return None
    return Clusters(
        low=float(mixture.means[low]),
        high=float(mixture.means[high]),
        low_share=float(mixture.shares[low]),
        n=n,
    )


def _fitted(sample: Floats) -> _Mixture:
    """Fit a mixture by expectation maximization.

    Args:
        sample: Sorted values, shape ``(n,)``.
    """
    upper = np.arange(len(sample)) >= _split(sample)
    weights = np.stack([~upper, upper]).astype(np.float64)  # (2, n)
    before = -np.inf
    for _ in range(_MAX_ITERATIONS):
        mixture = _weighted(sample, weights)
        densities = mixture.log_densities(sample)
        total = logsumexp(densities, axis=0)
        weights = np.exp(densities - total)
        if total.sum() - before < 1e-6:
            break
        before = float(total.sum())
    return mixture


def _weighted(sample: Floats, weights: Floats) -> _Mixture:
    """Return the mixture with the largest likelihood for given responsibilities.

    Args:
        sample: Shape ``(n,)``.
        weights: Responsibility of each component for each value, shape ``(2, n)``.
    """
    size = np.maximum(weights.sum(axis=1), 1e-9)
    means = weights @ sample / size
    variances = (weights * (sample - means[:, None]) ** 2).sum(axis=1) / size
    deviations = np.sqrt(np.maximum(variances, (_MIN_DEVIATION * sample.std()) ** 2))
    return _Mixture(size / len(sample), means, deviations)


def _split(sample: Floats) -> int:
    """Return the size of the lower group in the best split of sorted values into two groups."""
    n = len(sample)
    below = np.arange(1, n)
    sums = np.cumsum(sample - sample.mean())[:-1]
    # The largest sum of squares between the groups means the smallest within them.
    return int(below[np.argmax(sums**2 / (below * (n - below)))])
