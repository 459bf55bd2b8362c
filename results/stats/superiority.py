"""Two settings against each other: by how much one is better, and how often one run of it is.

The probability that one run beats another has intervals that do not shrink to nothing where the
samples do not overlap.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from results.stats.estimates import LEVEL, Estimate, difference_of_means, estimate, finite


@dataclass(frozen=True, slots=True)
class Superiority:
    """How probable it is that one run of A scores higher than one run of B; ties count half."""

    value: float
    low: float
    high: float
    n_a: int
    n_b: int


@dataclass(frozen=True, slots=True)
class Contrast:
    """One setting, A, against another, B, over their runs' PSNRs."""

    difference: Estimate
    """Mean of A minus mean of B, in dB."""
    wins: Superiority
    """How probable it is that one run of A beats one run of B."""
    paired: bool
    """Whether the i-th runs of both belong together, as those of equal seeds."""


def contrast(a: ArrayLike, b: ArrayLike, *, paired: bool = False, seed: int = 0) -> Contrast:
    """Compare the runs of two settings.

    Args:
        a: PSNRs of setting A, shape ``(n_a,)``, finite.
        b: PSNRs of setting B, shape ``(n_b,)``; as many if paired.
        paired: Whether a's i-th run is to be compared with b's i-th alone.
        seed: Of the bootstrap of the difference of means.

    Raises:
        ValueError: If a sample is not one-dimensional and finite, or pairs are not complete.
    """
    if not paired:
        return Contrast(difference_of_means(a, b, seed=seed), superiority(a, b), paired=False)
    first, second = _pairs(a, b)
    return Contrast(
        estimate(first - second, "mean", seed=seed), paired_superiority(first, second), paired=True
    )


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
    first, second = finite(a), finite(b)
    n_a, n_b = len(first), len(second)
    if n_a == 0 or n_b == 0:
        return Superiority(np.nan, np.nan, np.nan, n_a, n_b)
    wins = (first[:, None] > second).mean() + 0.5 * (first[:, None] == second).mean()
    value = float(wins)
    z = float(norm.ppf(0.5 + LEVEL / 2))

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


def paired_superiority(a: ArrayLike, b: ArrayLike) -> Superiority:
    """Return how probable it is that a run of A scores higher than the run of B it belongs to.

    The share of the pairs that A wins, ties counted half, with Wilson's interval for a share of n
    pairs; ties only make it wider than need be.

    Args:
        a: Shape ``(n,)``, finite.
        b: Shape ``(n,)``, finite; in the same order.

    Raises:
        ValueError: If the samples differ in length, or are not one-dimensional and finite.
    """
    first, second = _pairs(a, b)
    n = len(first)
    if n == 0:
        return Superiority(np.nan, np.nan, np.nan, 0, 0)
    wins = float((first > second).sum() + 0.5 * (first == second).sum())
    low, high = proportion_confint(wins, n, alpha=1 - LEVEL, method="wilson")
    return Superiority(wins / n, float(low), float(high), n, n)


def _pairs(a: ArrayLike, b: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = finite(a), finite(b)
    if len(first) != len(second):
        raise ValueError(f"wanted pairs, got {len(first)} and {len(second)} values")
    return first, second
