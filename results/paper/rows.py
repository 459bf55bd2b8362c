"""Tables 1 to 4 of the paper: our runs of each setting, beside what it published.

Where the paper's number lies with respect to ours is said by our 95% interval. The paper's own
numbers are samples, too: even if both came from one distribution, its mean would fall outside our
interval in about one case of six (two equal errors add up to √2 of one).
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd

from configspace.condition import SEARCHES
from results.frames.campaign import KEYS, distinct
from results.paper.pooling import Tally
from results.paper.published import Number, Published, Setting, published
from results.stats.best_of import BestOf, StepsToTarget, affordable, best_of, steps_to_target
from results.stats.correlations import Correlations, correlations
from results.stats.distribution import FAILED_BELOW, Distribution, distribution
from results.stats.estimates import Estimate, Floats
from results.stats.probability_of_improvement import (
    ProbabilityOfImprovement,
    probability_of_improvement,
)

RANDOM_SEARCH_TRIES = 5
"""Architectures that the paper's random search evaluates, to report the best."""


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: our runs, the paper's numbers, or both."""

    setting: Setting
    n: int
    """Runs of ours; of a random search, runs of random architectures that it draws from."""
    max: float
    mean: Estimate
    median: Estimate
    seconds: float
    """Median wall time of one run of ours, or of one whole random search; NaN if none is known."""
    published: Published | None
    distribution: Distribution | None = None
    """Of the runs; None for a random search, and where there are none."""
    tries: int | None = None
    """Architectures of one random search."""
    correlations: Correlations | None = None
    """Of one-shot and architecture PSNR over the runs; None where nothing was searched."""
    tally: Tally | None = None
    """How far its trials are; of a random search, those that it draws from. None: unknown."""


@dataclass(frozen=True, slots=True)
class Pursuit:
    """How random architectures fare against DARTS, in one space and problem."""

    darts: Setting
    steps: StepsToTarget
    """How many it takes to pass the median of DARTS."""
    wins: ProbabilityOfImprovement
    """How probable it is that one run of DARTS beats one random architecture."""


def rows(
    number: Number,
    trials: pd.DataFrame,
    tallies: Mapping[Setting, Tally] | None = None,
    *,
    failed_below: float = FAILED_BELOW,
    seed: int = 0,
) -> list[Row]:
    """Return a table's rows: the paper's in its order, then what only we have.

    Args:
        number: Of the table.
        trials: Of one campaign or several, a row a trial. A trial that is in several counts once.
            Tables 3 and 4 are of hyperparameters: what was not searched for is left out of them.
        tallies: How far each setting's trials are, of the same campaigns. One without a single
            score, all of whose trials crashed, has a row as well.
        failed_below: What counts as a failed run, in dB.
        seed: Of all bootstraps.
    """
    theirs = published(number)
    known = tallies or {}
    if number in (3, 4):
        trials = trials[trials["one_shot_psnr"].notna()]
        known = {setting: one for setting, one in known.items() if setting.method in SEARCHES}
    samples = psnrs_by_setting(trials)
    seconds = _seconds(trials)
    correlated = _correlated(trials, seed)
    found: dict[Setting, Row] = {}
    for setting in dict.fromkeys([*theirs, *samples, *known]):
        if setting.method == "random-search":
            for row in _random_searches(setting, samples, seconds, theirs[setting], seed):
                tally = known.get(_of_method(setting, "random"))
                found[row.setting] = replace(row, tally=tally)
            continue
        shape = distribution(samples.get(setting, []), failed_below=failed_below, seed=seed)
        found[setting] = Row(
            setting=setting,
            n=shape.n,
            max=shape.best,
            mean=shape.mean,
            median=shape.median,
            seconds=seconds.get(setting, np.nan),
            published=theirs.get(setting),
            distribution=shape if shape.n else None,
            correlations=correlated.get(setting),
            tally=known.get(setting),
        )
    return list(found.values())


def pursuits(trials: pd.DataFrame, *, seed: int = 0) -> list[Pursuit]:
    """Return the steps that random search needs to pass DARTS, wherever there are runs of both."""
    samples = psnrs_by_setting(trials)
    return [
        Pursuit(
            setting,
            steps_to_target(against, float(np.median(sample)), seed=seed),
            probability_of_improvement(sample, against),
        )
        for setting, sample in samples.items()
        if setting.method == "darts"
        and (against := samples.get(_of_method(setting, "random"))) is not None
    ]


def outside(value: float, interval: Estimate) -> float:
    """Return by how much a value is above an interval (positive) or below it; 0 within it."""
    if np.isnan(interval.low):
        return np.nan
    return max(value - interval.high, 0.0) - max(interval.low - value, 0.0)


def psnrs_by_setting(trials: pd.DataFrame) -> dict[Setting, Floats]:
    """Return each setting's architecture PSNRs, in the order of the trials."""
    return {
        _setting(keys): group.to_numpy(dtype=np.float64)
        for keys, group in distinct(trials).groupby(KEYS, sort=False)["architecture_psnr"]
    }


def _correlated(trials: pd.DataFrame, seed: int) -> dict[Setting, Correlations]:
    """Return the correlations of both PSNRs within each setting that searches."""
    searched = distinct(trials)
    searched = searched[searched["one_shot_psnr"].notna()]
    return {
        _setting(keys): correlations(
            group["one_shot_psnr"].to_numpy(dtype=np.float64),
            group["architecture_psnr"].to_numpy(dtype=np.float64),
            seed=seed,
        )
        for keys, group in searched.groupby(KEYS, sort=False)
    }


def _setting(keys: Hashable) -> Setting:
    space, operations, problem, method, hyperparameters = cast("tuple[str, ...]", keys)
    return Setting(space, operations, problem, method, hyperparameters)


def _seconds(trials: pd.DataFrame) -> dict[Setting, float]:
    """Return the wall time of a run of each setting, search and training together.

    The median: a worker's first job may take much longer, since it compiles.
    """
    done = distinct(trials)
    times = done[["search_seconds", "retrain_seconds"]].sum(axis=1, min_count=1)
    return {
        _setting(keys): float(median)
        for keys, median in times.groupby([done[key] for key in KEYS], sort=False).median().items()
    }


def _random_searches(
    setting: Setting,
    samples: dict[Setting, Floats],
    seconds: dict[Setting, float],
    theirs: Published,
    seed: int,
) -> Iterator[Row]:
    """Give the paper's random search, and one that takes as long as one run of DARTS."""
    random, darts = (_of_method(setting, method) for method in ("random", "darts"))
    sample = samples.get(random, np.empty(0))
    each = seconds.get(random, np.nan)
    fixed = best_of(sample, RANDOM_SEARCH_TRIES, seed=seed)
    yield _of_search(setting, fixed, each, theirs)
    if each > 0 and seconds.get(darts, np.nan) > 0:
        timed = best_of(sample, affordable(seconds[darts], each), seed=seed)
        yield _of_search(_of_method(setting, "random-search-equal-time"), timed, each, None)


def _of_search(setting: Setting, found: BestOf, each: float, theirs: Published | None) -> Row:
    return Row(
        setting=setting,
        n=found.mean.n,
        max=found.best,
        mean=found.mean,
        median=found.median,
        seconds=found.k * each,
        published=theirs,
        tries=found.k,
    )


def _of_method(setting: Setting, method: str) -> Setting:
    return replace(setting, method=method)
