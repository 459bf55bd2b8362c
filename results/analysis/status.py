"""What the store tells of its studies now: progress, incumbent, cost, and what is running."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from configspace.job import EvaluationId, Purpose
from configspace.study import Study
from results.analysis.incumbent import Effort, Incumbent, effort, incumbent
from results.comparison.sides import Cost, cost
from results.frames.study import Frames, load_from
from results.store.events import EvaluationState, SeenWorker, StudyState
from results.store.store import Store


@dataclass(frozen=True, slots=True)
class Rung:
    """How far the evaluations of one budget are."""

    epochs: int
    counts: dict[EvaluationState, int]
    """States that occur, and how often."""


@dataclass(frozen=True, slots=True)
class Running:
    """An evaluation on lease to a worker."""

    id: EvaluationId
    worker: str
    attempts: int
    started: datetime
    """When its newest lease was given; UTC."""


@dataclass(frozen=True, slots=True)
class StudyStatus:
    """One study as the store knows it."""

    study: Study
    state: StudyState
    """``running`` also after a master was killed: see ``last_activity``."""
    effort: Effort
    rungs: tuple[Rung, ...]
    """Smallest budget first; all of the study's, re-runs left out."""
    incumbent: Incumbent | None
    cost: Cost
    """Of the finished evaluations, so far."""
    reruns: int
    """Trials of re-runs that have finished."""
    running: tuple[Running, ...]
    """In the order of submission, re-runs too."""
    workers: tuple[SeenWorker, ...]
    """Those that lived when its master last said so."""
    last_activity: datetime | None
    """When an evaluation was last submitted, leased or ended; UTC."""

    @property
    def counts(self) -> dict[EvaluationState, int]:
        """Return the evaluations by state, over all budgets."""
        total: dict[EvaluationState, int] = {}
        for rung in self.rungs:
            for state, count in rung.counts.items():
                total[state] = total.get(state, 0) + count
        return total


def status(url: str, names: Sequence[str] = ()) -> list[StudyStatus]:
    """Return the status of studies, or of all in a store.

    Args:
        url: Where the store is, such as ``sqlite:///dartboard.db``.
        names: Which studies; none: all, oldest first.

    Raises:
        StoreError: If the store cannot be read, or lacks a study.
    """
    with Store.open(url, create=False) as store:
        return [
            status_of(load_from(store, name, with_curves=False), store.workers(name))
            for name in names or store.study_names()
        ]


def status_of(frames: Frames, workers: Sequence[SeenWorker] = ()) -> StudyStatus:
    """Return the status of one study, with its live workers."""
    evaluations = frames.evaluations
    times = evaluations[["submitted", "started", "finished"]].max()
    last = times.dropna().max() if times.notna().any() else None
    trials = frames.trials
    return StudyStatus(
        study=frames.study,
        state=cast(StudyState, frames.state),
        effort=effort(frames),
        rungs=_rungs(frames),
        incumbent=incumbent(frames),
        cost=cost(frames),
        reruns=int((trials["purpose"] == "rerun").sum()),
        running=tuple(
            _running(row)
            for row in evaluations[evaluations["state"] == "running"].to_dict("records")
        ),
        workers=tuple(workers),
        last_activity=None if last is None else last.to_pydatetime(),
    )


def _rungs(frames: Frames) -> tuple[Rung, ...]:
    of_study = frames.evaluations[frames.evaluations["purpose"] == "study"]
    return tuple(
        Rung(
            epochs=epochs,
            counts={
                cast(EvaluationState, state): int(count)
                for state, count in of_study.loc[of_study["epochs"] == epochs, "state"]
                .value_counts()
                .items()
            },
        )
        for epochs in frames.study.rungs()
    )


def _running(row: dict[Hashable, Any]) -> Running:
    return Running(
        id=EvaluationId(
            configuration=(int(row["iteration"]), int(row["rung"]), int(row["number"])),
            epochs=int(row["epochs"]),
            purpose=cast(Purpose, row["purpose"]),
            part=int(row["part"]),
        ),
        worker=str(row["worker"]),
        attempts=int(row["attempts"]),
        started=row["started"].to_pydatetime(),
    )
