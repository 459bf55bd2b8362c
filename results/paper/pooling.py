"""Conditions of several campaigns that stand in one row: which may, and how many trials they have.

What a store knows of a trial that crashed is that it did. Without its count a setting whose worst
trials crash would look better than it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from configspace.condition import Condition
from configspace.errors import StoreError
from results.frames.campaign import CampaignFrames
from results.paper import labels
from results.paper.published import Setting

_SHOWN = 3
"""Differences that an error lists; two conditions of given architectures may have one a trial."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How far the trials of one setting are."""

    wanted: int
    finished: int
    """Trials that have a score."""
    crashed: int


def setting_of(condition: Condition) -> Setting:
    """Return the setting whose row a condition's trials stand in."""
    return Setting(
        condition.architecture.space,
        condition.architecture.operations,
        condition.problem.name,
        condition.method,
        condition.preset,
    )


def refuse_mixtures(conditions: Iterable[Condition]) -> None:
    """Make sure that conditions in one row differ in nothing that decides a result but the seed.

    Raises:
        StoreError: If two do; it names both, and what they differ in.
    """
    first_of: dict[Setting, Condition] = {}
    for condition in conditions:
        first = first_of.setdefault(setting_of(condition), condition)
        found = first.model_copy(update={"seed": condition.seed}).differences(condition)
        if found:
            shown = [one.text("there", "here") for one in found[:_SHOWN]]
            more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
            raise StoreError(
                f"conditions {first.study!r} (there) and {condition.study!r} (here) "
                "would be one row, but "
                f"differ ({'; '.join([*shown, *more])}); name one campaign with --campaign"
            )


def tallies(campaigns: Sequence[CampaignFrames]) -> dict[Setting, Tally]:
    """Return how far each setting is; a trial that is in several campaigns counts once."""
    seeds: dict[Setting, tuple[set[int], set[int], set[int]]] = {}
    for frames in campaigns:
        for condition in frames.campaign.conditions:
            wanted, finished, crashed = seeds.setdefault(
                setting_of(condition), (set(), set(), set())
            )
            wanted.update(condition.trial_seeds(range(condition.trials)))
            trials = frames.trials
            own = trials[
                (trials["condition"] == condition.name) & trials["architecture_psnr"].notna()
            ]
            finished.update(own["seed"].tolist())
            for index in _crashed(frames.evaluations, condition.name):
                crashed.update(condition.trial_seeds(range(index, index + 1)))
    return {
        setting: Tally(
            # More trials than are wanted may be there: a campaign can be begun again with fewer.
            wanted=len(wanted | finished | crashed),
            finished=len(finished),
            crashed=len(crashed - finished),
        )
        for setting, (wanted, finished, crashed) in seeds.items()
    }


def crashed_text(found: Mapping[Setting, Tally]) -> list[str]:
    """Say of each setting with crashed trials how many they are."""
    return [
        f"{labels.setting(setting)}: {one.crashed} of {one.wanted} trials crashed and are not "
        "counted"
        for setting, one in found.items()
        if one.crashed
    ]


def unfinished_text(found: Mapping[Setting, Tally]) -> list[str]:
    """Say of each setting whose trials have not all been run how many have."""
    return [
        f"{labels.setting(setting)}: {one.finished} of {one.wanted} trials so far"
        for setting, one in found.items()
        if one.finished + one.crashed < one.wanted
    ]


def _crashed(evaluations: pd.DataFrame, condition: str) -> list[int]:
    # A crashed job of several trials is on its way to be run trial by trial.
    found = evaluations[
        (evaluations["condition"] == condition)
        & (evaluations["state"] == "crashed")
        & (evaluations["trials"] == 1)
    ]
    return [int(index) for index in found["first_trial"]]
