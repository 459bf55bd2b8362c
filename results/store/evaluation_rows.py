"""Rows of the table ``evaluations``: adding, changing and ending an evaluation.

An evaluation is open while it is queued or running. Each function is a part of a transaction of
its caller.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from configspace.errors import StoreError
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId, Outcome
from results.store import statements
from results.store.statements import ColumnValues

_BLANK: ColumnValues = dict.fromkeys(
    ("worker", "token", "failure", "message", "started", "finished", "ended_sequence")
)
"""Columns that become null when an evaluation is submitted again."""


class Owner(NamedTuple):
    """The study or condition to which an evaluation belongs."""

    name: str
    row_id: int


def submit(
    connection: sa.Connection,
    owner: Owner,
    id: EvaluationId,
    hyperparameters: Hyperparameters,
    *,
    model_based: bool,
    **values: Any,
) -> None:
    """Add an evaluation, or reset one of fixed trials that is not finished; it is then queued.

    Args:
        connection: Connection of the transaction.
        owner: Study or condition.
        id: Id of the evaluation.
        hyperparameters: Hyperparameters of its configuration, which is added if it is new.
        model_based: Whether BOHB's model sampled the configuration.
        values: Further columns: ``submitted_sequence`` and ``seeds``.

    Raises:
        StoreError: If the evaluation was submitted before, or its configuration has other
            hyperparameters in the store.
    """
    key = statements.key(owner.row_id, id)
    given = hyperparameters.model_dump()
    stored = connection.execute(statements.HYPERPARAMETERS, key).scalar_one_or_none()
    if stored is None:
        connection.execute(
            statements.ADD_CONFIGURATION,
            {
                **statements.configuration_columns(owner.row_id, id),
                "hyperparameters": given,
                "model_based": model_based,
            },
        )
    elif stored != given:
        raise StoreError(f"study {owner.name!r}: {id} has other hyperparameters in the store")
    fresh = {"state": "queued", "attempts": 0, "submitted": datetime.now(UTC), **values}
    if id.purpose == "study" or not _update(
        connection, statements.CHANGE_UNFINISHED, {**key, **_BLANK, **fresh}
    ):
        try:
            connection.execute(
                statements.ADD_EVALUATION,
                {**statements.evaluation_columns(owner.row_id, id), **fresh},
            )
        except sa.exc.IntegrityError as error:
            raise StoreError(f"study {owner.name!r}: {id} was submitted before") from error


def change(connection: sa.Connection, owner: Owner, id: EvaluationId, **values: Any) -> int:
    """Change columns of an open evaluation and return the id of its row.

    Raises:
        StoreError: If the evaluation is unknown or has already ended.
    """
    key = statements.key(owner.row_id, id)
    row = _update(connection, statements.CHANGE_OPEN, {**key, **values})
    if row is not None:
        return row
    state = connection.scalar(statements.STATE, key)
    if state is None:
        raise StoreError(f"study {owner.name!r} has no evaluation {id}", advice="submit it first")
    raise StoreError(
        f"expected an open evaluation {id} of study {owner.name!r}, got one that is {state}"
    )


def end(
    connection: sa.Connection, owner: Owner, id: EvaluationId, *, sequence: int, **values: Any
) -> int:
    """End an open evaluation and return the id of its row.

    Raises:
        StoreError: If the evaluation is unknown or has already ended.
    """
    ended = {"finished": datetime.now(UTC), "ended_sequence": sequence, "token": None}
    return change(connection, owner, id, **ended, **values)


def add_trials(connection: sa.Connection, row: int, outcome: Outcome) -> None:
    """Add the trials and curves of an outcome.

    Args:
        connection: Connection of the transaction.
        row: Id of the evaluation's row.
        outcome: Outcome of the evaluation.
    """
    connection.execute(statements.ADD_TRIALS, statements.trial_rows(row, outcome))
    points = statements.curve_rows(row, outcome)
    if points:
        connection.execute(statements.ADD_CURVES, points)


def _update(
    connection: sa.Connection, statement: sa.UpdateBase, values: ColumnValues
) -> int | None:
    """Run an update and return the id of the changed row; None if no row matched."""
    row: int | None = connection.execute(statement, values).scalar_one_or_none()
    return row
