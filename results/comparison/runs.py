"""Trials that explain a comparison, beyond the re-runs: which to run, and what they are.

Each incumbent is run on the other problem, with the settings of its re-runs. Each architecture that
the re-runs of an incumbent found is trained with the ``param_*`` of the incumbent with which it is
compared. Both are conditions of one campaign per pair of a study and the reference, so a comparison
may get one more study, and nothing runs again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from configspace.condition import Condition
from configspace.evaluation import ConditionEvaluation
from configspace.hyperparameters import Hyperparameters
from configspace.study import Study
from results.analysis.incumbent import Incumbent, incumbent_of, reruns_of_incumbent
from results.frames.campaign import CampaignFrames
from results.frames.study import Frames

OTHER = {"blur": "downsampling", "downsampling": "blur"}
"""The other problem, on which an incumbent is run, too; a custom problem does not have one."""

Pair = tuple[Frames, Frames]
"""A study and the reference, which is a final study."""


@dataclass(frozen=True, slots=True)
class ExtraTrials:
    """Trials beyond those of two studies, as frames with a column ``architecture_psnr``.

    An empty frame stands for trials that were not run.
    """

    problem: str
    """Name of the other problem."""
    crossed: tuple[pd.DataFrame, pd.DataFrame]
    """Trials of the incumbents on the other problem, the other study's first."""
    exchanged: tuple[pd.DataFrame, pd.DataFrame]
    """Trials of the architectures of an incumbent's re-runs with the ``param_*`` of the other
    incumbent, the other study's architectures first. The column ``index`` counts the re-runs,
    and ``architecture`` is the architecture that was trained."""
    crossed_crashed: tuple[int, int] = (0, 0)
    """Numbers of crashed trials on the other problem, the other study's first."""


def campaign_name(other: str, reference: str) -> str:
    """Return the name of the campaign that belongs to the comparison of a study with another."""
    return f"{other}-against-{reference}"


def pairs_of(studies: Sequence[Frames]) -> list[Pair]:
    """Return each study next to the reference, which is the last one."""
    *others, reference = studies
    return [(other, reference) for other in others]


def crossings(
    pairs: Sequence[Pair], known: Mapping[str, Collection[str]], *, trials: int, batch: int
) -> list[Condition]:
    """Return the conditions that run all incumbents on the other problem, each of them once.

    That of the reference is in the campaign of the first pair that has it already; if none does, of
    the first pair.

    Args:
        pairs: The studies, each next to the reference.
        known: Names of the conditions that the store has, by campaign.
        trials: Number of fresh seeds for each incumbent.
        batch: Number of seeds per job.

    Raises:
        StoreError: If a study has no incumbent.
    """
    of_pairs = [crossed_conditions(pair, trials=trials, batch=batch) for pair in pairs]
    found = [conditions for conditions in of_pairs if conditions]
    of_reference = [reference for _, reference in found]
    home = next((one for one in of_reference if one.name in known.get(one.campaign, ())), None)
    return [
        one
        for other, reference in found
        for one in (other, reference)
        if one is other or reference is (home or of_reference[0])
    ]


def crossed_conditions(pair: Pair, *, trials: int, batch: int) -> tuple[Condition, ...]:
    """Return the conditions that run both incumbents on the other problem.

    Args:
        pair: The studies.
        trials: Number of fresh seeds for each incumbent.
        batch: Number of seeds per job.

    Returns:
        The condition of the other study's incumbent first. Empty if the problem has no other
        problem, or if both studies have the same incumbent.

    Raises:
        StoreError: If a study has no incumbent.
    """
    one, two = (incumbent_of(frames) for frames in pair)
    other = OTHER.get(one.study.problem.name)
    if other is None or one.setting == two.setting:
        return ()
    return tuple(
        Condition(
            campaign=campaign_name(one.study.name, two.study.name),
            name=f"{_label(found)}-on-{other}",
            problem=found.study.problem.model_copy(update={"name": other}),
            architecture=found.study.architecture,
            search=found.study.search,
            evaluation=_evaluation(found.study, batch),
            method=found.study.search.variant,
            preset=_label(found),
            hyperparameters=found.hyperparameters,
            epochs=found.epochs,
            trials=trials,
        )
        for found in (one, two)
    )


