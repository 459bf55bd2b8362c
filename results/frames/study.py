"""A study as tidy pandas frames: one row an observation, one column a variable.

All four share their keys (study, configuration, epochs, purpose, part, trial), so any two merge
on the columns they have in common. Times are UTC; PSNRs are in dB.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
import sqlalchemy as sa

from configspace.hyperparameters import DOMAINS, Domain, Hyperparameters, Interval, Levels
from configspace.study import Study
from results.store.schema import configurations, curves, evaluations, studies, trials
from results.store.store import Store

TIME: Final = "datetime64[us, UTC]"
_KEYS = {
    "study": "str",
    "configuration": "str",
    "iteration": "int64",
    "rung": "int64",
    "number": "int64",
}
_BUDGET = {"epochs": "int64", "purpose": "str", "part": "int64"}


def _kind(domain: Domain) -> str:
    match domain:
        case Interval():
            return "float64"
        case Levels(values):
            return "bool" if isinstance(values[0], bool) else "str"


HYPERPARAMETERS = {name: _kind(domain) for name, domain in DOMAINS.items()}
_CONFIGURATIONS = {**_KEYS, "model_based": "bool", **HYPERPARAMETERS}
_EVALUATIONS = {
    **_KEYS,
    **_BUDGET,
    "state": "str",
    "attempts": "int64",
    "loss": "float64",
    "psnr": "float64",
    "worker": "str",
    "device": "str",
    "engine": "str",
    "failure": "str",
    "message": "str",
    "submitted": TIME,
    "started": TIME,
    "finished": TIME,
    "submitted_sequence": "int64",
    "ended_sequence": "Int64",
    "model_based": "bool",
    **HYPERPARAMETERS,
}
TRIAL: Final = {
    "trial": "int64",
    "seed": "int64",
    "one_shot_psnr": "float64",
    "architecture_psnr": "float64",
    "architecture": "str",
    "search_seconds": "float64",
    "retrain_seconds": "float64",
}
_TRIALS = {**_KEYS, **_BUDGET, **TRIAL}
CURVE: Final = {
    "trial": "int64",
    "phase": "str",
    "epoch": "int64",
    "train_loss": "float64",
    "psnr": "float64",
    "validation_loss": "float64",
    "entropy": "float64",
    "alpha_norm": "float64",
}
_CURVES = {**_KEYS, **_BUDGET, **CURVE}


@dataclass(frozen=True, slots=True)
class Frames:
    """Everything a store holds of one study."""

    study: Study
    state: str
    """``running``, ``stopped`` or ``done``."""
    configurations: pd.DataFrame
    """A row a configuration; a column each hyperparameter."""
    evaluations: pd.DataFrame
    """A row a configuration on a budget; ``purpose`` tells BOHB's (``study``) from ``rerun``."""
    trials: pd.DataFrame
    """A row a seed; its ``architecture`` names the layers' operations, parted by spaces."""
    curves: pd.DataFrame
    """A row a trial, phase and epoch, from 1."""


def load(url: str, study: str, *, with_curves: bool = True) -> Frames:
    """Return everything a store holds of a study.

    Args:
        url: Where the store is, such as ``sqlite:///dartboard.db``.
        study: A study's name.
        with_curves: Whether to read the curves, which are most of a store; without, their frame
            is empty.

    Returns:
        Frames of one and the same moment, in the order of submission. Empty ones have their
        columns and types all the same.

    Raises:
        StoreError: If the store cannot be read, or has no such study.
    """
    with Store.open(url, create=False) as store:
        return load_from(store, study, with_curves=with_curves)


def load_from(store: Store, study: str, *, with_curves: bool = True) -> Frames:
    """Return everything an open store holds of a study; see `load`."""
    settings = store.study(study)
    with store.reading() as connection:
        found = connection.execute(
            sa.select(studies.c.id, studies.c.state).where(studies.c.name == study)
        ).one()
        picked = read_rows(connection, configurations, [found.id])
        run = read_rows(connection, evaluations, [found.id])
        tried = read_rows(connection, trials, [found.id])
        drawn = read_rows(connection, curves, [found.id] if with_curves else [])

    picked["study"] = run["study"] = study
    for frame in (picked, run):
        frame["configuration"] = [
            f"({iteration}, {rung}, {number})"
            for iteration, rung, number in zip(
                frame["iteration"], frame["rung"], frame["number"], strict=True
            )
        ]
    values = [Hyperparameters(**given).model_dump() for given in picked.pop("hyperparameters")]
    picked = picked.join(pd.DataFrame(values, index=picked.index, columns=list(DOMAINS)))
    run["psnr"] = -run["loss"].astype("float64")
    run = run.merge(picked[["configuration", "model_based", *DOMAINS]], on="configuration")
    run = run.sort_values("submitted_sequence")
    tried = tried.rename(columns={"position": "trial"})
    tried["architecture"] = [" ".join(operations) for operations in tried["architecture"]]
    # By phase backwards: the search comes before the retraining.
    drawn = drawn.rename(columns={"position": "trial"})
    drawn = drawn.sort_values(["trial", "phase", "epoch"], ascending=[True, False, True])
    owner = run[["id", *_KEYS, *_BUDGET]].rename(columns={"id": "evaluation_id"})
    return Frames(
        study=settings,
        state=found.state,
        configurations=typed(picked.sort_values(["iteration", "rung", "number"]), _CONFIGURATIONS),
        evaluations=typed(run, _EVALUATIONS),
        trials=typed(owner.merge(tried, on="evaluation_id"), _TRIALS),
        curves=typed(owner.merge(drawn, on="evaluation_id"), _CURVES),
    )


def read_rows(connection: sa.Connection, table: sa.Table, owners: Sequence[int]) -> pd.DataFrame:
    """Return a table's rows of some studies or conditions, by their ids."""
    selected = sa.select(table)
    if "study_id" in table.c:
        selected = selected.where(table.c.study_id.in_(owners))
    else:
        of_study = sa.select(evaluations.c.id).where(evaluations.c.study_id.in_(owners))
        selected = selected.where(table.c.evaluation_id.in_(of_study))
        selected = selected.order_by(table.c.evaluation_id, table.c.position)
    rows = connection.execute(selected).all()
    return pd.DataFrame.from_records(rows, columns=list(table.c.keys()), coerce_float=False)


def typed(frame: pd.DataFrame, kinds: dict[str, str]) -> pd.DataFrame:
    """Pick the columns of a frame, in order and of their types, even where it has no rows."""
    frame = frame.reset_index(drop=True)
    return pd.DataFrame(
        {
            column: pd.to_datetime(frame[column], utc=True).astype(TIME)
            if kind == TIME
            else frame[column].astype(pd.api.types.pandas_dtype(kind))
            for column, kind in kinds.items()
        }
    )
