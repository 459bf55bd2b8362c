"""A finding of the paper, its criteria, and the runs that decide them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from results.frames.campaign import KEYS, distinct
from results.paper.published import Setting
from results.stats.best_of import best_of
from results.stats.correlations import correlation
from results.stats.estimates import Estimate, Floats, estimate

Verdict = Literal["holds", "does not hold", "undecided"]

LEAST = 10
"""Number of runs below which the interval of a bootstrap is too narrow to decide anything."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of a finding, with the figure that decides it."""

    text: str
    """The figure in words, with interval and n."""
    passed: bool | None
    """Whether the runs meet the criterion; None: undecided."""
    paper: float | None = None
    """The same figure by the paper's tables; None: they do not have it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of the paper, tested on the runs of dartboard."""

    letter: str
    claim: str
    rule: str
    criteria: tuple[Criterion, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether the finding holds: all criteria must be met; one that is missed refutes it."""
        if any(criterion.passed is False for criterion in self.criteria):
            return "does not hold"
        return "holds" if all(criterion.passed for criterion in self.criteria) else "undecided"


class RunsBySetting:
    """The runs of campaigns by setting.

    An estimate of fewer than `LEAST` runs has no interval, so it decides nothing.
    """

    def __init__(self, trials: pd.DataFrame, *, seed: int = 0) -> None:
        self._seed = seed
        done = distinct(trials)
        self._groups = dict(list(done.groupby(KEYS, sort=False)))
        self._empty = done.iloc[:0]

    def psnrs(self, setting: Setting) -> Floats:
        """Return the architecture PSNRs of a setting in dB; empty if it was not run."""
        return self._of(setting)["architecture_psnr"].to_numpy(dtype=np.float64)

    def mean(self, setting: Setting) -> Estimate:
        """Return the mean architecture PSNR of a setting, in dB."""
        return _if_enough_runs(estimate(self.psnrs(setting), "mean", seed=self._seed))

    def sd(self, setting: Setting) -> Estimate:
        """Return the standard deviation of the architecture PSNRs of a setting, in dB."""
        return _if_enough_runs(estimate(self.psnrs(setting), "std", seed=self._seed))

    def best(self, setting: Setting, k: int) -> Estimate:
        """Return the expected best of k runs of a setting, in dB."""
        return _if_enough_runs(best_of(self.psnrs(setting), k, seed=self._seed).mean)

    def r(self, settings: Iterable[Setting]) -> Estimate:
        """Return Pearson's correlation of both PSNRs over all runs of the given settings."""
        runs = pd.concat([self._of(setting) for setting in settings])
        runs = runs[runs["one_shot_psnr"].notna()]
        x, y = (
            runs[name].to_numpy(dtype=np.float64) for name in ("one_shot_psnr", "architecture_psnr")
        )
        return _if_enough_runs(correlation(x, y, seed=self._seed))

    def _of(self, setting: Setting) -> pd.DataFrame:
        return self._groups.get(tuple(getattr(setting, key) for key in KEYS), self._empty)


def above(found: Estimate, threshold: float) -> bool | None:
    """Return whether the interval of an estimate is above a threshold; None if it contains it."""
    if math.isnan(found.low):
        return None
    return True if found.low > threshold else False if found.high < threshold else None


def below(found: Estimate, threshold: float) -> bool | None:
    """Return whether the interval of an estimate is below a threshold; None if it contains it."""
    answer = above(found, threshold)
    return None if answer is None else not answer


def _if_enough_runs(found: Estimate) -> Estimate:
    if found.n >= LEAST:
        return found
    return Estimate(found.value, math.nan, math.nan, found.n)
