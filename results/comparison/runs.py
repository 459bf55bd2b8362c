"""What a comparison wants run beyond re-runs, as the conditions of a campaign, and what came of it.

Each incumbent is run on the other problem, as it was re-run on its own; and each architecture that
an incumbent's re-runs found is trained with the ``param_*`` of the other incumbent.
"""

from collections.abc import Sequence

import pandas as pd

from configspace.condition import Condition, ConditionEvaluation
from configspace.hyperparameters import Hyperparameters
from configspace.study import Study
from results.analysis.incumbent import Incumbent, incumbent_of, reruns_of_incumbent
from results.comparison.report import Runs
from results.frames.campaign import CampaignFrames
from results.frames.study import Frames

OTHER = {"blur": "downsampling", "downsampling": "blur"}
"""The problem on which an incumbent is cross-checked; a user's own has none."""

Pair = tuple[Frames, Frames]
"""A one-shot study and a final one."""


def campaign_name(one_shot: str, final: str) -> str:
    """Return the name of the campaign that belongs to a comparison."""
    return f"{one_shot}-against-{final}"


def crossed_conditions(pair: Pair, *, trials: int, batch: int) -> tuple[Condition, ...]:
    """Return both incumbents on the other problem, the one-shot study's first.

    Args:
        pair: The studies.
        trials: Fresh seeds of each.
        batch: Seeds a job.

    Returns:
        Nothing if the problem has no other, or both studies have the same incumbent.

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
    """Return the architectures of both incumbents' re-runs with the other's training.

    Args:
        pair: The studies, with re-runs.
        trials: How many architectures of each, at most; there is one of each re-run.
        batch: Architectures a job.

    Returns:
        The one-shot study's architectures first. Nothing if both incumbents have the same
        ``param_*``, or one has no re-runs.

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
            name=f"{_label(own)}-architectures-trained-as-{_label(other)}",
            problem=own.study.problem,
            architecture=own.study.architecture,
            # Nothing is searched, whatever found the architectures.
            search=own.study.search.model_copy(update={"variant": "darts"}),
            evaluation=_evaluation(own.study, batch),
            method="given",
            preset=f"{_label(own)}-trained-as-{_label(other)}",
            hyperparameters=own.hyperparameters.model_copy(update=_training(other.hyperparameters)),
            epochs=own.epochs,
            trials=len(architectures),
            architectures=tuple(architectures),
        )
        for own, other, architectures in ((one, two, found[0]), (two, one, found[1]))
    )


def runs_of(pair: Pair, campaign: CampaignFrames) -> Runs:
    """Return what a campaign holds of the conditions that two studies want now.

    Args:
        pair: The studies, with re-runs; what earlier incumbents did is left out.
        campaign: Their comparison's.
    """
    # How many trials were asked for does not matter: what there is counts.
    crossed = [condition.name for condition in crossed_conditions(pair, trials=1, batch=1)]
    exchanged = [condition.name for condition in exchanged_conditions(pair, trials=1, batch=1)]
    return Runs(
        problem=OTHER.get(pair[0].study.problem.name, ""),
        crossed=_two(campaign, crossed),
        exchanged=_two(campaign, exchanged),
    )


def _two(campaign: CampaignFrames, names: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    trials = campaign.trials.rename(columns={"trial": "index"})
    first, second = names or ("", "")  # no condition has an empty name
    return trials[trials["condition"] == first], trials[trials["condition"] == second]


def _same(one: Incumbent, two: Incumbent) -> bool:
    return (one.hyperparameters, one.epochs) == (two.hyperparameters, two.epochs)


def _training(hyperparameters: Hyperparameters) -> dict[str, object]:
    """Return the values with which weights are trained."""
    values = hyperparameters.model_dump()
    return {name: value for name, value in values.items() if name.startswith("param_")}


def _architectures(frames: Frames) -> list[str]:
    return [str(names) for names in reruns_of_incumbent(frames)["architecture"]]


def _label(found: Incumbent) -> str:
    """Name an incumbent, so that another one of the same study has other conditions."""
    iteration, rung, number = found.configuration
    return f"{found.study.objective}-{iteration}.{rung}.{number}-{found.epochs}"


def _evaluation(study: Study, batch: int) -> ConditionEvaluation:
    limits = study.evaluation
    return ConditionEvaluation(
        trials=batch, time_limit=limits.time_limit, memory_limit=limits.memory_limit
    )
