"""A campaign as tidy pandas frames: one row per condition, job, trial, or epoch of a curve."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import sqlalchemy as sa

from configspace.campaign import Campaign
from configspace.condition import Condition
from results.frames.study import (
    CURVE,
    HYPERPARAMETERS,
    TIME,
    TRIAL,
    read_rows,
    typed,
    with_plasticity,
    with_signals,
)
from results.store.schema import curves, evaluations, studies, trials
from results.store.store import Store

KEYS = ["space", "operations", "problem", "method", "hyperparameters"]
"""Columns of a campaign's trials that together identify a setting of the paper."""

_CONDITION = {
    "campaign": "str",
    "condition": "str",
    "space": "str",
    "operations": "str",
    "problem": "str",
    "method": "str",
    "hyperparameters": "str",
    "epochs": "int64",
}
_CONDITIONS = {
    **_CONDITION,
    "seed": "int64",
    "trials": "int64",
    "finished": "int64",
    "crashed": "int64",
    "state": "str",
    **HYPERPARAMETERS,
}
_EVALUATIONS = {
    **_CONDITION,
    "first_trial": "int64",
    "trials": "int64",
    "state": "str",
    "attempts": "int64",
    "psnr": "float64",
    "worker": "str",
    "device": "str",
    "engine": "str",
    "failure": "str",
    "message": "str",
    "submitted": TIME,
    "started": TIME,
    "finished": TIME,
}
_TRIALS = {**_CONDITION, **TRIAL}
_CURVES = {**_CONDITION, **CURVE}
_CANDIDATES = {
    **_CONDITION,
    "trial": "int64",
    "candidate": "int64",
    "psnr": "float64",
    "alpha_likelihood": "float64",
}


@dataclass(frozen=True, slots=True)
class CampaignFrames:
    """All results of one campaign; conditions are in the order in which they were added.

    All frames have the columns ``campaign``, ``condition`` (its name), ``space``, ``operations``,
    ``problem``, ``method``, ``hyperparameters`` (name of the preset) and ``epochs``.
    """

    campaign: Campaign
    """Conditions of the campaign, with their current settings."""
    conditions: pd.DataFrame
    """One row per condition.

    - ``seed``: seed of the condition
    - ``trials``: number of trials that it plans
    - ``finished``, ``crashed``: number of trials that finished or crashed
    - ``state``: ``running``, ``interrupted`` (its master was killed), ``stopped`` or ``done``
    - one column per hyperparameter
    """
    evaluations: pd.DataFrame
    """One row per job, ordered by condition and submission.

    - ``first_trial``, ``trials``: index of its first trial in the condition, number of its trials
    - ``state``: ``queued``, ``running``, ``finished``, ``crashed`` or ``lost``
    - ``attempts``: number of leases so far
    - ``psnr``: mean PSNR of its trials, in dB
    - ``worker``, ``device``, ``engine``: where it ran
    - ``failure``, ``message``: kind and text of its failure; missing (NaN) if it did not fail
    - ``submitted``, ``started``, ``finished``: times of submission, newest lease and end, UTC
    """
    trials: pd.DataFrame
    """One row per finished trial.

    - ``trial``: index of the trial in its condition, from 0
    - ``seed``: seed of all its random numbers
    - ``one_shot_psnr``: PSNR of the supernet after the search, in dB; missing if nothing was
      searched
    - ``architecture_psnr``: PSNR of the trained architecture, in dB
    - ``architecture``: operations of the edges, separated by spaces
    - ``search_seconds``, ``retrain_seconds``: wall time of its batch divided by the trials in the
      batch, in seconds
    - ``signal_seconds``: the same for the short and the second retraining; missing without either
    - one column per signal of `configspace.signals`; missing if it was not measured
    - ``chosen_search``: as in `results.frames.study.Frames.trials`
    """
    curves: pd.DataFrame
    """One row per trial, phase and epoch; see `results.frames.study.Frames.curves`."""
    candidates: pd.DataFrame
    """One row per trial and candidate of ``[surrogate]``, see `configspace.surrogate`.

    - ``trial``: index of the trial, whose supernet scores
    - ``candidate``: index of the architecture; it is that of the trial with the method ``random``
      that trains it
    - ``psnr``: PSNR with the weights of the supernet, in dB; missing if it is not finite
    - ``alpha_likelihood``: log-likelihood under softmax(α); missing after a search without α
    """


def load_campaign(url: str, name: str, *, with_curves: bool = False) -> CampaignFrames:
    """Return all results of a campaign.

    Args:
        url: URL of the store, such as ``sqlite:///dartboard.db``.
        name: Name of the campaign.
        with_curves: Whether to read the curves, which are most of a store. If not, their frame is
            empty.

    Returns:
        Frames of one moment. An empty frame has the same columns and types as a full one.

    Raises:
        StoreError: If the store cannot be read or has no such campaign.
    """
    with Store.open(url, create=False) as store:
        return load_campaign_from(store, name, with_curves=with_curves)


