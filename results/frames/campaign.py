"""A campaign as tidy pandas frames: a row a cell, and a row a trial."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import sqlalchemy as sa

from configspace.campaign import Campaign
from configspace.condition import Cell
from results.frames.study import CURVE, HYPERPARAMETERS, TIME, TRIAL, read_rows, typed
from results.store.schema import curves, evaluations, studies, trials
from results.store.store import Store

_CELL = {
    "campaign": "str",
    "cell": "str",
    "space": "str",
    "operations": "str",
    "problem": "str",
    "method": "str",
    "hyperparameters": "str",
    "epochs": "int64",
}
_CELLS = {
    **_CELL,
    "seed": "int64",
    "trials": "int64",
    "finished": "int64",
    "crashed": "int64",
    "state": "str",
    **HYPERPARAMETERS,
}
_EVALUATIONS = {
    **_CELL,
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
_TRIALS = {**_CELL, **TRIAL}
_CURVES = {**_CELL, **CURVE}


@dataclass(frozen=True, slots=True)
class CampaignFrames:
    """Everything a store holds of one campaign; cells in the order in which they were entered."""

    campaign: Campaign
    cells: pd.DataFrame
    """A row a cell: what it is, and how many of its ``trials`` are finished or crashed."""
    evaluations: pd.DataFrame
    """A row a job, cell by cell in the order of submission; ``psnr`` is its mean over trials."""
    trials: pd.DataFrame
    """A row a finished trial; PSNRs in dB. ``one_shot_psnr`` is missing where nothing was
    searched. ``architecture`` names the edges' operations, parted by spaces."""
    curves: pd.DataFrame
    """A row a trial, phase and epoch, from 1."""


def load_campaign(url: str, name: str, *, with_curves: bool = False) -> CampaignFrames:
    """Return everything a store holds of a campaign.

    Args:
        url: Where the store is, such as ``sqlite:///dartboard.db``.
        name: The campaign's name.
        with_curves: Whether to read the curves, which are most of a store; without, their frame
            is empty.

    Returns:
        Frames of one and the same moment. Empty ones have their columns and types all the same.

    Raises:
        StoreError: If the store cannot be read, or has no such campaign.
    """
    with Store.open(url, create=False) as store:
        return load_campaign_from(store, name, with_curves=with_curves)


def load_campaign_from(store: Store, name: str, *, with_curves: bool = False) -> CampaignFrames:
    """Return everything an open store holds of a campaign; see `load_campaign`."""
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
    cells = _cells(campaign.cells)
    cells["study_id"] = [id_of[cell.study] for cell in campaign.cells]
    cells["state"] = cells["study_id"].map({row.id: row.state for row in found})

    run = run.rename(columns={"part": "first_trial", "seeds": "trials"})
    run["psnr"] = -run["loss"].astype("float64")
    finished = run[run["state"] == "finished"]
    # A crashed job of several trials is on its way to be run trial by trial.
    crashed = run[(run["state"] == "crashed") & (run["trials"] == 1)]
    for column, counted in (("finished", finished), ("crashed", crashed)):
        cells[column] = cells["study_id"].map(counted.groupby("study_id")["trials"].sum()).fillna(0)
    return CampaignFrames(
        campaign=campaign,
        cells=typed(cells, _CELLS),
        evaluations=typed(
            _with_cell(run, cells).sort_values(["study_id", "submitted_sequence"]), _EVALUATIONS
        ),
        trials=typed(_by_trial(tried, run, cells), _TRIALS),
        curves=typed(_by_trial(drawn, run, cells), _CURVES),
    )


def _cells(cells: Sequence[Cell]) -> pd.DataFrame:
    rows = [
        {
            "campaign": cell.campaign,
            "cell": cell.name,
            "space": cell.architecture.space,
            "operations": cell.architecture.operations,
            "problem": cell.problem.name,
            "method": cell.method,
            "hyperparameters": cell.preset,
            "epochs": cell.epochs,
            "seed": cell.seed,
            "trials": cell.trials,
            **cell.hyperparameters.model_dump(),
        }
        for cell in cells
    ]
    return pd.DataFrame(rows)


def _with_cell(rows: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    described = cells[["study_id", *(column for column in _CELL if column != "epochs")]]
    return rows.merge(described, on="study_id")


def _by_trial(rows: pd.DataFrame, run: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Name each row's cell and trial, in the order of the cells and, in them, of the trials."""
    owner = run[["id", "study_id", "epochs", "first_trial"]].rename(columns={"id": "evaluation_id"})
    joined = _with_cell(owner.merge(rows, on="evaluation_id"), cells)
    joined["trial"] = joined["first_trial"] + joined["position"]
    if "architecture" in joined:
        joined["architecture"] = [" ".join(names) for names in joined["architecture"]]
        return joined.sort_values(["study_id", "trial"])
    # By phase backwards: the search comes before the retraining.
    return joined.sort_values(
        ["study_id", "trial", "phase", "epoch"], ascending=[True, True, False, True]
    )