def exchanged_conditions(pair: Pair, *, trials: int, batch: int) -> tuple[Condition, ...]:
    """Return the conditions that train the architectures of each incumbent as the other's.

    Args:
        pair: The studies, with re-runs.
        trials: Maximum number of architectures of each incumbent; each re-run gives one.
        batch: Number of architectures per job.

    Returns:
        The condition of the other study's architectures first. Empty if both incumbents have
        the same ``param_*``, or if one of them has no re-runs.

    Raises:
        StoreError: If a study has no incumbent.
    """
    one, two = (incumbent_of(frames) for frames in pair)
    found = [[tuple(row.split()) for row in _architectures(frames)][:trials] for frames in pair]
    if _training(one.hyperparameters) == _training(two.hyperparameters) or not all(found):
        return ()
    return tuple(
        Condition(
            campaign=campaign_name(one.study.name, two.study.name),
            name=f"{_label(found_by)}-architectures-trained-as-{_label(other)}",
            problem=found_by.study.problem,
            architecture=found_by.study.architecture,
            # Nothing is searched here, whatever search found the architectures.
            search=found_by.study.search.model_copy(update={"variant": "darts"}),
            evaluation=_evaluation(found_by.study, batch),
            method="given",
            preset=f"{_label(found_by)}-trained-as-{_label(other)}",
            hyperparameters=found_by.hyperparameters.model_copy(
                update=_training(other.hyperparameters)
            ),
            epochs=found_by.epochs,
            trials=len(architectures),
            architectures=tuple(architectures),
        )
        for found_by, other, architectures in ((one, two, found[0]), (two, one, found[1]))
    )


def extra_trials(pair: Pair, campaigns: Mapping[str, CampaignFrames]) -> ExtraTrials:
    """Return the trials of campaigns that belong to the present incumbents of two studies.

    Args:
        pair: The studies, with re-runs. Trials of earlier incumbents are left out.
        campaigns: The campaigns of a comparison by name, in the order of its studies. One of them
            has the trials of the reference's incumbent on the other problem.
    """
    # The number of trials does not matter here: all that exist count.
    crossed = [
        (_home(one, campaigns) if index else one.campaign, one.name)
        for index, one in enumerate(crossed_conditions(pair, trials=1, batch=1))
    ]
    exchanged = [(one.campaign, one.name) for one in exchanged_conditions(pair, trials=1, batch=1)]
    return ExtraTrials(
        problem=OTHER.get(pair[0].study.problem.name, ""),
        crossed=_two(campaigns, crossed),
        crossed_crashed=_crashed(campaigns, crossed),
        exchanged=_two(campaigns, exchanged),
    )


def _home(condition: Condition, campaigns: Mapping[str, CampaignFrames]) -> str:
    """Return the campaign that has a condition of the reference; its own if none does."""
    return next(
        (
            name
            for name, frames in campaigns.items()
            if condition.name in set(frames.conditions["condition"])
        ),
        condition.campaign,
    )


_NONE: Final = pd.DataFrame({"index": [0], "architecture": [""], "architecture_psnr": [0.0]})[:0]
"""Trials that were not run."""
_Place = tuple[str, str]
"""Names of a campaign and of a condition in it."""


def _two(
    campaigns: Mapping[str, CampaignFrames], places: Sequence[_Place]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    first, second = places or (None, None)
    return _trials(campaigns, first), _trials(campaigns, second)


def _trials(campaigns: Mapping[str, CampaignFrames], place: _Place | None) -> pd.DataFrame:
    if place is None or place[0] not in campaigns:
        return _NONE
    trials = campaigns[place[0]].trials.rename(columns={"trial": "index"})
    return trials[trials["condition"] == place[1]]


def _crashed(campaigns: Mapping[str, CampaignFrames], places: Sequence[_Place]) -> tuple[int, int]:
    counts = [
        int(campaigns[campaign].conditions.set_index("condition")["crashed"].get(name, 0))
        if campaign in campaigns
        else 0
        for campaign, name in places
    ]
    first, second = counts or (0, 0)
    return first, second


def _training(hyperparameters: Hyperparameters) -> dict[str, object]:
    """Return the hyperparameters with which weights are trained."""
    values = hyperparameters.model_dump()
    return {name: value for name, value in values.items() if name.startswith("param_")}


def _architectures(frames: Frames) -> list[str]:
    return [str(names) for names in reruns_of_incumbent(frames)["architecture"]]


def _label(found: Incumbent) -> str:
    """Return a label of an incumbent that no other incumbent of the study has."""
    iteration, rung, number = found.configuration
    return f"{found.study.objective}-{iteration}.{rung}.{number}-{found.epochs}"


def _evaluation(study: Study, batch: int) -> ConditionEvaluation:
    limits = study.evaluation
    return ConditionEvaluation(
        trials=batch,
        time_limit=limits.time_limit,
        memory_limit=limits.memory_limit,
        short_fraction=limits.short_fraction,
    )
