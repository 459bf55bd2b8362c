"""The winner's curse: whether an incumbent's observed score is one that chance gives.

An incumbent was picked as the best of many noisy scores, so its own is likely too high. It is set
against what evaluations of as many seeds score by chance, not against the mean of the re-runs:
a single run lies beside a mean of many most of the time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.stats.estimates import finite

Floats = NDArray[np.float64]
Aggregate = Literal["mean", "median", "max"]

RARE = 0.025
"""Below which share of as high scores an observed one is not left to chance."""
FEWEST = round(1 / RARE)
"""Of fewer re-runs nothing is called rare: of n unselected scores and one more, that one is the
highest in one case of n + 1."""
_EVALUATIONS = 10_000

_AGGREGATES: dict[Aggregate, Callable[[Floats], Floats]] = {
    "mean": lambda groups: groups.mean(axis=-1),
    "median": lambda groups: np.median(groups, axis=-1),
    "max": lambda groups: groups.max(axis=-1),
}


@dataclass(frozen=True, slots=True)
class Curse:
    """An observed score beside what its configuration scores by chance."""

    observed: float
    """In dB; aggregated over an evaluation's trials."""
    share: float
    """Of the evaluations that chance gives, how many score at least as high."""
    n: int
    """Re-runs."""
    trials: int
    """Seeds of an evaluation."""
    aggregate: Aggregate
    """Of these seeds' scores."""

    @property
    def verdict(self) -> Literal["cursed", "chance", "few"]:
        """Whether the score is too high for chance; ``few`` where re-runs are too few to tell.

        Of a maximum there have to be enough for as many evaluations of seeds of their own, for
        it hangs on the highest re-runs alone.
        """
        wanted = FEWEST * (self.trials if self.aggregate == "max" else 1)
        if self.n < wanted:
            return "few"
        return "cursed" if self.share < RARE else "chance"


def winners_curse(
    observed: float,
    reruns: ArrayLike,
    *,
    trials: int = 1,
    aggregate: Aggregate = "mean",
    seed: int = 0,
) -> Curse:
    """Set an observed score against what evaluations of as many seeds score by chance.

    Args:
        observed: The score, in dB.
        reruns: What fresh seeds scored, in dB; shape ``(n,)``, at least one, finite.
        trials: Seeds of the observed evaluation.
        aggregate: How their scores were made one.
        seed: Of what is drawn.

    Raises:
        ValueError: If ``reruns`` is not one-dimensional and finite, or empty.
    """
    sample = finite(reruns)
    if len(sample) == 0:
        raise ValueError("wanted at least one re-run, got none")
    scores = evaluations_by_chance(sample, trials, aggregate, seed=seed)
    return Curse(
        observed=observed,
        share=float((scores >= observed).mean()),
        n=len(sample),
        trials=trials,
        aggregate=aggregate,
    )


def evaluations_by_chance(
    reruns: Floats, trials: int, aggregate: Aggregate, *, seed: int = 0
) -> Floats:
    """Return what evaluations of so many seeds score by chance.

    Of one seed, these are the re-runs as they are. Of several, they are groups drawn from the
    re-runs, in which each value drawn is put back twice (Pólya's urn): so a group spreads as one
    of fresh seeds does about the re-runs' mean, which is itself known from n of them only.

    Args:
        reruns: Shape ``(n,)``.
        trials: Seeds of an evaluation.
        aggregate: Of their scores.
        seed: Of the drawing.

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
        again = np.flatnonzero(drawn >= n)  # one of those that were put back twice
        drawn[again] = picks[again, drawn[again] - n]
        picks[:, place] = drawn
    return _AGGREGATES[aggregate](reruns[picks])  # (evaluation,)
