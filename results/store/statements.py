"""SQL statements of the store, and conversions between values and rows.

The statements are built once, at import: most of the cost of a statement is its construction.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from configspace.job import EvaluationId, Outcome
from results.store.schema import configurations, curves, evaluations, studies, trials

ColumnValues = dict[str, Any]
"""Values of columns or of a statement's parameters, by name."""

_OF_EVALUATION = sa.and_(
    evaluations.c.study_id == sa.bindparam("of_study"),
    evaluations.c.iteration == sa.bindparam("of_iteration"),
    evaluations.c.rung == sa.bindparam("of_rung"),
    evaluations.c.number == sa.bindparam("of_number"),
    evaluations.c.epochs == sa.bindparam("of_epochs"),
    evaluations.c.purpose == sa.bindparam("of_purpose"),
    evaluations.c.part == sa.bindparam("of_part"),
)
# Not in_(): SQLAlchemy would expand its list, and render the statement, at every execution.
OPEN = sa.or_(evaluations.c.state == "queued", evaluations.c.state == "running")

ADD_CONFIGURATION = sa.insert(configurations)
ADD_EVALUATION = sa.insert(evaluations)
ADD_TRIALS = sa.insert(trials)
ADD_CURVES = sa.insert(curves)

CHANGE_OPEN = sa.update(evaluations).where(_OF_EVALUATION, OPEN).returning(evaluations.c.id)
"""Set the columns that its parameters name, unless the evaluation has ended; return its id."""

CHANGE_UNFINISHED = (
    sa.update(evaluations)
    .where(_OF_EVALUATION, evaluations.c.state != "finished")
    .returning(evaluations.c.id)
)
"""Set the columns that its parameters name, unless the evaluation is finished; return its id."""

STUDY = sa.select(studies.c.id, studies.c.created).where(studies.c.name == sa.bindparam("of_name"))
STATE = sa.select(evaluations.c.state).where(_OF_EVALUATION)
HYPERPARAMETERS = sa.select(configurations.c.hyperparameters).where(
    configurations.c.study_id == sa.bindparam("of_study"),
    configurations.c.iteration == sa.bindparam("of_iteration"),
    configurations.c.rung == sa.bindparam("of_rung"),
    configurations.c.number == sa.bindparam("of_number"),
)
LAST_SEQUENCES = sa.select(
    sa.func.max(evaluations.c.submitted_sequence), sa.func.max(evaluations.c.ended_sequence)
).where(evaluations.c.study_id == sa.bindparam("of_study"))

EVALUATIONS = sa.select(
    evaluations, configurations.c.hyperparameters, configurations.c.model_based
).join(configurations)
"""Select evaluations, each with its configuration."""


def last_sequence(connection: sa.Connection, study: int) -> int:
    """Return the last sequence number of a study; 0 if it has no event yet."""
    row = connection.execute(LAST_SEQUENCES, {"of_study": study}).one()
    return max(row[0] or 0, row[1] or 0)


def key(study: int, id: EvaluationId) -> ColumnValues:
    """Return the parameters that identify an evaluation in the statements above."""
    iteration, rung, number = id.configuration
    return {
        "of_study": study,
        "of_iteration": iteration,
        "of_rung": rung,
        "of_number": number,
        "of_epochs": id.epochs,
        "of_purpose": id.purpose,
        "of_part": id.part,
    }


def configuration_columns(study: int, id: EvaluationId) -> ColumnValues:
    """Return the columns that identify the configuration of an evaluation."""
    iteration, rung, number = id.configuration
    return {"study_id": study, "iteration": iteration, "rung": rung, "number": number}


def evaluation_columns(study: int, id: EvaluationId) -> ColumnValues:
    """Return the columns that identify an evaluation."""
    budget = {"epochs": id.epochs, "purpose": id.purpose, "part": id.part}
    return {**configuration_columns(study, id), **budget}


def evaluation_id(row: sa.Row[Any]) -> EvaluationId:
    """Return the id of an evaluation from its row."""
    return EvaluationId(
        configuration=(row.iteration, row.rung, row.number),
        epochs=row.epochs,
        purpose=row.purpose,
        part=row.part,
    )


def trial_rows(evaluation: int, outcome: Outcome) -> list[ColumnValues]:
    """Return one row per trial of an outcome."""
    return [
        {
            "evaluation_id": evaluation,
            "position": position,
            "seed": trial.seed,
            "one_shot_psnr": trial.one_shot_psnr,
            "architecture_psnr": trial.architecture_psnr,
            "architecture": list(trial.architecture),
            "search_seconds": trial.search_seconds,
            "retrain_seconds": trial.retrain_seconds,
            "signal_seconds": trial.signal_seconds,
            "signals": trial.signals,
            "candidates": trial.candidates and trial.candidates.to_wire(),
        }
        for position, trial in enumerate(outcome.trials)
    ]


def curve_rows(evaluation: int, outcome: Outcome) -> list[ColumnValues]:
    """Return one row per trial, phase and epoch of an outcome; epochs count from 1."""
    return [
        {
            "evaluation_id": evaluation,
            "position": position,
            "phase": curve.phase,
            "epoch": epoch + 1,
            "train_loss": train_loss,
            "psnr": curve.psnr[epoch],
            "validation_loss": _at(curve.validation_loss, epoch),
            "entropy": _at(curve.entropy, epoch),
            "alpha_norm": _at(curve.alpha_norm, epoch),
            "plasticity_sup": _at(curve.plasticity_sup, epoch),
            "plasticity_edge": _at(curve.plasticity_edge, epoch),
            "eigenvalue": _at(curve.eigenvalue, epoch),
        }
        for position, trial in enumerate(outcome.trials)
        for curve in trial.curves
        for epoch, train_loss in enumerate(curve.train_loss)
    ]


def _at(values: Sequence[object] | None, epoch: int) -> object:
    return None if values is None else values[epoch]
