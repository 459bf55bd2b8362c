"""Reading from a store: settings, names, and the events and evaluations of a study.

Rows are returned as values (see `results.store.events`). For display, `results.frames` returns
them as frames.
"""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import cast

import sqlalchemy as sa

from configspace.campaign import Campaign
from configspace.condition import Condition
from configspace.hyperparameters import Hyperparameters
from configspace.job import CandidateScores, EvaluationId, Purpose
from configspace.study import Study
from results.store import statements, study_rows
from results.store.connection import Connections
from results.store.events import (
    Failed,
    Finished,
    FinishedTrial,
    FixedTrials,
    SeenWorker,
    ShownState,
    Submitted,
    Unfinished,
)
from results.store.schema import evaluations, studies, trials, workers
from results.store.summaries import Summary, summaries


class Reader(Connections):
    """The read operations of a store. Any thread may call them.

    Every method raises a `StoreError` if the database cannot be read or the study is missing.
    Methods that take a ``study`` also accept a condition, as ``campaign/condition``; `study` does
    not.
    """

    def study(self, name: str) -> Study:
        """Return the current settings of a study."""
        with self.reading() as connection:
            row = connection.execute(
                sa.select(studies.c.settings).where(
                    studies.c.name == name, studies.c.kind == "study"
                )
            ).one_or_none()
            if row is None:
                raise study_rows.missing(connection, "study", name, self._shown)
        return study_rows.parsed(Study, name, row.settings, self._shown)

    def campaign(self, name: str) -> Campaign:
        """Return a campaign with its current conditions, oldest first."""
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

    def summaries(self) -> list[Summary]:
        """Return how far each study and condition is, oldest first."""
        with self.reading() as connection:
            return summaries(connection)

    def shown_states(self, stored: Mapping[str, str]) -> dict[str, ShownState]:
        """Return the states of studies and conditions as they are shown.

        Args:
            stored: States that were read before, by the name of the study or condition.

        Returns:
            The same states, but ``interrupted`` for what is ``running`` without a master.
        """
        shown = {name: cast(ShownState, state) for name, state in stored.items()}
        master_of = {n: n.partition("/")[0] for n, state in stored.items() if state == "running"}
        served = self._served(set(master_of.values())) if master_of else set()
        if free := {name for name, master in master_of.items() if master not in served}:
            with self.reading() as connection:
                running = sa.select(studies.c.name).where(studies.c.state == "running")
                # Read again: a master may have ended since, and then its study was running.
                still = free.intersection(connection.scalars(running))
            shown |= dict.fromkeys(still, "interrupted")
        return shown

    def last_sign(self, name: str) -> datetime | None:
        """Return when the master of a running study or campaign last changed its rows.

        Returns:
            The time of its last change, in UTC; None if it is not running.
        """
        running = sa.select(studies.c.id).where(
            sa.or_(studies.c.name == name, studies.c.campaign == name),
            studies.c.state == "running",
        )
        times = {
            studies.c.id: (studies.c.changed,),
            workers.c.study_id: (workers.c.heard,),
            evaluations.c.study_id: (
                evaluations.c.submitted,
                evaluations.c.started,
                evaluations.c.finished,
            ),
        }
        with self.reading() as connection:
            found = [
                connection.scalar(sa.select(sa.func.max(column)).where(owner.in_(running)))
                for owner, columns in times.items()
                for column in columns
            ]
        return max((time for time in found if time is not None), default=None)

    def history(self, study: str) -> list[Submitted | Finished | Failed]:
        """Return the events of BOHB's evaluations in order; re-runs are left out."""
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
        """Return the evaluations that have not ended, with re-runs, in order of submission."""
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

    def workers(self, name: str) -> list[SeenWorker]:
        """Return the live workers of a study or a campaign, as its master saw them last.

        They are ordered by their names. A worker of several conditions is as it was seen last.
        """
        columns = [workers.c[field.name] for field in dataclasses.fields(SeenWorker)]
        with self.reading() as connection:
            owners = sa.select(studies.c.id).where(
                sa.or_(studies.c.name == name, studies.c.campaign == name)
            )
            rows = connection.execute(
                sa.select(*columns)
                .where(workers.c.study_id.in_(owners))
                .order_by(workers.c.name, workers.c.heard)
            )
            found = {row.name: SeenWorker(*row) for row in rows}
            if not found and connection.execute(owners).first() is None:
                raise study_rows.missing(connection, "study", name, self._shown)
        return list(found.values())

    def targets(self, name: str) -> tuple[str, ...]:
        """Return the targets for which the workers' engines were compiled, in order of their use.

        It returns nothing for a study of an older dartboard, and for workers without such engines.

        Args:
            name: Name of a study or a campaign.
        """
        named = sa.or_(studies.c.name == name, studies.c.campaign == name)
        with self.reading() as connection:
            rows = connection.scalars(
                sa.select(studies.c.versions).where(named).order_by(studies.c.id)
            )
            found = [target for versions in rows for target in study_rows.targets(versions)]
        return tuple(dict.fromkeys(found))

    def parts(self, study: str, purpose: Purpose) -> dict[EvaluationId, FixedTrials]:
        """Return the evaluations of fixed trials for one purpose, in order of submission.

        Args:
            study: Name of the study or condition.
            purpose: ``rerun`` or ``campaign``; evaluations for ``study`` belong to BOHB.
        """
        finished = sa.select(sa.func.count()).where(trials.c.evaluation_id == evaluations.c.id)
        # Older versions did not store the number of trials: for their re-runs, count the finished.
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
            return {
                statements.evaluation_id(row): FixedTrials(row.state, row.planned) for row in rows
            }

    def finished_trials(self, condition: str) -> dict[int, FinishedTrial]:
        """Return the finished trials of a condition by their index in it.

        Args:
            condition: Name of the condition, as ``campaign/condition``.
        """
        with self.reading() as connection:
            rows = connection.execute(
                sa.select(
                    (evaluations.c.part + trials.c.position).label("trial"),
                    trials.c.architecture_psnr,
                    trials.c.candidates,
                )
                .join(evaluations, trials.c.evaluation_id == evaluations.c.id)
                .where(
                    evaluations.c.study_id == self._id(condition, connection),
                    evaluations.c.purpose == "campaign",
                )
                .order_by("trial")
            )
            return {
                row.trial: FinishedTrial(
                    row.architecture_psnr,
                    None if row.candidates is None else CandidateScores.from_wire(row.candidates),
                )
                for row in rows
            }

    def _id(self, study: str, connection: sa.Connection) -> int:
        found = self._id_or_none(study, connection)
        if found is None:
            raise study_rows.missing(connection, "study", study, self._shown)
        return found

    def _id_or_none(self, study: str, connection: sa.Connection) -> int | None:
        return connection.scalar(sa.select(studies.c.id).where(studies.c.name == study))
