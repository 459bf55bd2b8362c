"""Verdicts on signals, and the rules from which they follow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final, Literal

import numpy as np

from results.analysis.signal_bootstrap import Bootstrap, Drawn
from results.stats.clustered import correlation_intervals, joint_intervals
from results.stats.estimates import Estimate, Floats

LEAST_RUNS: Final = 50
"""Number of runs below which there is no verdict."""
LEAST_CONFIGURATIONS: Final = 16
"""Number of configurations below which there is no verdict over all runs."""

Answer = Literal["yes", "no", "undecided", "few", "constant"]
"""``yes`` and ``no`` are shown: the interval lies above, or below, 0. ``constant``: the signal has
one value only."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the runs show about a signal; see `results.analysis.signal_rules`."""

    predicts: Answer
    """Whether its correlation is positive."""
    joint: tuple[float, float]
    """Interval of the correlation that holds together with those of the other signals."""
    beats_baseline: Answer | None
    """Whether its correlation is higher than the baseline's; None without a baseline."""
    above_baseline: Estimate
    """Its correlation minus the baseline's, with an interval that holds together with the others;
    NaN without a baseline."""
    may_be_best: bool
    """Whether it predicts, and no other signal is shown to have a higher correlation."""


def verdicts(
    bootstrap: Bootstrap, signals: Sequence[str], *, baseline: str | None
) -> dict[str, Verdict]:
    """Judge signals together, by Spearman's correlation.

    Args:
        bootstrap: Resamples of the runs.
        signals: Names of the signals.
        baseline: Name of the baseline, if there is one.
    """
    usable = [name for name in signals if _answer(bootstrap, name) is None]
    alone = {name: bootstrap.spearman(name, bootstrap.runs(name)) for name in usable}
    joint = _joint(bootstrap, list(alone.values()), correlation_intervals)
    above: dict[str, Drawn] = {}
    if baseline is not None:
        above = {name: _difference(bootstrap, name, baseline) for name in usable}
    higher = _joint(bootstrap, list(above.values()), joint_intervals)
    pairs = list(permutations(usable, 2))
    differences = [_difference(bootstrap, *pair) for pair in pairs]
    lower_than = _joint(bootstrap, differences, joint_intervals)
    beaten = {pair[1] for pair, ends in zip(pairs, lower_than, strict=True) if ends[0] > 0}
    found: dict[str, Verdict] = {}
    for name in signals:
        if (without := _answer(bootstrap, name)) is not None:
            nothing = Estimate(np.nan, np.nan, np.nan, bootstrap.size(bootstrap.runs(name))[0])
            found[name] = Verdict(
                without, (np.nan, np.nan), without if baseline else None, nothing, False
            )
            continue
        place = usable.index(name)
        low, high = float(joint[place, 0]), float(joint[place, 1])
        against, difference = None, Estimate(np.nan, np.nan, np.nan, 0)
        if baseline is not None:
            ends = float(higher[place, 0]), float(higher[place, 1])
            runs = bootstrap.size(bootstrap.runs(name, baseline))[0]
            against, difference = _side(*ends), Estimate(above[name].value, *ends, runs)
        predicts = _side(low, high)
        may_be_best = predicts == "yes" and name not in beaten
        found[name] = Verdict(predicts, (low, high), against, difference, may_be_best)
    return found


def _answer(bootstrap: Bootstrap, name: str) -> Literal["few", "constant"] | None:
    """Return why a signal cannot be judged; None if it can."""
    keep = bootstrap.runs(name)
    runs, configurations = bootstrap.size(keep)
    if runs < LEAST_RUNS or (
        bootstrap.sample.scope != "within" and configurations < LEAST_CONFIGURATIONS
    ):
        return "few"
    return "constant" if np.isnan(bootstrap.spearman(name, keep).value) else None


def _difference(bootstrap: Bootstrap, one: str, other: str) -> Drawn:
    """Return the difference of two correlations over the runs that have both signals."""
    both = bootstrap.runs(one, other)
    return bootstrap.spearman(one, both) - bootstrap.spearman(other, both)


def _joint(
    bootstrap: Bootstrap,
    statistics: Sequence[Drawn],
    intervals: Callable[[Floats, Floats, int], Floats],
) -> Floats:
    if not statistics:
        return np.empty((0, 2))
    sample = bootstrap.sample
    n = len(sample.scores) if sample.scope == "within" else len(sample.clusters)
    return intervals(
        np.array([one.value for one in statistics]),
        np.stack([one.draws for one in statistics], axis=1),
        n,
    )


def _side(low: float, high: float) -> Answer:
    if low > 0:
        return "yes"
    return "no" if high < 0 else "undecided"
