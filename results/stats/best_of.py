"""Random search, from the runs of random architectures: the best of k, and how many it takes.

Nothing is run for it: n runs of one random architecture each stand for all that could be drawn.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from results.stats.estimates import (
    Estimate,
    Floats,
    estimate,
    finite,
    percentiles,
    resamples,
    share_below,
)


@dataclass(frozen=True, slots=True)
class BestOf:
    """The best of k random architectures, as k are drawn again and again."""

    k: int
    best: float
    """The best of all runs."""
    mean: Estimate
    median: Estimate


@dataclass(frozen=True, slots=True)
class Steps:
    """How many random architectures it takes until one passes a threshold."""

    threshold: float
    mean: Estimate
    """Of so many simulated searches (its n), each until the first success."""
    expected: Estimate
    """One by the share of runs that pass; infinite where none does. Its n is that of the runs."""


def best_of(psnrs: ArrayLike, k: int, *, seed: int = 0) -> BestOf:
    """Return how good the best of k random architectures is.

    Mean and median are over all ways to pick k of the n runs, exactly: the i-th smallest of them
    is the best of C(i − 1, k − 1) of the C(n, k). (The paper's search evaluates 5 a time, so 75
    runs give 15; a partition in fives is one of very many, and all of them together depend on
    no chance.) Intervals are from a bootstrap of the runs.

    Args:
        psnrs: Of random architectures, one run each, in dB; shape ``(n,)``, finite.
        k: How many a search tries.
        seed: Of the bootstrap.

    Returns:
        NaN for what cannot be known: everything if k exceeds n.

    Raises:
        ValueError: If ``psnrs`` is not one-dimensional and finite, or k is below 1.
    """
    sample = finite(psnrs)
    n = len(sample)
    if k < 1:
        raise ValueError(f"wanted at least 1 architecture a search, got {k}")
    if k > n:
        nothing = Estimate(np.nan, np.nan, np.nan, n)
        return BestOf(k, float(sample.max()) if n else np.nan, nothing, nothing)
    weights = _weights(n, k)
    ordered = np.sort(sample)
    mean, median = float(ordered @ weights), float(_median(ordered, weights))
    if n == 1:
        single = Estimate(mean, np.nan, np.nan, 1)
        return BestOf(k, mean, single, single)
    drawn = np.sort(sample[resamples(n, np.random.default_rng(seed))], axis=-1)
    return BestOf(
        k,
        float(ordered[-1]),
        Estimate(mean, *percentiles(drawn @ weights), n),
        Estimate(median, *percentiles(_median(drawn, weights)), n),
    )


def affordable(one_search_seconds: float, one_random_seconds: float) -> int:
    """Return how many random architectures can be trained in the time of one search.

    Never more than the time allows, and at least one.

    Raises:
        ValueError: If a time is not positive.
    """
    if not (one_search_seconds > 0 and one_random_seconds > 0):
        raise ValueError(
            f"wanted positive seconds, got {one_search_seconds} and {one_random_seconds}"
        )
    return max(1, int(one_search_seconds / one_random_seconds))


def steps_to_pass(
    psnrs: ArrayLike, threshold: float, *, repetitions: int = 10, seed: int = 0
) -> Steps:
    """Return how many random architectures it takes until one scores above a threshold.

    Args:
        psnrs: Of random architectures, one run each, in dB; shape ``(n,)``, finite.
        threshold: What is to be passed, in dB.
        repetitions: How many searches to simulate, drawing from the runs; the paper's are 10.
        seed: Of the simulation and of its mean's bootstrap.

    Returns:
        The simulated mean with its bootstrap interval, and 1 / p of the share p that passes,
        with the interval of p (Clopper and Pearson's). Where no run passes, the mean is NaN and
        1 / p infinite, but its interval still has a lower end.

    Raises:
        ValueError: If ``psnrs`` is not one-dimensional and finite.
    """
    sample = finite(psnrs)
    if len(sample) == 0:
        nothing = Estimate(np.nan, np.nan, np.nan, 0)
        return Steps(threshold, nothing, nothing)
    # What passes is above, so its negative is below.
    p = share_below(-sample, -threshold)
    one_by = [1 / share if share > 0 else np.inf for share in (p.value, p.high, p.low)]
    expected = Estimate(one_by[0], one_by[1], one_by[2], p.n)
    if p.value == 0:
        return Steps(threshold, Estimate(np.nan, np.nan, np.nan, repetitions), expected)
    drawn = np.random.default_rng(seed).geometric(p.value, size=repetitions)
    return Steps(threshold, estimate(drawn, "mean", seed=seed), expected)


def _weights(n: int, k: int) -> Floats:
    """Return the share of k-subsets whose best is the i-th smallest of n; shape ``(n,)``."""
    i = np.arange(k, n + 1)
    logs = gammaln(i) - gammaln(i - k + 1) - gammaln(k)
    total = gammaln(n + 1) - gammaln(n - k + 1) - gammaln(k + 1)
    return np.concatenate([np.zeros(k - 1), np.exp(logs - total)])


def _median(ordered: Floats, weights: Floats) -> Floats:
    """Return the median along the last axis of sorted values that weigh so much."""
    below = np.cumsum(weights)
    # Where exactly half lies below, any value up to the next one would do: their middle.
    lower = np.searchsorted(below, 0.5 - 1e-9)
    upper = np.searchsorted(below, 0.5 + 1e-9)
    return np.asarray((ordered[..., lower] + ordered[..., upper]) / 2)
