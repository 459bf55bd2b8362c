"""A finding of the paper, its criteria, and the runs that decide them."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from results.frames.campaign import KEYS, distinct
from results.paper.published import Setting
from results.stats.best_of import best_of
from results.stats.correlations import correlation
from results.stats.estimates import LEAST, LEVEL, Estimate, Floats, estimate
from results.stats.randomization import difference_of_means
from results.stats.spread import standard_deviation
from results.text import interval_text

Verdict = Literal["holds", "does not hold", "undecided"]

LEAST_SHAPE = 50
"""Minimum number of runs for a verdict on a standard deviation, a correlation, or a best of
several. Few skewed scores, or scores with failures, say too little about them."""
_CAUTION = 0.4
"""Share of the error of an interval that such a figure's interval is computed for. At the full
error, the intervals of 75 skewed scores miss in up to 10% of cases instead of 5%."""


Figure = Callable[[float], Estimate]
"""A figure, with an interval of the given coverage."""
Test = Callable[[Estimate], bool | None]
"""Whether a figure meets a criterion; None: undecided."""


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
class Question:
    """A criterion and the figure that decides it."""

    text: str
    """What the figure is."""
    figure: Figure
    test: Test
    least: int = LEAST
    """Minimum number of runs."""
    unit: str = " dB"
    paper: float | None = None
    """The same figure by the paper's tables; None: they do not have it."""


def judged(questions: Sequence[Question]) -> tuple[Criterion, ...]:
    """Judge the criteria of one finding.

    A finding holds if all of its criteria are met, which chance makes less probable the more there
    are. But one that is missed refutes it, which chance makes more probable. So a criterion is met
    by its 95% interval, but missed only by an interval whose error is divided by their number.
    """
    strict = 1 - (1 - LEVEL) / max(len(questions), 1)
    return tuple(_judged(one, strict) for one in questions)


def _judged(one: Question, strict: float) -> Criterion:
    found = one.figure(LEVEL)
    if math.isnan(found.value):
        return Criterion(f"{one.text}: not enough runs (n = {found.n})", None, one.paper)
    text = f"{one.text}: {interval_text(found)}{one.unit} (n = {found.n})"
    if found.n < one.least:
        return Criterion(f"{text}, at least {one.least} needed", None, one.paper)
    passed = judge(one.figure, one.test, one.least, strict)
    if passed is None and one.test(found) is False:
        text += f", missed at {LEVEL:.0%} but not at {strict:.1%}"
    return Criterion(text, passed, one.paper)


def judge(figure: Figure, test: Test, least: int, strict: float = LEVEL) -> bool | None:
    """Return whether a figure meets a criterion; None: undecided.

    Args:
        figure: The figure.
        test: The criterion.
        least: Minimum number of runs.
        strict: Coverage of the interval that must show that the criterion is missed.
    """
    found = figure(LEVEL)
    if found.n < least:
        return None
    passed = test(found)
    return None if passed is False and test(figure(strict)) is not False else passed


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
    """The runs of campaigns by setting, and figures of them with intervals of a given coverage."""

    def __init__(self, trials: pd.DataFrame, *, seed: int = 0) -> None:
        self._seed = seed
        done = distinct(trials)
        self._groups = dict(list(done.groupby(KEYS, sort=False)))
        self._empty = done.iloc[:0]

    def psnrs(self, setting: Setting) -> Floats:
        """Return the architecture PSNRs of a setting in dB; empty if it was not run."""
        return self._of(setting)["architecture_psnr"].to_numpy(dtype=np.float64)

    def gain(self, setting: Setting, over: Setting, level: float) -> Estimate:
        """Return by how much the mean of a setting is higher than that of another, in dB."""
        return difference_of_means(
            self.psnrs(setting), self.psnrs(over), level=level, seed=self._seed
        )

    def mean(self, setting: Setting, level: float) -> Estimate:
        """Return the mean architecture PSNR of a setting, in dB."""
        return estimate(self.psnrs(setting), "mean", level=cautious(level), seed=self._seed)

    def sd(self, setting: Setting, level: float) -> Estimate:
        """Return the standard deviation of the architecture PSNRs of a setting, in dB."""
        return standard_deviation(self.psnrs(setting), level=cautious(level))

    def best(self, setting: Setting, k: int, level: float) -> Estimate:
        """Return the expected best of k runs of a setting, in dB."""
        return best_of(self.psnrs(setting), k, level=cautious(level), seed=self._seed).mean

    def r(self, settings: Iterable[Setting], level: float) -> Estimate:
        """Return Pearson's correlation of both PSNRs over all runs of the given settings.

        Without enough runs of one of the settings, it would describe the others: then it is NaN,
        and its n is that of this setting.
        """
        groups = [self._of(setting) for setting in settings]
        groups = [runs[runs["one_shot_psnr"].notna()] for runs in groups]
        smallest = min(len(runs) for runs in groups)
        if smallest < LEAST_SHAPE / len(groups):
            return Estimate(math.nan, math.nan, math.nan, smallest)
        runs = pd.concat(groups)
        x, y = (
            runs[name].to_numpy(dtype=np.float64) for name in ("one_shot_psnr", "architecture_psnr")
        )
        return correlation(x, y, level=cautious(level), seed=self._seed)

    def _of(self, setting: Setting) -> pd.DataFrame:
        return self._groups.get(tuple(getattr(setting, key) for key in KEYS), self._empty)


def cautious(level: float) -> float:
    """Return the nominal coverage of an interval that covers at a level for skewed scores, too."""
    return 1 - _CAUTION * (1 - level)


def above(found: Estimate, threshold: float) -> bool | None:
    """Return whether the interval of an estimate is above a threshold; None if it contains it."""
    if math.isnan(found.low):
        return None
    return True if found.low > threshold else False if found.high < threshold else None


def below(found: Estimate, threshold: float) -> bool | None:
    """Return whether the interval of an estimate is below a threshold; None if it contains it."""
    answer = above(found, threshold)
    return None if answer is None else not answer
