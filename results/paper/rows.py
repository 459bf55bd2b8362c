"""Rows of Tables 1 to 4: the runs of dartboard for each setting, and the paper's numbers.

The paper's numbers are compared with the 95% intervals of dartboard's. The paper's numbers are
samples, too: even if both came from one distribution, the paper's mean would be outside dartboard's
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
from results.stats.best_of import BestOf, best_of, steps_to_median
from results.stats.correlations import Correlations, correlations
from results.stats.distribution import FAILED_BELOW, Distribution, distribution
from results.stats.estimates import Estimate, Floats
from results.stats.probability_of_improvement import (
    ProbabilityOfImprovement,
    probability_of_improvement,
)

RANDOM_SEARCH_TRIES = 5
"""Number of architectures that the paper's random search evaluates before it reports the best."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting with the runs of dartboard, the paper's numbers, or both; PSNRs are in dB."""

    setting: Setting
    n: int
    """Number of runs; in a random search, of the random architectures that it draws from."""
    max: float
    mean: Estimate
    median: Estimate
    seconds: float
    """Median wall time of one run, or of one whole random search; NaN if unknown."""
    published: Published | None
    distribution: Distribution | None = None
    """Distribution of the runs; None for a random search, and without runs."""
    tries: int | None = None
    """Number of architectures in one random search; None for other methods."""
    correlations: Correlations | None = None
    """Correlations of both PSNRs over the runs; None if the method does not search."""
    tally: Tally | None = None
    """Numbers of trials; in a random search, of those that it draws from. None: unknown."""


@dataclass(frozen=True, slots=True)
class TimeToTarget:
    """Number of random architectures until one passes the median of DARTS, in one setting."""

    darts: Setting
    """Setting of DARTS, whose median is the target."""
    threshold: float
    """Median of DARTS, in dB."""
    steps: Estimate
    """Number of random architectures on average; infinite if none passes."""
    wins: ProbabilityOfImprovement
    """Probability that one run of DARTS beats one random architecture."""


def rows(
    number: Number,
    trials: pd.DataFrame,
    tallies: Mapping[Setting, Tally] | None = None,
    *,
    failed_below: float = FAILED_BELOW,
    seed: int = 0,
) -> list[SettingRow]:
    """Return the rows of a table: the paper's settings in its order, then those of dartboard alone.

    Args:
        number: Number of the table.
        trials: Trials of one or more campaigns, one row per trial. A trial of several campaigns
            counts once. Tables 3 and 4 compare hyperparameters of searches, so they omit methods
            that do not search.
        tallies: Numbers of trials of each setting, of the same campaigns. A setting without any
            score, because all its trials crashed, has a row, too.
        failed_below: PSNR below which a run counts as failed, in dB.
        seed: Seed of all bootstraps.
    """
    in_paper = published(number)
    known = tallies or {}
    if number in (3, 4):
        trials = trials[trials["one_shot_psnr"].notna()]
        known = {setting: one for setting, one in known.items() if setting.method in SEARCHES}
    samples = psnrs_by_setting(trials)
    seconds, epochs = _seconds(trials), _epochs(trials)
    correlated = _correlated(trials, seed)
    found: dict[Setting, SettingRow] = {}
    for setting in dict.fromkeys([*in_paper, *samples, *known]):
        if setting.method == "random-search":
            for row in _random_searches(setting, samples, epochs, in_paper[setting], seed):
                random = _of_method(setting, "random")
                tries = row.tries or 1
                found[row.setting] = replace(
                    row, tally=known.get(random), seconds=tries * seconds.get(random, np.nan)
                )
            continue
        shape = distribution(samples.get(setting, []), failed_below=failed_below, seed=seed)
        found[setting] = SettingRow(
            setting=setting,
            n=shape.n,
            max=shape.best,
            mean=shape.mean,
            median=shape.median,
            seconds=seconds.get(setting, np.nan),
            published=in_paper.get(setting),
            distribution=shape if shape.n else None,
            correlations=correlated.get(setting),
            tally=known.get(setting),
        )
    return list(found.values())


def times_to_target(trials: pd.DataFrame) -> list[TimeToTarget]:
    """Return the time to target of random search for each setting with runs of both methods."""
    samples = psnrs_by_setting(trials)
    return [
        TimeToTarget(
            setting,
            float(np.median(sample)),
            steps_to_median(against, sample),
            probability_of_improvement(sample, against),
        )
        for setting, sample in samples.items()
        if setting.method == "darts"
        and (against := samples.get(_of_method(setting, "random"))) is not None
    ]


def outside(value: float, interval: Estimate) -> float:
    """Return by how much a value is above an interval (positive) or below it (negative), or 0."""
    if np.isnan(interval.low):
        return np.nan
    return max(value - interval.high, 0.0) - max(interval.low - value, 0.0)


def psnrs_by_setting(trials: pd.DataFrame) -> dict[Setting, Floats]:
    """Return the architecture PSNRs of each setting in dB, in the order of the trials."""
    return {
        _setting(keys): group.to_numpy(dtype=np.float64)
        for keys, group in distinct(trials).groupby(KEYS, sort=False)["architecture_psnr"]
    }


def _correlated(trials: pd.DataFrame, seed: int) -> dict[Setting, Correlations]:
    """Return the correlations of both PSNRs within each setting whose method searches."""
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
    """Return the median wall time of a run of each setting, search and training together.

    It is the median because the first job of a worker takes much longer, since it compiles.
    """
    done = distinct(trials)
    times = done[["search_seconds", "retrain_seconds"]].sum(axis=1, min_count=1)
    return {
        _setting(keys): float(median)
        for keys, median in times.groupby([done[key] for key in KEYS], sort=False).median().items()
    }


def _epochs(trials: pd.DataFrame) -> dict[Setting, int]:
    """Return the cost of a run of each setting in epochs, of its search and of its training.

    Times would not do: they depend on the machine, and on what else it did.
    """
    done = distinct(trials)
    phases = done[["one_shot_psnr", "architecture_psnr"]].notna().sum(axis=1)
    costs = (done["epochs"] * phases).groupby([done[key] for key in KEYS], sort=False).max()
    return {_setting(keys): int(cost) for keys, cost in costs.items()}


def _random_searches(
    setting: Setting,
    samples: dict[Setting, Floats],
    epochs: dict[Setting, int],
    in_paper: Published,
    seed: int,
) -> Iterator[SettingRow]:
    """Yield the paper's random search, and one that costs as much as one run of DARTS."""
    random, darts = (_of_method(setting, method) for method in ("random", "darts"))
    sample = samples.get(random, np.empty(0))
    yield _of_search(setting, best_of(sample, RANDOM_SEARCH_TRIES, seed=seed), in_paper)
    if random in epochs and darts in epochs:
        affordable = max(1, epochs[darts] // epochs[random])
        equal = _of_method(setting, "random-search-equal-cost")
        yield _of_search(equal, best_of(sample, affordable, seed=seed), None)


def _of_search(setting: Setting, found: BestOf, in_paper: Published | None) -> SettingRow:
    return SettingRow(
        setting=setting,
        n=found.mean.n,
        max=found.best,
        mean=found.mean,
        median=found.median,
        seconds=np.nan,
        published=in_paper,
        tries=found.k,
    )


def _of_method(setting: Setting, method: str) -> Setting:
    return replace(setting, method=method)
