"""Random search, estimated from runs of random architectures: best of k and steps to a median.

Random search itself is not run. The n runs, each of another random architecture, represent the
distribution from which a random search would draw.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln
from scipy.stats import quantile_test

from results.stats.estimates import (
    LEAST,
    LEVEL,
    Estimate,
    Floats,
    finite,
    percentiles,
    resamples,
    share_below,
)
from results.stats.randomization import difference_of_means

LEAST_BEST = 50
"""Number of runs below which a best of several has no interval: it depends on the few highest."""


@dataclass(frozen=True, slots=True)
class BestOf:
    """Distribution of the best PSNR among k random architectures, in dB."""

    k: int
    """Number of architectures that one search evaluates."""
    best: float
    """Best PSNR of all n runs."""
    mean: Estimate
    """Expected best of k."""
    median: Estimate
    """Median best of k."""


def best_of(psnrs: ArrayLike, k: int, *, level: float = LEVEL, seed: int = 0) -> BestOf:
    """Return the distribution of the best PSNR among k random architectures.

    Mean and median are exact, over all C(n, k) subsets of k runs: the i-th smallest run is the best
    of C(i − 1, k − 1) of them. (The paper's search evaluates 5 architectures, so its 75 runs give
    15 searches. A partition of the runs into groups of 5 is arbitrary; the average over all subsets
    is not.) The intervals come from a bootstrap of the runs.

    Args:
        psnrs: PSNRs of random architectures in dB, one run each; shape ``(n,)``, finite.
        k: Number of architectures that one search evaluates.
        level: Coverage of the intervals.
        seed: Seed of the bootstrap.

    Returns:
        Mean and median of the best of k, with intervals. They are NaN if k exceeds n; the
        intervals are NaN if n is below `LEAST_BEST` (with k = 1, which is a mean: `LEAST`).

    Raises:
        ValueError: If ``psnrs`` is not one-dimensional and finite, or k is below 1.
    """
    sample = finite(psnrs)
    n = len(sample)
    if k < 1:
        raise ValueError(f"expected at least 1 architecture per search, got {k}")
    if k > n:
        nothing = Estimate(np.nan, np.nan, np.nan, n)
        return BestOf(k, float(sample.max()) if n else np.nan, nothing, nothing)
    weights = _weights(n, k)
    ordered = np.sort(sample)
    mean, median = float(ordered @ weights), float(_median(ordered, weights))
    if n < (LEAST if k == 1 else LEAST_BEST):
        without = Estimate(mean, np.nan, np.nan, n), Estimate(median, np.nan, np.nan, n)
        return BestOf(k, float(ordered[-1]), *without)
    drawn = np.sort(sample[resamples(n, np.random.default_rng(seed))], axis=-1)
    return BestOf(
        k,
        float(ordered[-1]),
        Estimate(mean, *percentiles(drawn @ weights, n, level), n),
        Estimate(median, *percentiles(_median(drawn, weights), n, level), n),
    )


def above_best_of(
    values: ArrayLike, psnrs: ArrayLike, k: int, *, level: float = LEVEL, seed: int = 0
) -> Estimate:
    """Return the mean of a setting minus the expected best of k random architectures.

    The random runs, in their order, are divided into searches of k architectures, and their bests
    are compared with the runs of the setting by a permutation test. Its interval is centered on the
    difference from the mean over all subsets of k runs, which varies less than that over the
    searches and does not depend on the division. (`best_of` has an interval for `LEAST_BEST` runs
    only; this one holds its level for fewer.)

    Args:
        values: PSNRs of the setting in dB, shape ``(m,)``, finite.
        psnrs: PSNRs of random architectures in dB, one run each, in the order in which they were
            drawn; shape ``(n,)``, finite.
        k: Number of architectures that one search evaluates.
        level: Coverage of the interval.
        seed: Seed of the drawn permutations.

    Returns:
        The difference; its n is the smaller of the numbers of runs and of searches. It is NaN if
        there are no runs, or fewer than k random ones; its interval is NaN if n is below `LEAST`.

    Raises:
        ValueError: If a sample is not one-dimensional and finite, or k is below 1.
    """
    if k < 1:
        raise ValueError(f"expected at least 1 architecture per search, got {k}")
    sample, random = finite(values), finite(psnrs)
    searches = len(random) // k
    bests = random[: searches * k].reshape(searches, k).max(axis=1)
    tested = difference_of_means(sample, bests, level=level, seed=seed)
    if tested.n == 0:
        return tested
    value = float(sample.mean() - np.sort(random) @ _weights(len(random), k))
    shift = value - tested.value
    return Estimate(value, tested.low + shift, tested.high + shift, tested.n)


def steps_to_median(psnrs: ArrayLike, of: ArrayLike, *, level: float = LEVEL) -> Estimate:
    """Return 1 / p for the probability p that a random architecture exceeds a setting's median.

    The median is known from a sample only, so half of the error is left for it: the interval spans
    those of Clopper and Pearson for the shares above both ends of the interval of the median.

    Args:
        psnrs: PSNRs of random architectures in dB, one run each; shape ``(n,)``, finite.
        of: PSNRs of the setting in dB, shape ``(m,)``, finite.
        level: Coverage of the interval.

    Returns:
        The estimate; its n is the smaller of n and m. It is NaN if a sample is empty, and its
        interval if n is below `LEAST`.

    Raises:
        ValueError: If a sample is not one-dimensional and finite.
    """
    sample, reached = finite(psnrs), finite(of)
    n = min(len(sample), len(reached))
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    share = share_below(-sample, -float(np.median(reached)))
    value = 1 / share.value if share.value > 0 else np.inf
    if n < LEAST:
        return Estimate(value, np.nan, np.nan, n)
    half = 1 - (1 - level) / 2
    ends = quantile_test(reached, q=0.0, p=0.5).confidence_interval(confidence_level=half)
    # A sample that is too small for an end has an interval without it.
    # scipy's stubs have one number in place of the two ends.
    top, bottom = (-np.inf if np.isnan(end) else -float(end) for end in (ends.high, ends.low))  # type: ignore[attr-defined]
    least = 0.0 if np.isinf(top) else share_below(-sample, top, level=half).low
    most = 1.0 if np.isinf(bottom) else share_below(-sample, bottom, level=half).high
    return Estimate(value, 1 / most, 1 / least if least > 0 else np.inf, n)


def _weights(n: int, k: int) -> Floats:
    """Return, for each i, the share of k-subsets whose best is the i-th smallest of n values.

    Returns:
        Shape ``(n,)``; sums to 1.
    """
    i = np.arange(k, n + 1)
    logs = gammaln(i) - gammaln(i - k + 1) - gammaln(k)
    total = gammaln(n + 1) - gammaln(n - k + 1) - gammaln(k + 1)
    return np.concatenate([np.zeros(k - 1), np.exp(logs - total)])


def _median(ordered: Floats, weights: Floats) -> Floats:
    """Return the weighted median along the last axis.

    Args:
        ordered: Values, sorted along the last axis; shape ``(…, n)``.
        weights: Weights that sum to 1; shape ``(n,)``.
    """
    below = np.cumsum(weights)
    # If exactly half of the weight lies below, the median is the middle of two values.
    lower = np.searchsorted(below, 0.5 - 1e-9)
    upper = np.searchsorted(below, 0.5 + 1e-9)
    return np.asarray((ordered[..., lower] + ordered[..., upper]) / 2)
