"""The winner's curse: whether the observed score of an incumbent is higher than chance explains.

An incumbent was selected as the best of many noisy scores, so its observed score is probably too
high. It is compared with the distribution of the scores of evaluations with as many fresh seeds,
not with the mean of the re-runs: a single score almost always differs from the mean of many. Scores
of which low values are good are to be negated.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.stats.estimates import finite

Floats = NDArray[np.float64]
Aggregate = Literal["mean", "median", "max"]

RARE_SHARE = 0.025
"""Share of equally high scores by chance below which an observed score counts as too high."""
MIN_RERUNS = round(1 / RARE_SHARE)
"""Minimum number of re-runs for a verdict. Without selection, a score is higher than n others with
probability 1 / (n + 1), so fewer re-runs cannot show a rarer event."""
_EVALUATIONS = 10_000
"""Number of simulated evaluations."""

_AGGREGATES: dict[Aggregate, Callable[[Floats], Floats]] = {
    "mean": lambda groups: groups.mean(axis=-1),
    "median": lambda groups: np.median(groups, axis=-1),
    "max": lambda groups: groups.max(axis=-1),
}


@dataclass(frozen=True, slots=True)
class WinnersCurse:
    """Comparison of an observed score with the scores that its configuration reaches by chance."""

    observed: float
    """Observed score in dB, aggregated over the trials of the evaluation."""
    share: float
    """Share of evaluations by chance that score at least as high."""
    n: int
    """Number of re-runs."""
    trials: int
    """Number of trials (seeds) per evaluation."""
    aggregate: Aggregate
    """How an evaluation aggregates the scores of its trials."""

    @property
    def needed(self) -> int:
        """Minimum number of re-runs for a verdict.

        A maximum needs ``trials`` times as many, because it depends only on the highest of them.
        """
        return MIN_RERUNS * (self.trials if self.aggregate == "max" else 1)

    @property
    def verdict(self) -> Literal["cursed", "chance", "few"]:
        """Whether the score is higher than chance explains; ``few``: fewer re-runs than needed."""
        if self.n < self.needed:
            return "few"
        return "cursed" if self.share < RARE_SHARE else "chance"


def winners_curse(
    observed: float,
    reruns: ArrayLike,
    *,
    trials: int = 1,
    aggregate: Aggregate = "mean",
    seed: int = 0,
) -> WinnersCurse:
    """Compare an observed score with those that evaluations of fresh seeds reach by chance.

    Args:
        observed: Observed score, in dB.
        reruns: Scores of fresh seeds in dB; shape ``(n,)``, finite. Without any, the share is NaN.
        trials: Number of trials of the observed evaluation.
        aggregate: How the observed evaluation aggregated the scores of its trials.
        seed: Seed of the simulation.

    Raises:
        ValueError: If ``reruns`` is not one-dimensional and finite.
    """
    sample, share = finite(reruns), math.nan
    if len(sample):
        scores = evaluations_by_chance(sample, trials, aggregate, seed=seed)
        share = float((scores >= observed).mean())
    return WinnersCurse(
        observed=observed,
        share=share,
        n=len(sample),
        trials=trials,
        aggregate=aggregate,
    )


def evaluations_by_chance(
    reruns: Floats, trials: int, aggregate: Aggregate, *, seed: int = 0
) -> Floats:
    """Return a sample of the scores that evaluations of fresh seeds reach by chance.

    For one trial per evaluation, the sample is the re-runs themselves. For several, each
    evaluation is a group drawn from the re-runs by Pólya's urn: each drawn value is put back
    twice. So the spread of the groups includes the uncertainty of a mean that is known from n
    re-runs only.

    Args:
        reruns: Scores of fresh seeds in dB, shape ``(n,)``.
        trials: Number of trials per evaluation.
        aggregate: How an evaluation aggregates the scores of its trials.
        seed: Seed of the simulation.

    Returns:
        Scores in dB: shape ``(n,)`` for one trial per evaluation, otherwise ``(10000,)``.

    Source: Blackwell and MacQueen 1973, Annals of Statistics 1, 353-355: the predictive
        distribution of Rubin's (1981) Bayesian bootstrap.
    """
    if trials == 1:
        return reruns
    random = np.random.default_rng(seed)
    n = len(reruns)
    picks = np.empty((_EVALUATIONS, trials), dtype=np.int64)
    for place in range(trials):
        drawn = random.integers(n + place, size=_EVALUATIONS)
        again = np.flatnonzero(drawn >= n)  # a copy of an earlier draw
        drawn[again] = picks[again, drawn[again] - n]
        picks[:, place] = drawn
    return _AGGREGATES[aggregate](reruns[picks])  # (evaluation,)
