"""The searches of a campaign with ``[strategies]``, and the fresh trainings of their best."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from configspace.condition import Condition
from configspace.errors import StoreError
from configspace.operations import parse_operation
from configspace.strategies import Role, Run
from results.analysis.setting import setting_words
from results.frames.campaign import CampaignFrames, crashed_trials, load_campaign_from
from results.stats.estimates import Floats
from results.store.store import Store

Architecture = tuple[str, ...]

PLANE: Final = ("tau", "dilation")
"""The parameters of a point in the plane, in the order of the arrays."""


@dataclass(frozen=True, slots=True, eq=False)
class Best:
    """The best distinct architectures of a search, the best one first, trained from fresh seeds."""

    architectures: tuple[Architecture, ...]
    scores: Floats
    """Score of each in the search, in dB, ``(rank,)``."""
    fresh: Floats
    """Score of each after a training from each fresh seed, in dB, ``(rank, seed)``; NaN if the
    training crashed."""


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """One search by a strategy: its trainings in order, as far as they have ended."""

    repetition: int
    architectures: tuple[Architecture, ...]
    roles: tuple[Role, ...]
    """Why the strategy asked for each training."""
    scores: Floats
    """Score of each training in dB, ``(training,)``; NaN if it crashed."""
    cost: Floats
    """Cost of the search up to and with each training, in trainings: a supernet before it counts as
    one, too; ``(training,)``."""
    best: Best | None
    """The best architectures; None before all of their fresh trainings have ended."""

    @property
    def paths(self) -> list[list[int]]:
        """The path of each descent, as indices of trainings: its start and the accepted steps.

        A step is accepted if it scores higher than where the descent is.
        """
        paths: list[list[int]] = []
        for index, role in enumerate(self.roles):
            if role == "start":
                paths.append([index])
            elif role == "step" and self._higher(index, paths[-1][-1]):
                paths[-1].append(index)
        return paths

    def _higher(self, index: int, than: int) -> bool:
        score, other = self.scores[index], self.scores[than]
        return bool(score > other or (math.isnan(other) and not math.isnan(score)))


@dataclass(frozen=True, slots=True, eq=False)
class StrategyRuns:
    """All searches by one strategy, in the order of their repetitions."""

    strategy: str
    searches: tuple[Search, ...]

    @property
    def finished(self) -> dict[int, Best]:
        """The best architectures of each finished search, by its repetition."""
        return {one.repetition: one.best for one in self.searches if one.best is not None}


@dataclass(frozen=True, slots=True, eq=False)
class StrategyGroup:
    """Strategies that search in one setting."""

    first: Condition
    """The condition of the first search."""
    strategies: tuple[StrategyRuns, ...]
    """In the order of the campaign."""

    @property
    def name(self) -> str:
        """Problem, space, what is searched, epochs and hyperparameters in words."""
        continuous = self.first.architecture.continuous
        return setting_words(self.first, searched=" and ".join(continuous))

    @property
    def planar(self) -> bool:
        """Whether an architecture is a point in the plane of τ and dilation."""
        return set(self.first.architecture.continuous) == set(PLANE)

    def points(self, architectures: Sequence[Architecture]) -> Floats:
        """Return τ and dilation of architectures that are points, shape ``(architecture, 2)``."""
        defaults = {"tau": self.first.architecture.tau, "dilation": 1.0}
        values = [defaults | parse_operation(names[0])[1] for names in architectures]
        return np.array([[each[name] for name in PLANE] for each in values]).reshape(-1, 2)


def load_strategies(url: str, names: Sequence[str]) -> list[StrategyGroup]:
    """Return the searches of campaigns in groups of one setting, in the order of their conditions.

    Args:
        url: URL of the store, such as ``sqlite:///dartboard.db``.
        names: Names of campaigns.

    Raises:
        StoreError: If the store cannot be read, a campaign is missing, or none of them searches
            with strategies.
    """
    with Store.open(url, create=False) as store:
        campaigns = [load_campaign_from(store, name) for name in dict.fromkeys(names)]
    groups = [group for frames in campaigns for group in _Reader(frames).groups()]
    if not groups:
        raise StoreError(
            f"expected searches by strategies, got none in {', '.join(names)}",
            advice="run a campaign with a table [strategies] by 'dartboard strategies "
            "CAMPAIGN.toml'",
        )
    return groups


class _Reader:
    """Reads the searches from the frames of one campaign."""

    def __init__(self, frames: CampaignFrames) -> None:
        """Prepare frames for many look-ups."""
        self._frames = frames
        self._conditions = {one.name: one for one in frames.campaign.conditions}
        done = frames.trials[frames.trials["architecture_psnr"].notna()]
        self._scores: dict[str, dict[int, float]] = {
            str(name): dict(zip(rows["trial"], rows["architecture_psnr"], strict=True))
            for name, rows in done.groupby("condition")
        }

    def groups(self) -> list[StrategyGroup]:
        """Return the searches by setting, and by strategy in each of them."""
        firsts: dict[str, Condition] = {}
        searches: dict[str, dict[str, list[Search]]] = {}
        for condition in self._conditions.values():
            if (run := condition.run) is not None and run.part == "search":
                setting = condition.name.removesuffix(f"-{run.strategy}-{run.repetition}")
                firsts.setdefault(setting, condition)
                of_setting = searches.setdefault(setting, {})
                of_setting.setdefault(run.strategy, []).append(self._search(condition, run))
        return [
            StrategyGroup(
                firsts[setting],
                tuple(
                    StrategyRuns(name, tuple(sorted(found, key=lambda one: one.repetition)))
                    for name, found in strategies.items()
                ),
            )
            for setting, strategies in searches.items()
        ]

    def _search(self, condition: Condition, run: Run) -> Search:
        proposed = condition.architectures or ()
        scores = self._ended(condition, len(proposed))
        trials = sorted(scores)
        values = np.array([scores[trial] for trial in trials])
        architectures = tuple(proposed[trial] for trial in trials)
        return Search(
            run.repetition,
            architectures,
            tuple(run.roles[trial] for trial in trials),
            values,
            self._cost(condition, trials),
            self._best(condition, dict(zip(architectures, values, strict=True))),
        )

    def _ended(self, condition: Condition, count: int) -> dict[int, float]:
        """Return the score of each trial that ended, of the first ones; NaN if it crashed."""
        crashed = crashed_trials(self._frames.evaluations, condition.name)
        found = dict.fromkeys(crashed, math.nan) | self._scores.get(condition.name, {})
        return {trial: score for trial, score in found.items() if trial < count}

    def _cost(self, condition: Condition, trials: Sequence[int]) -> Floats:
        """Return the cost of a search up to each training; the supernets before it count, too.

        A strategy asks one thing after the other, so a supernet came before the trainings that were
        submitted after it.
        """
        jobs = self._frames.evaluations
        begun = jobs["condition"].str.startswith(f"{condition.name}-supernet-")
        supernets = jobs[begun].groupby("condition")["submitted"].min().tolist()
        submitted: dict[int, pd.Timestamp] = {}
        of_search = jobs[jobs["condition"] == condition.name].sort_values("submitted")
        for first, count, time in zip(
            *(of_search[name].tolist() for name in ("first_trial", "trials", "submitted")),
            strict=True,
        ):
            for trial in range(first, first + count):
                submitted.setdefault(trial, time)
        return np.array(
            [
                place + sum(supernet < submitted[trial] for supernet in supernets)
                for place, trial in enumerate(trials, start=1)
            ],
            dtype=np.float64,
        )

    def _best(self, search: Condition, scores: dict[Architecture, float]) -> Best | None:
        """Return the best architectures of a search; None before all their trainings ended."""
        condition = self._conditions.get(f"{search.name}-top")
        if condition is None or condition.seeds is None or condition.architectures is None:
            return None
        trials, seeds = condition.trials, len(condition.seeds)
        ended = self._ended(condition, trials)
        if len(ended) < trials:
            return None
        architectures = condition.architectures[:trials:seeds]
        return Best(
            architectures,
            np.array([scores[one] for one in architectures]),
            np.array([ended[trial] for trial in range(trials)]).reshape(-1, seeds),
        )
