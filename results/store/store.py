"""The store: the only truth of a study, written by its master alone and read by anyone.

What the master writes is one transaction a call, committed when the call returns. Rows come back
as values (`results.store.events`) or, for everything that is shown, as frames
(`results.frames.study`).
"""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from configspace.campaign import Campaign
from configspace.condition import Condition
from configspace.errors import StoreError
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId, Failure, Outcome, Purpose
from configspace.study import Study
from results.store import statements, study_rows
from results.store.connection import Connections
from results.store.events import (
    Failed,
    Finished,
    Part,
    SeenWorker,
    StudyState,
    Submitted,
    Unfinished,
)
from results.store.schema import evaluations, studies, trials, workers
from results.store.statements import Row

_BLANK: Row = dict.fromkeys(
    ("worker", "token", "failure", "message", "started", "finished", "ended_sequence")
)
"""What an evaluation loses that is submitted afresh."""


class Store(Connections):
    """A store that is open. Its writes are for one thread; its reads are for any.

    Every method raises a `StoreError` if the database cannot be read or written, or lacks the
    study or evaluation it is about.
    """

    def __init__(self, engine: sa.Engine, url: str) -> None:
        super().__init__(engine, url)
        self._ids: dict[str, int] = {}
        self._sequences: dict[str, int] = {}

    # ---- written by the master's one thread

    def begin(
        self, study: Study, versions: dict[str, str], *, accept_version_change: bool = False
    ) -> None:
        """Enter a study, or take up its new settings; it is running from now on.

        Args:
            study: Its results' settings must be those it was begun with; others may change.
            versions: The version of each package that has a part in the results.
            accept_version_change: Whether a study that has results may go on under other versions
                than before; from when on is kept with it.

        Raises:
            StudyError: If the name is taken by a study whose results differ; names the keys. Or if
                it has results of other versions and that is not accepted; names those.
        """
        with self._write() as connection:
            study_rows.check_free(connection, study.name, "study", self._shown)
            entering = self._entering(versions, accept=accept_version_change)
            study_rows.enter(connection, study, entering)

    def begin_campaign(
        self, campaign: Campaign, versions: dict[str, str], *, accept_version_change: bool = False
    ) -> None:
        """Enter a campaign's conditions, or take up their new settings; all or none.

        Conditions that the campaign no longer has are kept as they are.

        Args:
            campaign: Its conditions' results' settings must be those they were begun with.
            versions: As of `begin`.
            accept_version_change: As of `begin`.

        Raises:
            CampaignError: As `begin`.
        """
        with self._write() as connection:
            study_rows.check_free(connection, campaign.name, "campaign", self._shown)
            entering = self._entering(versions, accept=accept_version_change)
            for condition in campaign.conditions:
                study_rows.enter(connection, condition, entering)

    def take_up(
        self, study: str, versions: dict[str, str], *, accept_version_change: bool = False
    ) -> None:
        """Go on with a study as it is in the store, such as to re-run its incumbent.

        Args:
            study: The study's name.
            versions: As for `begin`.
            accept_version_change: Likewise.

        Raises:
            StoreError: If there is no such study.
            StudyError: If it has results of other versions and that is not accepted.
        """
        with self._write() as connection:
            entering = self._entering(versions, accept=accept_version_change)
            study_rows.take_up(connection, self._own_id(study, connection), entering)

    def submit(
        self,
        study: str,
        id: EvaluationId,
        hyperparameters: Hyperparameters,
        *,
        model_based: bool,
        seeds: int | None = None,
    ) -> None:
        """Commit an evaluation, and its configuration if that is new; its state is ``queued``.

        A part of fixed trials that was given up, crashed or lost may be submitted again: it starts
        afresh.

        Args:
            study: The study's name.
            id: The evaluation's.
            hyperparameters: Its configuration's.
            model_based: Whether BOHB's model picked them.
            seeds: How many trials it has, where those who resume ask for it.

        Raises:
            StoreError: If it was submitted before, or its configuration has other
                hyperparameters.
        """
        with self._write() as connection:
            row_id = self._own_id(study, connection)
            key = statements.key(row_id, id)
            sequence = self._next_sequence(study, connection)
            values = hyperparameters.model_dump()
            kept = connection.execute(statements.HYPERPARAMETERS, key).scalar_one_or_none()
            if kept is None:
                connection.execute(
                    statements.ADD_CONFIGURATION,
                    {
                        **statements.configuration_columns(row_id, id),
                        "hyperparameters": values,
                        "model_based": model_based,
                    },
                )
            elif kept != values:
                raise StoreError(f"study {study!r}: {id} has other hyperparameters in the store")
            fresh = {
                "state": "queued",
                "attempts": 0,
                "submitted": datetime.now(UTC),
                "submitted_sequence": sequence,
                "seeds": seeds,
            }
            if id.purpose == "study" or not _changed(
                connection, statements.CHANGE_UNFINISHED, {**key, **_BLANK, **fresh}
            ):
                try:
                    connection.execute(
                        statements.ADD_EVALUATION,
                        {**statements.evaluation_columns(row_id, id), **fresh},
                    )
                except sa.exc.IntegrityError as error:
                    raise StoreError(f"study {study!r}: {id} was submitted before") from error
        self._sequences[study] = sequence

    def lease(self, study: str, id: EvaluationId, *, worker: str, token: str, attempt: int) -> None:
        """Give an evaluation that has not ended to a worker; its state is ``running``."""
        self._change_open(
            study,
            id,
            state="running",
            worker=worker,
            token=token,
            attempts=attempt,
            started=datetime.now(UTC),
        )

    def requeue(self, study: str, id: EvaluationId) -> None:
        """Take an evaluation that has not ended back; its state is ``queued``."""
        self._change_open(study, id, state="queued", worker=None, token=None)

    def retry(self, study: str, failure: Failure, *, worker: str) -> None:
        """Take an evaluation back that failed on a worker and is to be tried once more."""
        self._change_open(
            study,
            failure.id,
            state="queued",
            worker=worker,
            token=None,
            failure=failure.kind,
            message=failure.message,
        )

    def finish(self, study: str, outcome: Outcome, *, loss: float, worker: str) -> None:
        """Commit an evaluation's loss, its trials and their curves, all or nothing.

        Args:
            study: The study's name.
            outcome: Already checked against its job.
            loss: Minus the aggregated PSNR, in dB.
            worker: Who brought it.

        Raises:
            StoreError: If the evaluation is unknown or has ended before.
        """
        with self._write() as connection:
            sequence = self._next_sequence(study, connection)
            row = self._end(
                connection,
                study,
                outcome.id,
                sequence,
                state="finished",
                loss=loss,
                failure=None,  # if it failed once, it was not the configuration's fault
                message=None,
                worker=worker,
                device=outcome.device,
                engine=outcome.engine,
            )
            connection.execute(statements.ADD_TRIALS, statements.trial_rows(row, outcome))
            points = statements.curve_rows(row, outcome)
            if points:
                connection.execute(statements.ADD_CURVES, points)
        self._sequences[study] = sequence

    def fail(
        self,
        study: str,
        id: EvaluationId,
        *,
        state: Literal["crashed", "lost"],
        failure: Failure | None,
        message: str,
        worker: str,
    ) -> None:
        """Commit that an evaluation ended without a loss.

        Raises:
            StoreError: If the evaluation is unknown or has ended before.
        """
        with self._write() as connection:
            sequence = self._next_sequence(study, connection)
            self._end(
                connection,
                study,
                id,
                sequence,
                state=state,
                failure=None if failure is None else failure.kind,
                message=message,
                worker=worker,
            )
        self._sequences[study] = sequence

    def end(self, study: str, state: StudyState) -> None:
        """Say whether a study is running, was stopped, or is done."""
        with self._write() as connection:
            connection.execute(
                sa.update(studies)
                .where(studies.c.id == self._id(study, connection))
                .values(state=state, changed=datetime.now(UTC))
            )

    def show_workers(self, study: str, seen: Sequence[SeenWorker]) -> None:
        """Replace what is told of a study's live workers."""
        with self._write() as connection:
            row_id = self._own_id(study, connection)
            connection.execute(sa.delete(workers).where(workers.c.study_id == row_id))
            if seen:
                rows = [{"study_id": row_id, **dataclasses.asdict(one)} for one in seen]
                connection.execute(sa.insert(workers), rows)

    def delete(self, name: str) -> None:
        """Remove a study or a campaign, and everything of it."""
        with self._write() as connection:
            gone = sa.delete(studies).where(
                sa.or_(
                    studies.c.campaign == name, studies.c.id == self._id_or_none(name, connection)
                )
            )
            if not connection.execute(gone).rowcount:
                raise study_rows.missing(connection, "study", name, self._shown)
        self._ids.clear()
        self._sequences.clear()

    # ---- read by anyone

    def study(self, name: str) -> Study:
        """Return a study's settings, as last begun."""
        with self.reading() as connection:
            settings = connection.scalar(
                sa.select(studies.c.settings).where(
                    studies.c.name == name, studies.c.kind == "study"
                )
            )
            if settings is None:
                raise study_rows.missing(connection, "study", name, self._shown)
        return study_rows.parsed(Study, name, settings, self._shown)

    def campaign(self, name: str) -> Campaign:
        """Return a campaign's conditions as last begun, in the order in which they were entered."""
        with self.reading() as connection:
            rows = connection.execute(
                sa.select(studies.c.name, studies.c.settings)
                .where(studies.c.campaign == name)
                .order_by(studies.c.id)
            ).all()
            if not rows:
                raise study_rows.missing(connection, "campaign", name, self._shown)
        conditions = (
            study_rows.parsed(Condition, row.name, row.settings, self._shown) for row in rows
        )
        return Campaign(name=name, conditions=tuple(conditions))

    def study_names(self) -> list[str]:
        """Return the names of the studies, oldest first."""
        with self.reading() as connection:
            return study_rows.names(connection)[0]

    def campaign_names(self) -> list[str]:
        """Return the names of the campaigns, oldest first."""
        with self.reading() as connection:
            return study_rows.names(connection)[1]

    def history(self, study: str) -> list[Submitted | Finished | Failed]:
        """Return what BOHB's evaluations went through, in order; re-runs are left out."""
        events: list[Submitted | Finished | Failed] = []
        with self.reading() as connection:
            rows = connection.execute(
                statements.EVALUATIONS.where(
                    evaluations.c.study_id == self._id(study, connection),
                    evaluations.c.purpose == "study",
                )
            )
            for row in rows:
                id = statements.evaluation_id(row)
                events.append(
                    Submitted(
                        row.submitted_sequence,
                        id,
                        study_rows.parsed(Hyperparameters, study, row.hyperparameters, self._shown),
                        row.model_based,
                    )
                )
                if row.state == "finished":
                    events.append(Finished(row.ended_sequence, id, row.loss))
                elif row.state in ("crashed", "lost"):
                    events.append(Failed(row.ended_sequence, id, row.state))
        return sorted(events, key=lambda event: event.sequence)

    def unfinished(self, study: str) -> list[Unfinished]:
        """Return the evaluations, re-runs too, that have not ended, in order of submission."""
        with self.reading() as connection:
            rows = connection.execute(
                statements.EVALUATIONS.where(
                    evaluations.c.study_id == self._id(study, connection), statements.OPEN
                ).order_by(evaluations.c.submitted_sequence)
            )
            return [
                Unfinished(
                    id=statements.evaluation_id(row),
                    hyperparameters=study_rows.parsed(
                        Hyperparameters, study, row.hyperparameters, self._shown
                    ),
                    model_based=row.model_based,
                    state=row.state,
                    attempts=row.attempts,
                    worker=row.worker,
                    token=row.token,
                    failure=row.failure,
                    started=row.started,
                )
                for row in rows
            ]

    def workers(self, study: str) -> list[SeenWorker]:
        """Return a study's live workers by name, as its master saw them last."""
        columns = [workers.c[field.name] for field in dataclasses.fields(SeenWorker)]
        with self.reading() as connection:
            rows = connection.execute(
                sa.select(*columns)
                .where(workers.c.study_id == self._id(study, connection))
                .order_by(workers.c.name)
            )
            return [SeenWorker(*row) for row in rows]

    def parts(self, study: str, purpose: Purpose) -> dict[EvaluationId, Part]:
        """Return the evaluations of one purpose that are not BOHB's, in order of submission."""
        finished = sa.select(sa.func.count()).where(trials.c.evaluation_id == evaluations.c.id)
        # Of a re-run of an older dartboard it is known only once it has finished.
        count = sa.func.coalesce(evaluations.c.seeds, finished.scalar_subquery())
        with self.reading() as connection:
            rows = connection.execute(
                sa.select(evaluations, count.label("planned"))
                .where(
                    evaluations.c.study_id == self._id(study, connection),
                    evaluations.c.purpose == purpose,
                )
                .order_by(evaluations.c.submitted_sequence)
            )
            return {statements.evaluation_id(row): Part(row.state, row.planned) for row in rows}

    # ---- the writer's parts

    def _change_open(self, study: str, id: EvaluationId, **values: Any) -> None:
        with self._write() as connection:
            key = self._key(study, id, connection)
            if not _changed(connection, statements.CHANGE_OPEN, {**key, **values}):
                raise StoreError(self._not_open(study, id, connection))

    def _end(
        self,
        connection: sa.Connection,
        study: str,
        id: EvaluationId,
        sequence: int,
        **values: Any,
    ) -> int:
        """End an open evaluation and return its row's id."""
        key = self._key(study, id, connection)
        now = {"finished": datetime.now(UTC), "ended_sequence": sequence, "token": None}
        row = _changed(connection, statements.CHANGE_OPEN, {**key, **now, **values})
        if row is None:
            raise StoreError(self._not_open(study, id, connection))
        return row

    def _entering(self, versions: dict[str, str], *, accept: bool) -> study_rows.Entering:
        return study_rows.Entering(self._shown, versions, accept, datetime.now(UTC))

    def _not_open(self, study: str, id: EvaluationId, connection: sa.Connection) -> str:
        state = connection.scalar(statements.STATE, self._key(study, id, connection))
        if state is None:
            return f"study {study!r} has no evaluation {id}; submit it first"
        return f"study {study!r}: evaluation {id} has ended already, as {state}"

    def _key(self, study: str, id: EvaluationId, connection: sa.Connection) -> Row:
        return statements.key(self._own_id(study, connection), id)

    def _own_id(self, study: str, connection: sa.Connection) -> int:
        """Return the id of a study that this store writes; nobody else removes it meanwhile."""
        if study not in self._ids:
            self._ids[study] = self._id(study, connection)
        return self._ids[study]

    def _id(self, study: str, connection: sa.Connection) -> int:
        found = self._id_or_none(study, connection)
        if found is None:
            raise study_rows.missing(connection, "study", study, self._shown)
        return found

    def _id_or_none(self, study: str, connection: sa.Connection) -> int | None:
        return connection.scalar(sa.select(studies.c.id).where(studies.c.name == study))

    def _next_sequence(self, study: str, connection: sa.Connection) -> int:
        """Return the sequence number to give next; it counts once its transaction is through."""
        if study not in self._sequences:
            row_id = self._own_id(study, connection)
            self._sequences[study] = statements.last_sequence(connection, row_id)
        return self._sequences[study] + 1


def _changed(connection: sa.Connection, statement: sa.UpdateBase, parameters: Row) -> int | None:
    """Run an update that says which row it changed; None if no row matched."""
    row: int | None = connection.execute(statement, parameters).scalar_one_or_none()
    return row
