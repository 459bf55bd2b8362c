"""A study as tidy pandas frames: one row per observation, one column per variable.

The four frames share their keys (study, configuration, epochs, purpose, part, trial), so any two
merge on the keys that they have in common. Times are in UTC, PSNRs in dB.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import sqlalchemy as sa

from configspace.hyperparameters import DOMAINS, Domain, Hyperparameters, Interval, Levels
from configspace.signals import CHOSEN_SEARCH, KEPT_TOGETHER, signal_of
from configspace.study import Study
from results.store.events import ShownState
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
    "trials": "Int64",
    "state": "str",
    "attempts": "int64",
    "loss": "float64",
    "score": "float64",
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
    "signal_seconds": "float64",
    **dict.fromkeys(KEPT_TOGETHER, "float64"),
    CHOSEN_SEARCH: "Int64",
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
    "plasticity_sup": "str",
    "plasticity_edge": "str",
    "eigenvalue": "float64",
}
_CURVES = {**_KEYS, **_BUDGET, **CURVE}


@dataclass(frozen=True, slots=True)
class Frames:
    """All results of one study.

    All frames have the columns ``study``, ``configuration``, ``iteration``, ``rung`` and
    ``number``. ``configuration`` combines the last three, such as ``(3, 0, 7)``: BOHB's bracket,
    the rung where the configuration was sampled, and its number there. All frames except
    ``configurations`` also have ``epochs`` (the budget), ``purpose`` (``study`` for BOHB's
    evaluations, ``rerun`` for re-runs of incumbents) and ``part`` (which part of a re-run; each
    seed of a crashed part runs again alone, as a part from 1,000,000 on).
    """

    study: Study
    """Current settings of the study."""
    state: ShownState
    """State of the study: ``running``, ``interrupted`` (its master was killed), ``stopped`` or
    ``done``."""
    configurations: pd.DataFrame
    """One row per configuration.

    - ``model_based``: whether BOHB's model sampled it; false for a random one
    - one column per hyperparameter
    """
    evaluations: pd.DataFrame
    """One row per evaluation: a configuration with a budget. In order of submission.

    - ``trials``: number of its seeds; missing if it failed under a version before 0.2.0
    - ``state``: ``queued``, ``running``, ``finished``, ``crashed`` or ``lost``
    - ``attempts``: number of leases so far
    - ``loss``: what BOHB minimizes: the score, negated if high values of the objective are good
    - ``score``: the objective, aggregated over its trials, in its unit; of a re-run the final score
    - ``psnr``: the score if it is a PSNR, in dB; missing for other objectives
    - ``worker``, ``device``, ``engine``: where it ran
    - ``failure``, ``message``: kind and text of its failure; missing (NaN) if it did not fail
    - ``submitted``, ``started``, ``finished``: times of submission, newest lease and end, UTC
    - ``submitted_sequence``, ``ended_sequence``: numbers of both events in the study's history
    - ``model_based`` and one column per hyperparameter, as in ``configurations``
    """
    trials: pd.DataFrame
    """One row per trial, which is one seed of an evaluation.

    - ``trial``: index of the trial in its evaluation, from 0
    - ``seed``: seed of all its random numbers
    - ``one_shot_psnr``: PSNR of the supernet after the search, in dB
    - ``architecture_psnr``: PSNR of the retrained architecture, in dB; missing if not retrained
    - ``architecture``: operations of the edges (in the sequential space, of the layers), separated
      by spaces
    - ``search_seconds``, ``retrain_seconds``: wall time of its batch divided by the trials in the
      batch, in seconds
    - ``signal_seconds``: the same for the short and the second retraining; missing without either
    - one column per signal of `configspace.signals`; missing if it was not measured
    - ``chosen_search``: which of the trial's searches was chosen, from 0; only of ``best-of-four``,
      ``r-darts-l2`` and ``r-darts-dp``
    """
    curves: pd.DataFrame
    """One row per trial, phase and epoch; the search comes before the retraining.

    - ``trial``: index of the trial in its evaluation, from 0
    - ``phase``: ``search`` or ``retrain``
    - ``epoch``: epoch, from 1
    - ``train_loss``: mean squared error of the training batches
    - ``psnr``: mean PSNR on fresh signals, in dB
    - ``validation_loss``: mean squared error of the batches of α; only in a search
    - ``entropy``: mean entropy of softmax(α) over the edges, in nats; only in a search
    - ``alpha_norm``: largest Euclidean norm of the α of an edge; only in a search
    - ``plasticity_sup``: largest absolute α of each cell, or of each layer of the sequential space,
      separated by spaces; only in a search
    - ``plasticity_edge``: largest Euclidean norm of an edge's centered α, in the same form
    - ``eigenvalue``: dominant eigenvalue of the Hessian of the validation loss by α; only in the
      epochs of a search in which it was measured
    """


def load(url: str, study: str, *, with_curves: bool = True) -> Frames:
    """Return all results of a study.

    Args:
        url: URL of the store, such as ``sqlite:///dartboard.db``.
        study: Name of the study.
        with_curves: Whether to read the curves, which are most of a store. If not, their frame is
            empty.

    Returns:
        Frames of one moment, in order of submission. An empty frame has the same columns and types
        as a full one.

    Raises:
        StoreError: If the store cannot be read or has no such study.
    """
    with Store.open(url, create=False) as store:
        return load_from(store, study, with_curves=with_curves)


def load_from(store: Store, study: str, *, with_curves: bool = True) -> Frames:
    """Return all results of a study in an open store; see `load`."""
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
    objective, rerun = signal_of(settings.objective), run["purpose"] == "rerun"
    psnr = -run["loss"].astype("float64")
    run["score"] = psnr.where(rerun, objective.direction * psnr)
    run["psnr"] = psnr.where(rerun | objective.is_psnr)
    # Older versions did not store the number of trials of an evaluation before it finished.
    finished = run["id"].map(tried.groupby("evaluation_id").size())
    run["trials"] = run["seeds"].astype("Int64").fillna(finished.astype("Int64"))
    run = run.merge(picked[["configuration", "model_based", *DOMAINS]], on="configuration")
    run = run.sort_values("submitted_sequence")
    tried = with_signals(tried.rename(columns={"position": "trial"}))
    tried["architecture"] = [" ".join(operations) for operations in tried["architecture"]]
    # In descending order of the phase, "search" comes before "retrain".
    drawn = with_plasticity(drawn.rename(columns={"position": "trial"}))
    drawn = drawn.sort_values(["trial", "phase", "epoch"], ascending=[True, False, True])
    owner = run[["id", *_KEYS, *_BUDGET]].rename(columns={"id": "evaluation_id"})
    return Frames(
        study=settings,
        state=store.shown_states({study: found.state})[study],
        configurations=typed(picked.sort_values(["iteration", "rung", "number"]), _CONFIGURATIONS),
        evaluations=typed(run, _EVALUATIONS),
        trials=typed(owner.merge(tried, on="evaluation_id"), _TRIALS),
        curves=typed(owner.merge(drawn, on="evaluation_id"), _CURVES),
    )


def read_rows(connection: sa.Connection, table: sa.Table, owners: Sequence[int]) -> pd.DataFrame:
    """Return the rows of a table that belong to some studies or conditions.

    Args:
        connection: Connection that reads one snapshot.
        table: Table of evaluations, or one that refers to them or to studies.
        owners: Ids of the studies or conditions.

    Returns:
        One column per column of the table; one that an older store does not have is empty.
    """
    stored = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
    selected = sa.select(
        *(
            sa.null().label(one.name) if one.nullable and one.name not in stored else one
            for one in table.c
        )
    )
    if "study_id" in table.c:
        selected = selected.where(table.c.study_id.in_(owners))
    else:
        of_study = sa.select(evaluations.c.id).where(evaluations.c.study_id.in_(owners))
        selected = selected.where(table.c.evaluation_id.in_(of_study))
        selected = selected.order_by(table.c.evaluation_id, table.c.position)
    rows = connection.execute(selected).all()
    frame = pd.DataFrame.from_records(rows, columns=list(table.c.keys()), coerce_float=False)
    for column in table.c:
        if isinstance(column.type, sa.Float):  # SQLite stores any text there
            frame[column.name].astype("float64")
    return frame


def with_signals(trials: pd.DataFrame) -> pd.DataFrame:
    """Return trials with a column for each value of the mapping ``signals``, in its place."""
    rows = [values or {} for values in trials["signals"]]
    columns = {name: [row.get(name) for row in rows] for name in (*KEPT_TOGETHER, CHOSEN_SEARCH)}
    found = pd.DataFrame(columns, index=trials.index, dtype="float64")
    return trials.drop(columns="signals").join(found)


def with_plasticity(curves: pd.DataFrame) -> pd.DataFrame:
    """Return curves with the norms of each part as one text, separated by spaces."""
    curves = curves.copy()
    for name in ("plasticity_sup", "plasticity_edge"):
        curves[name] = [
            None if norms is None else " ".join(map(str, norms)) for norms in curves[name]
        ]
    return curves


def typed(frame: pd.DataFrame, kinds: dict[str, str]) -> pd.DataFrame:
    """Return the given columns of a frame in their order and with their types, also without rows.

    Args:
        frame: Frame with at least these columns.
        kinds: Type of each column, by name.
    """
    frame = frame.reset_index(drop=True)
    return pd.DataFrame({column: _column(frame[column], kind) for column, kind in kinds.items()})


def text_column(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return a column as text; a missing value stays missing, as NaN.

    In pandas 2, ``astype(str)`` alone turns a missing value into the word ``None`` or ``nan``.
    """
    return values.astype(str).where(values.notna())


def _column(values: "pd.Series[Any]", kind: str) -> "pd.Series[Any]":
    if kind == TIME:
        return pd.to_datetime(values, utc=True).astype(TIME)
    if kind == "str":
        return text_column(values)
    return values.astype(pd.api.types.pandas_dtype(kind))
