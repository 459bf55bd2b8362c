"""Conditions of several campaigns in one row of a table: checks, and counts of their trials.

Crashed trials have no score, so only their number can be reported. Without it, a setting whose
worst trials crash would look better than it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from configspace.condition import Condition
from configspace.errors import StoreError
from results.frames.campaign import CampaignFrames, crashed_trials
from results.paper import labels
from results.paper.published import Setting

_SHOWN = 3
"""Number of differences that an error lists. Two conditions with given architectures may differ
in every trial."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers of trials of one setting."""

    planned: int
    finished: int
    """Number of trials that have a score."""
    crashed: int


def setting_of(condition: Condition) -> Setting:
    """Return the setting of the row to which the trials of a condition belong."""
    return Setting(
        condition.architecture.space,
        condition.architecture.operations,
        condition.problem.name,
        condition.method,
        condition.preset,
    )


def refuse_mixtures(conditions: Iterable[Condition]) -> None:
    """Check that conditions in one row have the same settings, except for the seed.

    Raises:
        StoreError: If two conditions of one row differ. The error names both and the keys.
    """
    first_of: dict[Setting, Condition] = {}
    for condition in conditions:
        first = first_of.setdefault(setting_of(condition), condition)
        found = first.model_copy(update={"seed": condition.seed}).differences(condition)
        if found:
            shown = [one.text("there", "here") for one in found[:_SHOWN]]
            more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
            raise StoreError(
                f"expected equal settings in one row of a table, got conditions {first.study!r} "
                f"(there) and {condition.study!r} (here), which differ: "
                f"{'; '.join([*shown, *more])}",
                advice="name one campaign with --campaign",
            )


def tallies(campaigns: Sequence[CampaignFrames]) -> dict[Setting, Tally]:
    """Return the numbers of trials of each setting; a trial of several campaigns counts once."""
    seeds: dict[Setting, tuple[set[int], set[int], set[int]]] = {}
    for frames in campaigns:
        for condition in frames.campaign.conditions:
            planned, finished, crashed = seeds.setdefault(
                setting_of(condition), (set(), set(), set())
            )
            planned.update(condition.trial_seeds(range(condition.trials)))
            trials = frames.trials
            scored = trials[
                (trials["condition"] == condition.name) & trials["architecture_psnr"].notna()
            ]
            finished.update(scored["seed"].tolist())
            for index in crashed_trials(frames.evaluations, condition.name):
                crashed.update(condition.trial_seeds(range(index, index + 1)))
    return {
        setting: Tally(
            # A campaign can be started again with fewer trials, so there may be more than planned.
            planned=len(planned | finished | crashed),
            finished=len(finished),
            crashed=len(crashed - finished),
        )
        for setting, (planned, finished, crashed) in seeds.items()
    }


def crashed_text(found: Mapping[Setting, Tally]) -> list[str]:
    """Return a sentence for each setting with crashed trials."""
    return [
        f"{labels.setting(setting)}: {one.crashed} of {one.planned} trials crashed and are not "
        "counted"
        for setting, one in found.items()
        if one.crashed
    ]


def unfinished_text(found: Mapping[Setting, Tally]) -> list[str]:
    """Return a sentence for each setting with trials that are still missing."""
    return [
        f"{labels.setting(setting)}: {one.finished} of {one.planned} trials so far"
        for setting, one in found.items()
        if one.finished + one.crashed < one.planned
    ]
