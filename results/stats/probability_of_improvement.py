"""Comparison of two settings: difference of their means and probability of improvement.

The probability of improvement is the probability that one run of setting A scores higher than one
run of setting B (Agarwal et al. 2021). Its interval keeps a width even where the two samples do
not overlap.

Source: Agarwal, Schwarzer, Castro, Courville and Bellemare 2021, NeurIPS 34: "Deep reinforcement
    learning at the edge of the statistical precipice".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from results.stats.estimates import LEAST, LEVEL, Estimate, finite
from results.stats.randomization import difference_of_means, mean_of_differences


@dataclass(frozen=True, slots=True)
class ProbabilityOfImprovement:
    """Probability that one run of A scores higher than one run of B; ties count as half."""

    value: float
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end of its interval."""
    n_a: int
    """Number of runs of A."""
    n_b: int
    """Number of runs of B."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """Comparison of setting A with setting B by the PSNRs of their runs."""

    difference: Estimate
    """Mean of A minus mean of B, in dB."""
    probability: ProbabilityOfImprovement
    """Probability that one run of A scores higher than one run of B."""
    paired: bool
    """Whether the i-th run of A is compared with the i-th run of B only, as for equal seeds."""


def contrast(
    a: ArrayLike,
    b: ArrayLike,
    *,
    crashed: tuple[int, int] = (0, 0),
    paired: bool = False,
    level: float = LEVEL,
    seed: int = 0,
) -> Contrast:
    """Compare the runs of two settings.

    Args:
        a: PSNRs of setting A in dB, shape ``(n_a,)``, finite.
        b: PSNRs of setting B in dB, shape ``(n_b,)``, finite; ``n_b`` equals ``n_a`` if paired.
        crashed: Numbers of runs of A and of B that crashed, if they are not paired. They count in
            the probability of improvement only, as the lowest.
        paired: Whether to compare the i-th run of A with the i-th run of B only.
        level: Coverage of the intervals.
        seed: Seed of the randomization test of the difference of means.

    Raises:
        ValueError: If a sample is not one-dimensional and finite, or paired samples differ in
            length.
    """
    if not paired:
        return Contrast(
            difference_of_means(a, b, level=level, seed=seed),
            probability_of_improvement(a, b, crashed=crashed, level=level),
            paired=False,
        )
    first, second = _pairs(a, b)
    return Contrast(
        mean_of_differences([first - second], level=level, seed=seed),
        paired_probability_of_improvement(first, second, level=level),
        paired=True,
    )


def probability_of_improvement(
    a: ArrayLike,
    b: ArrayLike,
    *,
    crashed: tuple[int, int] = (0, 0),
    level: float = LEVEL,
) -> ProbabilityOfImprovement:
    """Return the probability that one run of A scores higher than one run of B.

    The estimate is the share of all pairs in which A scores higher; ties count as half. (It is
    the Mann-Whitney U statistic divided by the number of pairs.) The interval consists of all θ
    with |θ − estimate| ≤ z √Var(θ), where Var(θ) is the variance of Hanley and McNeil. So it stays
    within [0, 1] and keeps a width where all values of one sample are above those of the other.

    Args:
        a: Scores of A, shape ``(n_a,)``, finite.
        b: Scores of B, shape ``(n_b,)``, finite.
        crashed: Numbers of runs of A and of B that crashed. They have no score; each counts as
            lower than every run with one, and as equal to another that crashed.
        level: Coverage of the interval.

    Returns:
        The estimate with its interval; NaN if a sample is empty. The interval is NaN if a
        sample has fewer than `LEAST` runs.

    Raises:
        ValueError: If a sample is not one-dimensional and finite.

    Source: Newcombe 2006, Statistics in Medicine 25, 559-573, method 5.
    """
    scores = finite(a), finite(b)
    n_a, n_b = (len(one) + lost for one, lost in zip(scores, crashed, strict=True))
    if n_a == 0 or n_b == 0:
        return ProbabilityOfImprovement(np.nan, np.nan, np.nan, n_a, n_b)
    first, second = (
        np.concatenate((np.full(lost, -np.inf), one))
        for one, lost in zip(scores, crashed, strict=True)
    )
    wins = (first[:, None] > second).mean() + 0.5 * (first[:, None] == second).mean()
    value = float(wins)
    if min(n_a, n_b) < LEAST:
        return ProbabilityOfImprovement(value, np.nan, np.nan, n_a, n_b)
    z = float(norm.ppf(0.5 + level / 2))

    def distance(theta: float) -> float:
        spread = (1 - theta) / (2 - theta) + theta / (1 + theta)
        variance = theta * (1 - theta) * (1 + ((n_a + n_b) / 2 - 1) * spread) / (n_a * n_b)
        return float(abs(theta - value) - z * np.sqrt(variance))

    # The distance is positive at 0 and at 1, and negative at the estimate. An estimate of exactly
    # 0 or 1 is itself a root, which says nothing: then the search starts just next to it.
    inside = min(max(value, 1e-12), 1 - 1e-12)
    low = 0.0 if value == 0 else float(brentq(distance, 0.0, inside))
    high = 1.0 if value == 1 else float(brentq(distance, inside, 1.0))
    return ProbabilityOfImprovement(value, low, high, n_a, n_b)


def paired_probability_of_improvement(
    a: ArrayLike, b: ArrayLike, *, level: float = LEVEL
) -> ProbabilityOfImprovement:
    """Return the probability that a run of A scores higher than its paired run of B.

    The estimate is the share of the pairs in which A scores higher; ties count as half. The
    interval is that of Clopper and Pearson for a share of n pairs, because Wilson's is too short
    for few pairs; ties only make it wider than necessary.

    Args:
        a: Scores of A, shape ``(n,)``, finite.
        b: Scores of B, shape ``(n,)``, finite, in the same order.
        level: Coverage of the interval.

    Returns:
        The estimate with its interval; NaN if the samples are empty.

    Raises:
        ValueError: If the samples differ in length, or are not one-dimensional and finite.
    """
    first, second = _pairs(a, b)
    n = len(first)
    if n == 0:
        return ProbabilityOfImprovement(np.nan, np.nan, np.nan, 0, 0)
    wins = float((first > second).sum() + 0.5 * (first == second).sum())
    low, high = proportion_confint(wins, n, alpha=1 - level, method="beta")
    return ProbabilityOfImprovement(wins / n, float(low), float(high), n, n)


def _pairs(a: ArrayLike, b: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = finite(a), finite(b)
    if len(first) != len(second):
        raise ValueError(f"expected pairs, got {len(first)} and {len(second)} values")
    return first, second
