"""The store: the only record of a study. Its master alone writes it; anyone may read it.

Each call that writes is one transaction, which is committed when the call returns. The read
operations are in `results.store.reader`.
"""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from configspace.campaign import Campaign
from configspace.errors import StoreError
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId, Failure, Outcome
from configspace.study import Study
from results.store import evaluation_rows, statements, study_rows
from results.store.events import SeenWorker, StudyState
from results.store.reader import Reader
from results.store.schema import studies, workers


class Store(Reader):
    """An open store. One thread may write; any thread may read.

    Every method raises a `StoreError` if the database cannot be read or written, or if the study
    or evaluation is missing.
    """

    def __init__(self, engine: sa.Engine, url: str) -> None:
        super().__init__(engine, url)
        self._rows: dict[str, tuple[int, datetime]] = {}
        self._sequences: dict[str, int] = {}

    def begin(
        self, study: Study, versions: dict[str, str], *, accept_version_change: bool = False
    ) -> None:
        """Add a study, or update the settings of one; its state is then ``running``.

        Args:
            study: The study. If it exists, the settings that change results must be equal; others
                may differ.
            versions: Version of each package that can change a result.
            accept_version_change: Whether a study with results of other versions may resume. The
                store records the change and when it happened.

        Raises:
            StoreError: If a campaign has this name.
            StudyError: If the study was begun with settings that give other results, or has
                results of other versions and the change is not accepted. The message lists the
                keys or packages.
        """
        with self._write() as connection:
            study_rows.check_free(connection, study.name, "study", self._shown)
            options = self._begin_options(versions, accept=accept_version_change)
            study_rows.begin(connection, study, options)
        self._forget(study.name)

    def begin_campaign(
        self, campaign: Campaign, versions: dict[str, str], *, accept_version_change: bool = False
    ) -> None:
        """Add the conditions of a campaign, or update their settings; all or none.

        Stored conditions that are no longer in the campaign remain unchanged.

        Args:
            campaign: The campaign. For each condition that exists, the settings that change
                results must be equal.
            versions: See `begin`.
            accept_version_change: See `begin`.

        Raises:
            StoreError: If a study has this name.
            CampaignError: See the StudyError of `begin`.
        """
        with self._write() as connection:
            study_rows.check_free(connection, campaign.name, "campaign", self._shown)
            options = self._begin_options(versions, accept=accept_version_change)
            for condition in campaign.conditions:
                study_rows.begin(connection, condition, options)
        self._forget(*(condition.study for condition in campaign.conditions))

    def resume(
        self, study: str, versions: dict[str, str], *, accept_version_change: bool = False
    ) -> None:
        """Resume a study with its stored settings, for example to re-run its incumbent.

        Args:
            study: Name of the study.
            versions: See `begin`.
            accept_version_change: See `begin`.

        Raises:
            StoreError: If the study is missing.
            StudyError: If it has results of other versions and the change is not accepted.
        """
        with self._write() as connection:
            options = self._begin_options(versions, accept=accept_version_change)
            study_rows.resume(connection, self._row_id(study, connection), options)

    def submit(
        self,
        study: str,
        id: EvaluationId,
        hyperparameters: Hyperparameters,
        *,
        model_based: bool,
        seeds: int | None = None,
    ) -> None:
        """Add an evaluation, with its configuration if that is new; its state is ``queued``.

        An evaluation of fixed trials that has not finished may be submitted again; it then starts
        from the beginning.

        Args:
            study: Name of the study.
            id: Id of the evaluation.
            hyperparameters: Hyperparameters of its configuration.
            model_based: Whether BOHB's model sampled the configuration.
            seeds: Number of trials of an evaluation of fixed trials; resuming needs it.

        Raises:
            StoreError: If the evaluation was submitted before, or its configuration has other
                hyperparameters in the store.
        """
        with self._write() as connection:
            sequence = self._next_sequence(study, connection)
            evaluation_rows.submit(
                connection,
                self._owner(study, connection),
                id,
                hyperparameters,
                model_based=model_based,
                submitted_sequence=sequence,
                seeds=seeds,
            )
        self._sequences[study] = sequence

    def lease(self, study: str, id: EvaluationId, *, worker: str, token: str, attempt: int) -> None:
        """Record that a worker leased an open evaluation; its state is ``running``."""
        self._change(
            study,
            id,
            state="running",
            worker=worker,
            token=token,
            attempts=attempt,
            started=datetime.now(UTC),
        )

    def requeue(self, study: str, id: EvaluationId) -> None:
        """Record that the lease of an open evaluation ended; its state is ``queued``."""
        self._change(study, id, state="queued", worker=None, token=None)

    def retry(self, study: str, failure: Failure, *, worker: str) -> None:
        """Record that an open evaluation failed on a worker and gets one retry."""
        self._change(
            study,
            failure.id,
            state="queued",
            worker=worker,
            token=None,
            failure=failure.kind,
            message=failure.message,
        )

    def finish(self, study: str, outcome: Outcome, *, loss: float, worker: str) -> None:
        """Commit the loss of an evaluation with its trials and their curves, all or none.

        Args:
            study: Name of the study.
            outcome: Outcome of the evaluation; already checked against its job.
            loss: What BOHB minimizes; see `configspace.job.loss`.
            worker: Name of the worker that returned the outcome.

        Raises:
            StoreError: If the evaluation is unknown or has already ended.
        """
        with self._write() as connection:
            sequence = self._next_sequence(study, connection)
            row = evaluation_rows.end(
                connection,
                self._owner(study, connection),
                outcome.id,
                sequence=sequence,
                state="finished",
                loss=loss,
                failure=None,  # an earlier failure was not that of the configuration
                message=None,
                worker=worker,
                device=outcome.device,
                engine=outcome.engine,
            )
            evaluation_rows.add_trials(connection, row, outcome)
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

        Args:
            study: Name of the study.
            id: Id of the evaluation.
            state: Whether the configuration (``crashed``) or machines (``lost``) failed.
            failure: Failure that the worker reported, if any.
            message: Reason, for display.
            worker: Name of the last worker that had leased it.

        Raises:
            StoreError: If the evaluation is unknown or has already ended.
        """
        with self._write() as connection:
            sequence = self._next_sequence(study, connection)
            evaluation_rows.end(
                connection,
                self._owner(study, connection),
                id,
                sequence=sequence,
                state=state,
                failure=None if failure is None else failure.kind,
                message=message,
                worker=worker,
            )
        self._sequences[study] = sequence

    def end(self, study: str, state: StudyState) -> None:
        """Set the state of a study."""
        with self._write() as connection:
            connection.execute(
                sa.update(studies)
                .where(studies.c.id == self._row_id(study, connection))
                .values(state=state, changed=datetime.now(UTC))
            )

    def show_workers(self, study: str, seen: Sequence[SeenWorker]) -> None:
        """Replace the record of a study's live workers."""
        with self._write() as connection:
            row_id = self._row_id(study, connection)
            connection.execute(sa.delete(workers).where(workers.c.study_id == row_id))
            if seen:
                rows = [{"study_id": row_id, **dataclasses.asdict(one)} for one in seen]
                connection.execute(sa.insert(workers), rows)

    def add_target(self, study: str, target: str) -> tuple[str, ...]:
        """Record a target for which a worker's engine is compiled; return those known before."""
        with self._write() as connection:
            row_id = self._row_id(study, connection)
            return study_rows.add_target(connection, row_id, target)

    def delete(self, name: str) -> None:
        """Remove a study or a campaign with all its results."""
        with self._write() as connection:
            gone = sa.delete(studies).where(
                sa.or_(
                    studies.c.campaign == name, studies.c.id == self._id_or_none(name, connection)
                )
            )
            if not connection.execute(gone).rowcount:
                raise study_rows.missing(connection, "study", name, self._shown)
        self._rows.clear()
        self._sequences.clear()

    def _change(self, study: str, id: EvaluationId, **values: Any) -> None:
        with self._write() as connection:
            evaluation_rows.change(connection, self._owner(study, connection), id, **values)

    def _begin_options(self, versions: dict[str, str], *, accept: bool) -> study_rows.BeginOptions:
        return study_rows.BeginOptions(self._shown, versions, accept, datetime.now(UTC))

    def _owner(self, study: str, connection: sa.Connection) -> evaluation_rows.Owner:
        return evaluation_rows.Owner(study, self._row_id(study, connection))

    def _row_id(self, study: str, connection: sa.Connection) -> int:
        """Return the row id of a study that this store writes.

        Raises:
            StoreError: If somebody deleted the study since this store wrote to it first.
        """
        row = connection.execute(statements.STUDY, {"of_name": study}).one_or_none()
        found: tuple[int, datetime] | None = None if row is None else (row.id, row.created)
        known = self._rows.get(study, found)
        if known is None:
            raise study_rows.missing(connection, "study", study, self._shown)
        if known != found:  # SQLite may use the id again, for another study
            raise StoreError(
                f"study {study!r} in {self._shown} was deleted while it was served",
                advice="start it again, without its earlier results",
            )
        self._rows[study] = known
        return known[0]

    def _forget(self, *names: str) -> None:
        """Forget the rows of studies that begin, so that the next write looks for them."""
        for name in names:
            self._rows.pop(name, None)
            self._sequences.pop(name, None)

    def _next_sequence(self, study: str, connection: sa.Connection) -> int:
        """Return the next sequence number; the caller records it after its commit."""
        if study not in self._sequences:
            row_id = self._row_id(study, connection)
            self._sequences[study] = statements.last_sequence(connection, row_id)
        return self._sequences[study] + 1
