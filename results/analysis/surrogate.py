"""How well supernets rank architectures that were trained: correlations, the ten best, and regret.

What a score says is compared with each of two trainings of the same architectures, and the mean of
both is reported. So a score and the ceiling, one training as the score of the other, answer one
question: how well is another training predicted?
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from results.analysis.surrogate_runs import SurrogateGroup
from results.stats.clustered import correlation_intervals, joint_intervals
from results.stats.correlations import Kind
from results.stats.estimates import LEAST, Estimate, Floats
from results.stats.weighted import coefficients, ordered

Score = Literal["psnr", "alpha_likelihood"]
Verdict = Literal["better", "worse", "undecided", "too few"]

LEAST_SUPERNETS: Final = 10
"""Number of supernets below which there is no verdict."""
TOP: Final = 10
"""Number of the best architectures of which two rankings are compared."""
RESAMPLES: Final = 2_000
"""Number of resamples of the bootstrap."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """How well one score ranks the architectures of a group."""

    name: str
    """Method that trained the supernets; ``harmful operations`` or ``training`` without any."""
    score: Score | None
    """What of the supernets is the score; None without supernets."""
    supernets: int
    """Number of supernets; 0 without."""
    spearman: Estimate
    kendall: Estimate
    overlap: float
    """Number of the ten best by the score that are among the ten best by a training."""
    regret: float
    """Mean PSNR of the architecture that is best in the mean of both trainings, minus the PSNR of
    the one that the score ranks first, in dB."""
    above_baseline: Estimate | None = None
    """Spearman's correlation minus that of the baseline, with an interval for all scores of the
    group together; None for baseline and ceiling, or without a baseline."""
    best: bool = False
    """Whether no other score of the group has a higher correlation by these intervals."""

    @property
    def verdict(self) -> Verdict | None:
        """Whether the score ranks better than the baseline; None where this is not asked."""
        if self.above_baseline is None:
            return None
        if self.supernets < LEAST_SUPERNETS or np.isnan(self.above_baseline.low):
            return "too few"
        if self.above_baseline.low > 0:
            return "better"
        return "worse" if self.above_baseline.high < 0 else "undecided"


@dataclass(frozen=True, slots=True, eq=False)
class JudgedSurrogates:
    """The scores of one group."""

    group: SurrogateGroup
    rankings: tuple[Ranking, ...]
    """The scores of supernets, in the order of the campaign."""
    baseline: Ranking | None
    """Minus the number of harmful operations."""
    ceiling: Ranking
    """One training as the score of the other."""


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """A score of the architectures by each supernet."""

    name: str
    score: Score | None
    values: Floats
    """Shape ``(supernet, architecture)``; one row for the baseline."""
    weights: Floats
    """Weight of each supernet in each resample, ``(1 + resample, supernet)``; the same for all
    scores of the same supernets."""


class _Bootstrap:
    """Resamples of the architectures, and at the same time of the supernets of each method."""

    def __init__(self, trained: Floats, *, resamples: int, seed: int) -> None:
        """Draw the architectures; the first row of the counts is the sample itself."""
        self._random = np.random.default_rng(seed)
        count = len(trained)
        drawn = self._random.multinomial(count, np.full(count, 1 / count), size=resamples)
        self._counts = np.concatenate([np.ones((1, count)), drawn.astype(np.float64)])
        self._trained = [ordered(column, _ONE_GROUP) for column in trained.T]

    def weights(self, supernets: int) -> Floats:
        """Draw supernets: return the weight of each, ``(1 + resample, supernet)``; sums are 1."""
        share = np.full(supernets, 1 / supernets)
        drawn = self._random.multinomial(supernets, share, size=len(self._counts) - 1)
        return np.concatenate([np.ones((1, supernets)), drawn]) / supernets

    def correlation(
        self, scored: _Scored, kind: Kind, *, against: tuple[int, ...] = (0, 1)
    ) -> Floats:
        """Return the mean correlation of the rows of a score with trainings, per resample.

        Args:
            scored: The score.
            kind: Which coefficient.
            against: Which trainings.

        Returns:
            Shape ``(1 + resample,)``.
        """
        found = [
            coefficients(
                ordered(_ranked(row), _ONE_GROUP), self._trained[training], self._counts, kind
            )[:, 0]
            for row in scored.values
            for training in against
        ]
        by_supernet = np.stack(found).reshape(len(scored.values), len(against), -1).mean(axis=1)
        return np.asarray((scored.weights * by_supernet.T).sum(axis=1))


_ONE_GROUP: Final = np.zeros(1, dtype=np.int64)


def judge(group: SurrogateGroup, *, resamples: int = RESAMPLES, seed: int = 0) -> JudgedSurrogates:
    """Compare what supernets say of architectures with trainings of these.

    Args:
        group: The runs.
        resamples: Number of resamples of the bootstrap.
        seed: Seed of the bootstrap.
    """
    bootstrap = _Bootstrap(group.trained, resamples=resamples, seed=seed)
    scored = []
    for one in group.supernets:
        weights = bootstrap.weights(len(one.psnr))
        scored.append(_Scored(one.method, "psnr", one.psnr, weights))
        if one.alpha_likelihood is not None:
            likelihood = one.alpha_likelihood
            scored.append(_Scored(one.method, "alpha_likelihood", likelihood, weights))
    spearman = [bootstrap.correlation(one, "spearman") for one in scored]
    kendall = [bootstrap.correlation(one, "kendall") for one in scored]
    baseline = counted = None
    if group.baseline is not None:
        harmful = _Scored("harmful operations", None, group.baseline[None], bootstrap.weights(1))
        counted = bootstrap.correlation(harmful, "spearman")
        taus = bootstrap.correlation(harmful, "kendall")
        baseline = _ranking(group, harmful, counted, taus)
    above = _above(spearman, counted, len(group.trained))
    best = _best(spearman, len(group.trained))
    rankings = tuple(
        _ranking(group, *each) for each in zip(scored, spearman, kendall, above, best, strict=True)
    )
    return JudgedSurrogates(group, rankings, baseline, _ceiling(group, bootstrap))


def _ranking(
    group: SurrogateGroup,
    scored: _Scored,
    spearman: Floats,
    kendall: Floats,
    above: Estimate | None = None,
    best: bool = False,
) -> Ranking:
    trained, values = group.trained, scored.values
    overlaps = [_overlap(row, trained[:, training]) for row in values for training in (0, 1)]
    return Ranking(
        name=scored.name,
        score=scored.score,
        supernets=0 if scored.score is None else len(values),
        spearman=_estimate(spearman, len(trained)),
        kendall=_estimate(kendall, len(trained)),
        overlap=float(np.mean(overlaps)),
        regret=_best_mean(trained) - float(np.mean([_pick(row, trained) for row in values])),
        above_baseline=above,
        best=best,
    )


def _ceiling(group: SurrogateGroup, bootstrap: _Bootstrap) -> Ranking:
    first, second = group.trained.T
    as_score, n = _Scored("training", None, first[None], bootstrap.weights(1)), len(first)
    return Ranking(
        name="training",
        score=None,
        supernets=0,
        spearman=_estimate(bootstrap.correlation(as_score, "spearman", against=(1,)), n),
        kendall=_estimate(bootstrap.correlation(as_score, "kendall", against=(1,)), n),
        overlap=_overlap(first, second),
        regret=_best_mean(group.trained) - (_pick(first, second) + _pick(second, first)) / 2,
    )


def _estimate(drawn: Floats, n: int) -> Estimate:
    """Return a correlation with its 95% interval, from its value and those of the resamples."""
    if n < LEAST or np.isnan(drawn[0]):
        return Estimate(float(drawn[0]), np.nan, np.nan, n)
    ends = correlation_intervals(drawn[:1], drawn[1:, None], n)
    return Estimate(float(drawn[0]), float(ends[0, 0]), float(ends[0, 1]), n)


def _above(spearman: list[Floats], baseline: Floats | None, n: int) -> list[Estimate | None]:
    """Return by how much each correlation is above the baseline's, with joint intervals."""
    if baseline is None or n < LEAST:
        return [None] * len(spearman)
    drawn = np.stack(spearman) - baseline  # (score, 1 + resample)
    ends = joint_intervals(drawn[:, 0], drawn[:, 1:].T, n)
    return [
        Estimate(float(value), float(low), float(high), n)
        for value, (low, high) in zip(drawn[:, 0], ends, strict=True)
    ]


