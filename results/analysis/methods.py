"""Methods next to each other: their scores, their cost, and what they gain at equal cost."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from results.analysis.method_runs import MethodGroup, MethodRuns
from results.stats.best_of import above_best_of, best_of
from results.stats.distribution import FAILED_BELOW, Distribution, distribution
from results.stats.estimates import LEAST, LEVEL, NOTHING, Estimate, Floats
from results.stats.randomization import difference_of_means

Reference = Literal["darts", "random", "best-of-four"]
Verdict = Literal["higher", "lower", "undecided", "no runs", "too few runs"]

REFERENCES: Final[tuple[Reference, ...]] = ("darts", "random", "best-of-four")
"""What a method is compared with: DARTS; random search at equal cost; and, if it selects among
several searches of equal cost, the best of four of DARTS."""
SELECTING: Final = ("r-darts-l2", "r-darts-dp")
"""Methods that are compared with the best of four, too."""


@dataclass(frozen=True, slots=True)
class Gain:
    """Mean of a method minus that of a reference, in dB."""

    reference: Reference
    k: int
    """Number of random architectures whose best is the reference; 1 for other references."""
    mean: float
    """Mean of the reference, in dB; NaN without runs."""
    difference: Estimate
    """Its interval has the coverage ``level``."""
    level: float
    """Coverage with which the verdicts on all methods of the group hold together."""
    few: bool = False
    """Whether there are random runs, but fewer than k."""

    @property
    def verdict(self) -> Verdict:
        """Whether the method is higher or lower than the reference."""
        if math.isnan(self.difference.value):
            return "too few runs" if self.few else "no runs"
        if self.difference.low > 0:
            return "higher"
        return "lower" if self.difference.high < 0 else "undecided"


@dataclass(frozen=True, slots=True)
class MethodRow:
    """One method of a group."""

    name: str
    scores: Floats
    """Final scores in dB, shape ``(n,)``."""
    shape: Distribution
    crashed: int
    """Number of trials that crashed; they have no score."""
    planned: int
    """Number of trials that the campaign plans."""
    cost: int
    """Epochs of one run, of all its searches and trainings."""
    gains: dict[Reference, Gain]
    """Gain over each reference with which the method is compared."""


@dataclass(frozen=True, slots=True)
class JudgedMethods:
    """The methods of one group, in the order of the campaign."""

    group: MethodGroup
    rows: tuple[MethodRow, ...]

    def row(self, name: str) -> MethodRow | None:
        """Return the row of a method; None if the campaign does not have it."""
        return next((row for row in self.rows if row.name == name), None)


def judge(
    group: MethodGroup, *, failed_below: float = FAILED_BELOW, seed: int = 0
) -> JudgedMethods:
    """Compare the methods of a group; see `results.analysis.method_rules`.

    Args:
        group: The runs.
        failed_below: PSNR, in dB, below which a run counts as failed.
        seed: Seed of all bootstraps and permutations.
    """
    gains: dict[str, dict[Reference, Gain]] = {name: {} for name in group.methods}
    for reference in REFERENCES:
        for name, gain in _against(group, reference, seed).items():
            gains[name][reference] = gain
    rows = []
    for name, runs in group.methods.items():
        scores = _scores(runs)
        rows.append(
            MethodRow(
                name,
                scores,
                distribution(scores, failed_below=failed_below, seed=seed),
                len(runs.crashed),
                # A campaign can be started again with fewer trials, so there may be more.
                len(runs.planned | runs.crashed | runs.scores.keys()),
                runs.cost,
                gains[name],
            )
        )
    return JudgedMethods(group, tuple(rows))


def _against(group: MethodGroup, reference: Reference, seed: int) -> dict[str, Gain]:
    """Compare all methods with one reference, which the campaign may not have."""
    against = group.methods.get(reference)
    compared = [
        name
        for name, runs in group.methods.items()
        if name != reference
        and (
            reference != "best-of-four"
            or (name in SELECTING and against is not None and against.cost == runs.cost)
        )
    ]
    if against is None:
        return {name: Gain(reference, 1, np.nan, NOTHING, LEVEL) for name in compared}
    compare = _with_random if reference == "random" else _with_method
    found = {name: compare(group.methods[name], against, seed) for name in compared}
    judged = sum(comparison.n >= LEAST for comparison in found.values())
    level = 1 - (1 - LEVEL) / max(judged, 1)
    return {
        name: Gain(reference, one.k, one.mean, one.difference(level), level, one.few)
        for name, one in found.items()
    }


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A method and a reference, before the coverage of the interval is known."""

    k: int
    """Number of random architectures whose best is the reference."""
    mean: float
    """Mean of the reference, in dB."""
    n: int
    """Number of runs of the method or of the reference, whichever has fewer."""
    few: bool
    """Whether there are random runs, but fewer than k."""
    difference: Callable[[float], Estimate]
    """The difference with an interval of a given coverage."""


def _with_method(runs: MethodRuns, against: MethodRuns, seed: int) -> _Comparison:
    one, other = _scores(runs), _scores(against)
    return _Comparison(
        k=1,
        mean=float(other.mean()) if len(other) else np.nan,
        n=min(len(one), len(other)),
        few=False,
        difference=lambda level: difference_of_means(one, other, level=level, seed=seed),
    )


def _with_random(runs: MethodRuns, random: MethodRuns, seed: int) -> _Comparison:
    one, other = _scores(runs), _scores(random)
    k = max(runs.cost // random.cost, 1)
    return _Comparison(
        k=k,
        mean=best_of(other, k, seed=seed).mean.value,
        n=min(len(one), len(other) // k),
        few=len(one) > 0 and 0 < len(other) < k,
        difference=lambda level: above_best_of(one, other, k, level=level, seed=seed),
    )


def _scores(runs: MethodRuns) -> Floats:
    return np.array([*runs.scores.values()], dtype=np.float64)
