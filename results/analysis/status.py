"""Current status of studies: progress, incumbent, cost, and running evaluations."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from configspace.job import EvaluationId, Purpose
from configspace.study import Study
from results.analysis.cost import Cost, cost
from results.analysis.incumbent import Effort, Incumbent, effort, incumbent
from results.frames.study import Frames, load_from
from results.store.events import EvaluationState, SeenWorker, ShownState
from results.store.store import Store


@dataclass(frozen=True, slots=True)
class Rung:
    """Number of evaluations of one budget, by state."""

    epochs: int
    counts: dict[EvaluationState, int]
    """Number of evaluations in each state that occurs."""


@dataclass(frozen=True, slots=True)
class Running:
    """An evaluation that a worker has leased."""

    id: EvaluationId
    worker: str
    attempts: int
    started: datetime
    """Time of its newest lease; UTC."""


@dataclass(frozen=True, slots=True)
class StudyStatus:
    """Status of one study."""

    study: Study
    state: ShownState
    effort: Effort
    rungs: tuple[Rung, ...]
    """Budgets of the study, smallest first; re-runs do not count."""
    incumbent: Incumbent | None
    cost: Cost
    """Cost of the evaluations so far."""
    reruns: int
    """Number of finished trials of re-runs."""
    running: tuple[Running, ...]
    """Evaluations that workers have leased, with re-runs, in order of submission."""
    workers: tuple[SeenWorker, ...]
    """Workers that were alive when the study's master last reported them."""
    last_activity: datetime | None
    """Time of the last submission, lease or end of an evaluation; UTC."""

    @property
    def counts(self) -> dict[EvaluationState, int]:
        """Number of evaluations in each state, over all budgets."""
        total: dict[EvaluationState, int] = {}
        for rung in self.rungs:
            for state, count in rung.counts.items():
                total[state] = total.get(state, 0) + count
        return total


def status(url: str, names: Sequence[str] = ()) -> list[StudyStatus]:
    """Return the status of some studies, or of all studies in a store.

    Args:
        url: URL of the store, such as ``sqlite:///dartboard.db``.
        names: Names of the studies; empty for all, oldest first.

    Raises:
        StoreError: If the store cannot be read, or a study is missing.
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
        state=frames.state,
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
