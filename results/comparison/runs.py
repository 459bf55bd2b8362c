"""Trials that explain a comparison, beyond the re-runs: which to run, and what they are.

Each incumbent is run on the other problem, with the settings of its re-runs. Each architecture that
the re-runs of an incumbent found is trained with the ``param_*`` of the other incumbent. Both are
conditions of one campaign.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
"""A one-shot study and a final study."""


@dataclass(frozen=True, slots=True)
class ExtraTrials:
    """Trials beyond those of two studies, as frames with a column ``architecture_psnr``.

    An empty frame stands for trials that were not run.
    """

    problem: str
    """Name of the other problem."""
    crossed: tuple[pd.DataFrame, pd.DataFrame]
    """Trials of the incumbents on the other problem, the one-shot study's first."""
    exchanged: tuple[pd.DataFrame, pd.DataFrame]
    """Trials of the architectures of an incumbent's re-runs with the ``param_*`` of the other
    incumbent, the one-shot study's architectures first. The column ``index`` counts the re-runs,
    and ``architecture`` is the architecture that was trained."""
    crossed_crashed: tuple[int, int] = (0, 0)
    """Numbers of crashed trials on the other problem, the one-shot study's first."""


def campaign_name(one_shot: str, final: str) -> str:
    """Return the name of the campaign that belongs to the comparison of two studies."""
    return f"{one_shot}-against-{final}"


def crossed_conditions(pair: Pair, *, trials: int, batch: int) -> tuple[Condition, ...]:
    """Return the conditions that run both incumbents on the other problem.

    Args:
        pair: The studies.
        trials: Number of fresh seeds for each incumbent.
        batch: Number of seeds per job.

    Returns:
        The condition of the one-shot study's incumbent first. Empty if the problem has no other
        problem, or if both studies have the same incumbent.

    Raises:
        StoreError: If a study has no incumbent.
    """
    one, two = (incumbent_of(frames) for frames in pair)
    other = OTHER.get(one.study.problem.name)
    if other is None or _same(one, two):
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
        The condition of the one-shot study's architectures first. Empty if both incumbents have
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


def extra_trials(pair: Pair, campaign: CampaignFrames) -> ExtraTrials:
    """Return the trials of a campaign that belong to the present incumbents of two studies.

    Args:
        pair: The studies, with re-runs. Trials of earlier incumbents are left out.
        campaign: The campaign of their comparison.
    """
    # The number of trials does not matter here: all that exist count.
    crossed = [condition.name for condition in crossed_conditions(pair, trials=1, batch=1)]
    exchanged = [condition.name for condition in exchanged_conditions(pair, trials=1, batch=1)]
    return ExtraTrials(
        problem=OTHER.get(pair[0].study.problem.name, ""),
        crossed=_two(campaign, crossed),
        crossed_crashed=_crashed(campaign, crossed),
        exchanged=_two(campaign, exchanged),
    )


def _two(campaign: CampaignFrames, names: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    trials = campaign.trials.rename(columns={"trial": "index"})
    first, second = names or ("", "")  # no condition has an empty name
    return trials[trials["condition"] == first], trials[trials["condition"] == second]


def _crashed(campaign: CampaignFrames, names: Sequence[str]) -> tuple[int, int]:
    counts = campaign.conditions.set_index("condition")["crashed"]
    first, second = names or ("", "")
    return int(counts.get(first, 0)), int(counts.get(second, 0))


def _same(one: Incumbent, two: Incumbent) -> bool:
    return (one.hyperparameters, one.epochs) == (two.hyperparameters, two.epochs)


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
        trials=batch, time_limit=limits.time_limit, memory_limit=limits.memory_limit
    )
