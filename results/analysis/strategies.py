"""How good the architectures are that strategies find, by trainings from fresh seeds.

All searches are trained from the same fresh seeds, so their scores are crossed: each search with
each seed. The intervals hold for other searches and other seeds; see `results.stats.crossed`.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.stats import rankdata

from results.analysis.strategy_runs import StrategyGroup, StrategyRuns
from results.stats.correlations import correlation
from results.stats.crossed import crossed_mean
from results.stats.estimates import LEAST, LEVEL, Estimate, Floats

Verdict = Literal["better", "lower", "undecided"]

REFERENCE: Final = "random"
"""The strategy with which each other is compared."""


@dataclass(frozen=True, slots=True)
class Gain:
    """Mean fresh score of a strategy's best architectures minus that of random search, in dB."""

    difference: Estimate
    """Its interval has the coverage ``level``."""
    level: float
    """Coverage with which the verdicts on all strategies of the group hold together."""

    @property
    def verdict(self) -> Verdict:
        """Whether the strategy finds better architectures than random search."""
        if self.difference.low > 0:
            return "better"
        return "lower" if self.difference.high < 0 else "undecided"


@dataclass(frozen=True, slots=True, eq=False)
class BestRuns:
    """The best architectures of several searches by one strategy."""

    repetitions: tuple[int, ...]
    searched: Floats
    """Score in the search, in dB, ``(repetition, rank)``; NaN where a search has fewer."""
    fresh: Floats
    """Score of each training from a fresh seed, in dB, ``(repetition, rank, seed)``; NaN where it
    crashed or a search has fewer."""

    @property
    def means(self) -> Floats:
        """Mean fresh score of each architecture, ``(repetition, rank)``; NaN without any."""
        return _mean(self.fresh, axis=2)

    @property
    def places(self) -> Floats:
        """Rank of each architecture by its mean fresh score, ``(repetition, rank)``, from 1."""
        known = np.where(np.isnan(self.means), -np.inf, self.means)
        places = rankdata(-known, axis=1)
        return np.where(np.isnan(self.means), np.nan, places)

    @property
    def spearman(self) -> float:
        """Mean of Spearman's correlations of search score and mean fresh score in each search."""
        found = []
        for searched, means in zip(self.searched, self.means, strict=True):
            both = np.isfinite(searched) & np.isfinite(means)
            found.append(correlation(searched[both], means[both], "spearman").value)
        return float(_mean(np.array(found), axis=0))


@dataclass(frozen=True, slots=True)
class Rank:
    """The architectures with one rank in their searches; averages over these."""

    searched: float
    """Score in the search, in dB."""
    fresh: Estimate
    """Mean fresh score."""
    place: float
    """Rank by the mean fresh score."""


@dataclass(frozen=True, slots=True, eq=False)
class StrategyRow:
    """One strategy of a group."""

    runs: StrategyRuns
    best: BestRuns
    """The best architectures of the finished searches."""
    searched: float
    """Mean of the best architectures' scores in the search, in dB."""
    fresh: Estimate
    """Mean of their fresh scores."""
    first: float
    """Mean fresh score of the architecture that is the best one in the search."""
    highest: float
    """Highest mean fresh score of an architecture, averaged over the searches."""
    curse: Estimate
    """Winner's curse: score in the search minus fresh score, averaged over the best ones."""
    ranks: tuple[Rank, ...]
    """By rank in the search, from the best one."""
    gain: Gain | None
    """Gain over random search; None for random search itself, or without any to compare with."""

    @property
    def crashed(self) -> int:
        """Number of fresh trainings that crashed."""
        every = sum(best.fresh.size for best in self.runs.finished.values())
        return every - int(np.isfinite(self.best.fresh).sum())


@dataclass(frozen=True, slots=True, eq=False)
class JudgedStrategies:
    """The strategies of one group, in the order of the campaign."""

    group: StrategyGroup
    rows: tuple[StrategyRow, ...]

    @property
    def top(self) -> int:
        """Number of the best architectures of a search."""
        return max(len(row.ranks) for row in self.rows)


def judge(group: StrategyGroup) -> JudgedStrategies:
    """Compare the strategies of a group; see `results.analysis.strategy_rules`."""
    best = {runs.strategy: _best(runs) for runs in group.strategies}
    paired = {
        name: _difference(found, best[REFERENCE])
        for name, found in best.items()
        if REFERENCE in best and name != REFERENCE
    }
    judged = sum(min(_complete(values).shape) >= LEAST for values in paired.values())
    level = 1 - (1 - LEVEL) / max(judged, 1)
    gains = {
        name: Gain(crossed_mean(_complete(values), level=level), level)
        for name, values in paired.items()
    }
    rows = [_row(runs, best[runs.strategy], gains.get(runs.strategy)) for runs in group.strategies]
    return JudgedStrategies(group, tuple(rows))


def _best(runs: StrategyRuns) -> BestRuns:
    found = runs.finished
    ranks = max((len(best.scores) for best in found.values()), default=0)
    seeds = max((best.fresh.shape[1] for best in found.values()), default=0)
    searched = np.full((len(found), ranks), np.nan)
    fresh = np.full((len(found), ranks, seeds), np.nan)
    for place, best in enumerate(found.values()):
        searched[place, : len(best.scores)] = best.scores
        fresh[place, : len(best.scores)] = best.fresh
    return BestRuns(tuple(found), searched, fresh)


def _row(runs: StrategyRuns, best: BestRuns, gain: Gain | None) -> StrategyRow:
    means, places = best.means, best.places
    known = np.isfinite(means).any(axis=1)
    ranks = [
        Rank(
            float(_mean(best.searched[:, rank], axis=0)),
            _over_searches(best.fresh[:, rank : rank + 1]),
            float(_mean(places[:, rank], axis=0)),
        )
        for rank in range(best.searched.shape[1])
    ]
    return StrategyRow(
        runs,
        best,
        searched=float(_mean(_mean(best.searched, axis=1), axis=0)),
        fresh=_over_searches(best.fresh),
        first=float(_mean(means[:, :1].ravel(), axis=0)),
        highest=float(_mean(np.nanmax(means[known], axis=1), axis=0)) if known.any() else math.nan,
        curse=_over_searches(best.searched[:, :, None] - best.fresh),
        ranks=tuple(ranks),
        gain=gain,
    )


def _difference(one: BestRuns, other: BestRuns) -> Floats:
    """Return the differences of architectures of equal repetition, rank and seed.

    Returns:
        The mean over the ranks, shape ``(repetition, seed)``.
    """
    common = [each for each in one.repetitions if each in other.repetitions]
    first, second = (
        best.fresh[[best.repetitions.index(each) for each in common]] for best in (one, other)
    )
    ranks = min(first.shape[1], second.shape[1])
    seeds = min(first.shape[2], second.shape[2])
    return _mean(first[:, :ranks, :seeds] - second[:, :ranks, :seeds], axis=1)


def _over_searches(values: Floats) -> Estimate:
    """Return the mean over ranks, searches and seeds.

    Args:
        values: Shape ``(repetition, rank, seed)``; NaN for a missing value.
    """
    return crossed_mean(_complete(_mean(values, axis=1)))


def _complete(values: Floats) -> Floats:
    """Return the columns without NaN: the seeds with which each search has a score."""
    return values[:, np.isfinite(values).all(axis=0)]


def _mean(values: Floats, *, axis: int) -> Floats:
    """Return the mean of the values that are not NaN; NaN without any."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.where(count, total / np.maximum(count, 1), np.nan))
