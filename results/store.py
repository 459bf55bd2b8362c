"""The store: the only truth of a study, written by its master alone and read by anyone.

What the master writes is one transaction a call, committed when the call returns. Rows come back
as values (`results.history`) or, for everything that is shown, as frames (`results.frames`).
"""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, Self

import sqlalchemy as sa
from pydantic import BaseModel, ValidationError

from configspace.errors import StoreError, StudyError
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId, Failure, Outcome, Purpose
from configspace.study import Study, first_complaint
from configspace.versions import differing
from results import statements
from results.database import clear_errors, identity, open_engine
from results.history import Failed, Finished, SeenWorker, StudyState, Submitted, Unfinished
from results.statements import Row
from results.tables import evaluations, studies, trials, workers

_BLANK: Row = dict.fromkeys(
    ("worker", "token", "failure", "message", "started", "finished", "ended_sequence")
)
"""What an evaluation loses that is submitted afresh."""


class Store:
    """A store that is open. Its writes are for one thread; its reads are for any.

    Every method raises a `StoreError` if the database cannot be read or written, or lacks the
    study or evaluation it is about.
    """

    def __init__(self, engine: sa.Engine, url: str) -> None:
        self.url = url
        self._engine = engine
        self._file = identity(engine.url)
        # As it was asked for, without the driver that was chosen.
        self._shown = engine.url.set(drivername=engine.dialect.name).render_as_string()
        self._writer: sa.Connection | None = None
        self._ids: dict[str, int] = {}
        self._sequences: dict[str, int] = {}

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Self:
        """Open the store at a URL.

        Args:
            url: ``sqlite:///FILE`` or ``postgresql://…``.
            create: Whether to make a store where there is none, and to upgrade an older one.

        Raises:
            StoreError: If it cannot be opened, is not a store, or has a newer schema; or if
                ``create`` is false and it is missing or older.
        """
        return cls(open_engine(url, create=create), url)

    def close(self) -> None:
        """Let go of the database; closing twice does nothing."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

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
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "settings": study.model_dump(mode="json"),
            "digest": study.digest(),
            "seed": study.seed,
            "versions": versions,
            "state": "running",
            "changed": now,
        }
        with self._write() as connection:
            row = connection.execute(
                sa.select(studies).where(studies.c.name == study.name)
            ).one_or_none()
            if row is None:
                connection.execute(
                    sa.insert(studies).values(name=study.name, created=now, **values)
                )
                return
            kept = self._parsed(study.name, row.settings)
            if kept.digest() != study.digest():
                raise StudyError(
                    f"study {study.name!r} in {self._shown} was begun with other settings "
                    f"({'; '.join(kept.differences(study))}); give this one another name, or "
                    f"'dartboard delete {study.name}' first"
                )
            values |= self._taken_up(row, versions, connection, accept=accept_version_change)
            connection.execute(sa.update(studies).where(studies.c.id == row.id).values(**values))

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
            key = studies.c.id == self._own_id(study, connection)
            row = connection.execute(sa.select(studies).where(key)).one()
            values = self._taken_up(row, versions, connection, accept=accept_version_change)
            connection.execute(sa.update(studies).where(key).values(**values))

    def submit(
        self,
        study: str,
        id: EvaluationId,
        hyperparameters: Hyperparameters,
        *,
        model_based: bool,
    ) -> None:
        """Commit an evaluation, and its configuration if that is new; its state is ``queued``.

        A re-run that was given up, crashed or lost may be submitted again: it starts afresh.

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

    def delete(self, study: str) -> None:
        """Remove a study and everything of it."""
        with self._write() as connection:
            connection.execute(
                sa.delete(studies).where(studies.c.id == self._id(study, connection))
            )
        self._ids.pop(study, None)
        self._sequences.pop(study, None)

    # ---- read by anyone

    def study(self, name: str) -> Study:
        """Return a study's settings, as last begun."""
        with self.reading() as connection:
            settings = connection.scalar(
                sa.select(studies.c.settings).where(studies.c.id == self._id(name, connection))
            )
        return self._parsed(name, settings)

    def study_names(self) -> list[str]:
        """Return the names of the studies, oldest first."""
        with self.reading() as connection:
            return list(connection.scalars(sa.select(studies.c.name).order_by(studies.c.id)))

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
                        self._hyperparameters(study, row.hyperparameters),
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
                    hyperparameters=self._hyperparameters(study, row.hyperparameters),
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

    def finished_trials(self, study: str, purpose: Purpose) -> dict[EvaluationId, int]:
        """Return the finished evaluations of one purpose, and how many trials each has."""
        counted = sa.select(sa.func.count()).where(trials.c.evaluation_id == evaluations.c.id)
        with self.reading() as connection:
            rows = connection.execute(
                sa.select(evaluations, counted.scalar_subquery().label("trials")).where(
                    evaluations.c.study_id == self._id(study, connection),
                    evaluations.c.purpose == purpose,
                    evaluations.c.state == "finished",
                )
            )
            return {statements.evaluation_id(row): row.trials for row in rows}

    def crashed_ids(self, study: str, purpose: Purpose) -> set[EvaluationId]:
        """Return the crashed evaluations of one purpose."""
        with self.reading() as connection:
            rows = connection.execute(
                sa.select(evaluations).where(
                    evaluations.c.study_id == self._id(study, connection),
                    evaluations.c.purpose == purpose,
                    evaluations.c.state == "crashed",
                )
            )
            return {statements.evaluation_id(row) for row in rows}

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection on which every select sees one and the same moment."""
        self._check_presence()
        with clear_errors("read", self._shown):
            options = (
                {"isolation_level": "REPEATABLE READ"}
                if self._engine.dialect.name == "postgresql"
                else {}
            )
            with (
                self._engine.connect().execution_options(**options) as connection,
                connection.begin(),
            ):
                yield connection

    # ---- the writer's parts

    @contextlib.contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        """Give the writer's connection within a transaction that ends in a commit."""
        self._check_presence()
        with clear_errors("write to", self._shown):
            if self._writer is None:
                self._writer = self._engine.connect().execution_options(writes=True)
            try:
                with self._writer.begin():
                    yield self._writer
            except sa.exc.SQLAlchemyError:
                # The connection itself may be gone; the next write opens another.
                self._writer.close()
                self._writer = None
                raise

    def _check_presence(self) -> None:
        """Notice that the file was removed: SQLite would go on writing to what nobody can read."""
        if self._file is not None and identity(self._engine.url) != self._file:
            raise StoreError(
                f"store {self._shown} is gone: its file was removed or replaced while it was in "
                "use; put it back and start again, or begin anew with another --store"
            )

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

    def _taken_up(
        self,
        row: sa.Row[Any],
        versions: dict[str, str],
        connection: sa.Connection,
        *,
        accept: bool,
    ) -> dict[str, Any]:
        """Return what a study's row keeps of the versions under which it goes on."""
        values: dict[str, Any] = {"versions": versions}
        last = self._next_sequence(row.name, connection) - 1
        changed = differing(row.versions, versions)
        if changed and last > 0:  # else there is nothing that they could differ from
            if not accept:
                raise StudyError(self._other_versions(row.name, changed))
            values["version_changes"] = [
                *(row.version_changes or ()),
                {
                    "at": datetime.now(UTC).isoformat(),
                    "after": last,
                    "from": {package: before for package, (before, _) in changed.items()},
                    "to": {package: after for package, (_, after) in changed.items()},
                },
            ]
        return values

    def _other_versions(self, study: str, changed: dict[str, tuple[str, str]]) -> str:
        listed = ", ".join(f"{name} {a} there, {b} here" for name, (a, b) in changed.items())
        wanted = " ".join(f"{name}=={before}" for name, (before, _) in changed.items())
        return (
            f"study {study!r} in {self._shown} has results of other versions ({listed}), and what "
            f"follows may differ from them: get {wanted}, or go on with --accept-version-change"
        )

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
        rows = connection.execute(sa.select(studies.c.name, studies.c.id).order_by(studies.c.id))
        names = {row.name: int(row.id) for row in rows}
        if study not in names:
            others = ", ".join(repr(name) for name in names) or "none yet"
            raise StoreError(f"no study {study!r} in {self._shown}; it has {others}")
        return names[study]

    def _next_sequence(self, study: str, connection: sa.Connection) -> int:
        """Return the sequence number to give next; it counts once its transaction is through."""
        if study not in self._sequences:
            key = {"of_study": self._own_id(study, connection)}
            row = connection.execute(statements.LAST_SEQUENCES, key).one()
            self._sequences[study] = max(row[0] or 0, row[1] or 0)
        return self._sequences[study] + 1

    def _parsed(self, study: str, settings: object) -> Study:
        try:
            return Study.model_validate(settings)
        except ValidationError as error:
            raise StoreError(self._unreadable(study, error, Study)) from error

    def _hyperparameters(self, study: str, values: dict[str, Any]) -> Hyperparameters:
        try:
            return Hyperparameters(**values)
        except ValidationError as error:
            raise StoreError(self._unreadable(study, error, Hyperparameters)) from error

    def _unreadable(self, study: str, error: ValidationError, model: type[BaseModel]) -> str:
        return (
            f"study {study!r} in {self._shown} does not suit this version of dartboard: "
            f"{first_complaint(error, model)}"
        )


def _changed(connection: sa.Connection, statement: sa.UpdateBase, parameters: Row) -> int | None:
    """Run an update that says which row it changed; None if no row matched."""
    row: int | None = connection.execute(statement, parameters).scalar_one_or_none()
    return row