def _best(spearman: list[Floats], n: int) -> list[bool]:
    """Return of each score whether no other has a higher correlation, by joint intervals."""
    if n < LEAST or len(spearman) < 2:
        return [False] * len(spearman)
    pairs = [(one, two) for one in range(len(spearman)) for two in range(one)]
    drawn = np.stack([spearman[one] - spearman[two] for one, two in pairs])
    ends = joint_intervals(drawn[:, 0], drawn[:, 1:].T, n)
    beaten = {two for (_, two), (low, _) in zip(pairs, ends, strict=True) if low > 0}
    beaten |= {one for (one, _), (_, high) in zip(pairs, ends, strict=True) if high < 0}
    return [index not in beaten for index in range(len(spearman))]


def _ranked(values: Floats) -> Floats:
    """Return finite values in the same order: what is not finite is below all others."""
    finite = np.isfinite(values)
    lowest = values[finite].min() - 1 if finite.any() else 0.0
    return np.where(finite, values, lowest)


def _top(values: Floats) -> set[int]:
    """Return the indices of the ten best; of equal ones, the first."""
    return set(np.argsort(-_ranked(values), kind="stable")[:TOP].tolist())


def _overlap(values: Floats, trained: Floats) -> float:
    """Return how many of the ten best by a score are among the ten best by a training.

    If several architectures at the edge of the ten have equal scores, each is as likely to be one
    of the ten.
    """
    ranked, truth = _ranked(values), _top(trained)
    least = np.sort(ranked)[::-1][min(TOP, len(ranked)) - 1]
    above, tied = np.flatnonzero(ranked > least), np.flatnonzero(ranked == least)
    hits = sum(index in truth for index in above.tolist())
    chance = (min(TOP, len(ranked)) - len(above)) / len(tied)
    return hits + chance * sum(index in truth for index in tied.tolist())


def _pick(values: Floats, trained: Floats) -> float:
    """Return the mean PSNR of the architecture with the best score, or of all that have it."""
    ranked = _ranked(values)
    return float(trained[ranked == ranked.max()].mean())


def _best_mean(trained: Floats) -> float:
    """Return the largest mean PSNR of both trainings of an architecture."""
    return float(trained.mean(axis=1).max())
