"""The runs of a campaign's methods, in groups of conditions that differ in their method only."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from configspace.condition import SEARCHES, Condition
from configspace.errors import StoreError
from configspace.settings import flat
from results.analysis.setting import setting_words
from results.frames.campaign import CampaignFrames, crashed_trials, load_campaign_from
from results.store.store import Store

_SHARED = ("alpha_scale", "warm_up_fraction", "batch_size", "batches")
"""Settings of ``[search]`` that all methods use."""


@dataclass(slots=True)
class MethodRuns:
    """All runs of one method in a group."""

    condition: Condition
    """The first condition with this method."""
    scores: dict[int, float] = field(default_factory=dict)
    """Final score of each finished trial in dB, by the trial's seed, in the order of the trials."""
    crashed: set[int] = field(default_factory=set)
    """Seeds of the trials that crashed."""
    planned: set[int] = field(default_factory=set)
    """Seeds of all trials."""

    @property
    def cost(self) -> int:
        """Epochs of one run: those of its searches, and of the training of its architecture."""
        condition = self.condition
        if condition.method not in SEARCHES:
            return condition.epochs
        fraction = condition.evaluation.short_fraction
        return condition.search.search_epochs(condition.epochs, fraction) + condition.epochs


@dataclass(frozen=True, slots=True)
class MethodGroup:
    """Methods that are comparable: everything else is the same."""

    first: Condition
    """A condition of the group; all others differ in their method, name, trials and seed only."""
    methods: dict[str, MethodRuns]
    """Runs by the name of the method."""
    differs: str = ""
    """Settings that distinguish it from groups whose name would be the same."""

    @property
    def name(self) -> str:
        """Problem, space, operations, epochs and hyperparameters in words."""
        words = setting_words(self.first)
        return f"{words}, {self.differs}" if self.differs else words


def load_methods(url: str, names: Sequence[str]) -> list[MethodGroup]:
    """Return the methods of campaigns in groups, in the order of their conditions.

    Conditions that train given architectures are left out: they have no method. A run that two
    campaigns share counts once.

    Args:
        url: URL of the store, such as ``sqlite:///dartboard.db``.
        names: Names of campaigns.

    Raises:
        StoreError: If the store cannot be read, a campaign is missing, no condition has a method,
            or two conditions of a group have one method with different settings.
    """
    with Store.open(url, create=False) as store:
        campaigns = [load_campaign_from(store, name) for name in dict.fromkeys(names)]
    groups: dict[str, MethodGroup] = {}
    for frames in campaigns:
        for condition in frames.campaign.conditions:
            if condition.method != "given":
                key = json.dumps(_settings(condition), sort_keys=True)
                group = groups.setdefault(key, MethodGroup(condition, {}))
                _add(group, condition, frames)
    if not groups:
        raise StoreError(
            f"expected conditions with a method, got none in {', '.join(names)}",
            advice="name a campaign that searches",
        )
    return [_told_apart(group, groups.values()) for group in groups.values()]


def _add(group: MethodGroup, condition: Condition, frames: CampaignFrames) -> None:
    """Add the trials of a condition to its method.

    Raises:
        StoreError: If the group has the method with other settings.
    """
    runs = group.methods.setdefault(condition.method, MethodRuns(condition))
    same_seed = runs.condition.model_copy(update={"seed": condition.seed})
    if found := same_seed.differences(condition):
        raise StoreError(
            f"expected equal settings of one method, got conditions {runs.condition.study!r} "
            f"(there) and {condition.study!r} (here), which differ: "
            f"{'; '.join(one.text('there', 'here') for one in found)}",
            advice="name one campaign",
        )
    trials = frames.trials[frames.trials["condition"] == condition.name]
    trials = trials[trials["architecture_psnr"].notna()]
    runs.scores |= dict(zip(trials["seed"], trials["architecture_psnr"].astype(float), strict=True))
    runs.planned.update(condition.trial_seeds(range(condition.trials)))
    for index in crashed_trials(frames.evaluations, condition.name):
        runs.crashed.update(condition.trial_seeds(range(index, index + 1)))
    runs.crashed -= runs.scores.keys()


def _told_apart(group: MethodGroup, groups: Iterable[MethodGroup]) -> MethodGroup:
    """Return a group with the settings in which it differs from others with the same name."""
    own = _settings(group.first)
    keys: dict[str, None] = {}
    for other in groups:
        if other is not group and other.name == group.name:
            theirs = _settings(other.first)
            keys |= dict.fromkeys(key for key in own if own[key] != theirs.get(key))
    return replace(group, differs=", ".join(f"{key} {own[key]}" for key in keys))


def _settings(condition: Condition) -> dict[str, Any]:
    """Return the settings that the methods of a group share."""
    architecture = condition.architecture
    return flat(
        {
            "problem": condition.problem.model_dump(mode="json"),
            "architecture": architecture.model_dump(mode="json", exclude=architecture.unused),
            "search": condition.search.model_dump(mode="json", include=set(_SHARED)),
            "epochs": condition.epochs,
            "preset": condition.preset,
            "hyperparameters": condition.hyperparameters.model_dump(mode="json"),
        }
    )