def load_campaign_from(store: Store, name: str, *, with_curves: bool = False) -> CampaignFrames:
    """Return all results of a campaign in an open store; see `load_campaign`."""
    campaign = store.campaign(name)
    with store.reading() as connection:
        found = connection.execute(
            sa.select(studies.c.id, studies.c.name, studies.c.state).where(
                studies.c.campaign == name
            )
        ).all()
        ids = [row.id for row in found]
        run = read_rows(connection, evaluations, ids)
        tried = read_rows(connection, trials, ids)
        drawn = read_rows(connection, curves, ids if with_curves else [])
    id_of = {row.name: row.id for row in found}
    conditions = _conditions(campaign.conditions)
    conditions["study_id"] = [id_of[condition.study] for condition in campaign.conditions]
    states = store.shown_states({row.name: row.state for row in found})
    conditions["state"] = [states[condition.study] for condition in campaign.conditions]

    run = run.rename(columns={"part": "first_trial", "seeds": "trials"})
    run["psnr"] = -run["loss"].astype("float64")
    finished = run[run["state"] == "finished"]
    # A crashed job of several trials is not final: its trials are submitted again, one by one.
    crashed = run[(run["state"] == "crashed") & (run["trials"] == 1)]
    for column, counted in (("finished", finished), ("crashed", crashed)):
        conditions[column] = (
            conditions["study_id"].map(counted.groupby("study_id")["trials"].sum()).fillna(0)
        )
    return CampaignFrames(
        campaign=campaign,
        conditions=typed(conditions, _CONDITIONS),
        evaluations=typed(
            _with_condition(run, conditions).sort_values(["study_id", "submitted_sequence"]),
            _EVALUATIONS,
        ),
        trials=typed(_by_trial(with_signals(tried), run, conditions), _TRIALS),
        curves=typed(_by_trial(with_plasticity(drawn), run, conditions), _CURVES),
        candidates=typed(_by_trial(_scored(tried), run, conditions), _CANDIDATES),
    )


def distinct(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the retrained trials of several campaigns, each trial once.

    Two campaigns can contain the same trial: the same setting, epochs and seed.
    """
    done = trials[trials["architecture_psnr"].notna()]
    return done.drop_duplicates([*KEYS, "epochs", "seed"], ignore_index=True)


def crashed_trials(run: pd.DataFrame, condition: str) -> list[int]:
    """Return the indices of the trials of a condition that crashed.

    A crashed job of several trials is run again, trial by trial, so it does not count yet.

    Args:
        run: The frame ``evaluations`` of the campaign.
        condition: Name of the condition.
    """
    found = run[
        (run["condition"] == condition) & (run["state"] == "crashed") & (run["trials"] == 1)
    ]
    return [int(index) for index in found["first_trial"]]


def _conditions(conditions: Sequence[Condition]) -> pd.DataFrame:
    rows = [
        {
            "campaign": condition.campaign,
            "condition": condition.name,
            "space": condition.architecture.space,
            "operations": condition.architecture.operations,
            "problem": condition.problem.name,
            "method": condition.method,
            "hyperparameters": condition.preset,
            "epochs": condition.epochs,
            "seed": condition.seed,
            "trials": condition.trials,
            **condition.hyperparameters.model_dump(),
        }
        for condition in conditions
    ]
    return pd.DataFrame(rows)


def _scored(tried: pd.DataFrame) -> pd.DataFrame:
    """Return one row per trial and candidate."""
    scored = tried[tried["candidates"].notna()]
    rows = [
        (evaluation, position, candidate, psnr, likelihood)
        for evaluation, position, scores in zip(
            scored["evaluation_id"], scored["position"], scored["candidates"], strict=True
        )
        for candidate, (psnr, likelihood) in enumerate(
            itertools.zip_longest(scores["psnr"], scores["alpha_likelihood"] or ())
        )
    ]
    columns = ["evaluation_id", "position", "candidate", "psnr", "alpha_likelihood"]
    return pd.DataFrame(rows, columns=columns)


def _with_condition(rows: pd.DataFrame, conditions: pd.DataFrame) -> pd.DataFrame:
    described = conditions[["study_id", *(column for column in _CONDITION if column != "epochs")]]
    return rows.merge(described, on="study_id")


def _by_trial(rows: pd.DataFrame, run: pd.DataFrame, conditions: pd.DataFrame) -> pd.DataFrame:
    """Add the condition and the trial to each row; order by condition, then by trial."""
    owner = run[["id", "study_id", "epochs", "first_trial"]].rename(columns={"id": "evaluation_id"})
    joined = _with_condition(owner.merge(rows, on="evaluation_id"), conditions)
    joined["trial"] = joined["first_trial"] + joined["position"]
    if "architecture" in joined:
        joined["architecture"] = [" ".join(names) for names in joined["architecture"]]
        return joined.sort_values(["study_id", "trial"])
    if "candidate" in joined:
        return joined.sort_values(["study_id", "trial", "candidate"])
    # In descending order of the phase, "search" comes before "retrain".
    return joined.sort_values(
        ["study_id", "trial", "phase", "epoch"], ascending=[True, True, False, True]
    )
