"""What a finding is: a claim, a rule, and parts that hold, fail, or stay open."""

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
"""Runs below which a bootstrap's interval is much too narrow to decide anything."""


@dataclass(frozen=True, slots=True)
class Part:
    """One question of a finding."""

    said: str
    """The question's figure, with interval and n."""
    passed: bool | None
    """None: not surely either."""
    paper: float | None = None
    """The same figure by the paper's tables, where they have it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of the paper, and what our runs say of it."""

    letter: str
    claim: str
    rule: str
    parts: tuple[Part, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether it holds."""
        if any(part.passed is False for part in self.parts):
            return "does not hold"
        return "holds" if all(part.passed for part in self.parts) else "undecided"


class Runs:
    """The runs of campaigns, by setting; of fewer than 10 nothing is said for sure."""

    def __init__(self, trials: pd.DataFrame, *, seed: int = 0) -> None:
        self._seed = seed
        done = distinct(trials)
        self._groups = dict(list(done.groupby(KEYS, sort=False)))
        self._empty = done.iloc[:0]

    def psnrs(self, setting: Setting) -> Floats:
        """Return the architecture PSNRs of a setting; none if it was not run."""
        return self._of(setting)["architecture_psnr"].to_numpy(dtype=np.float64)

    def mean(self, setting: Setting) -> Estimate:
        """Return a setting's mean."""
        return _sure(estimate(self.psnrs(setting), "mean", seed=self._seed))

    def sd(self, setting: Setting) -> Estimate:
        """Return a setting's standard deviation."""
        return _sure(estimate(self.psnrs(setting), "std", seed=self._seed))

    def best(self, setting: Setting, k: int) -> Estimate:
        """Return the expected best of k runs of a setting."""
        return _sure(best_of(self.psnrs(setting), k, seed=self._seed).mean)

    def r(self, settings: Iterable[Setting]) -> Estimate:
        """Return Pearson's correlation of both PSNRs over all runs of some settings."""
        runs = pd.concat([self._of(setting) for setting in settings])
        runs = runs[runs["one_shot_psnr"].notna()]
        x, y = (
            runs[name].to_numpy(dtype=np.float64) for name in ("one_shot_psnr", "architecture_psnr")
        )
        return _sure(correlation(x, y, seed=self._seed))

    def _of(self, setting: Setting) -> pd.DataFrame:
        return self._groups.get(tuple(getattr(setting, key) for key in KEYS), self._empty)


def above(found: Estimate, threshold: float) -> bool | None:
    """Return whether an estimate is surely above a threshold, surely not, or not surely either."""
    if math.isnan(found.low):
        return None
    return True if found.low > threshold else False if found.high < threshold else None


def below(found: Estimate, threshold: float) -> bool | None:
    """Return whether an estimate is surely below a threshold, surely not, or not surely either."""
    answer = above(found, threshold)
    return None if answer is None else not answer


def _sure(found: Estimate) -> Estimate:
    if found.n >= LEAST:
        return found
    return Estimate(found.value, math.nan, math.nan, found.n)
