"""Where jobs come from: a BOHB study, or a list of fixed jobs.

A source decides what is to be evaluated next; the service commits, leases and collects. A
decision is a value: a submission, "pending" or "done".
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from configspace.hyperparameters import Hyperparameters
from configspace.job import ConfigurationId, EvaluationId, Job, trial_seed
from configspace.study import Study
from results.store.events import Unfinished


@dataclass(frozen=True, slots=True)
class Submission:
    """A job to be run, and what the store wants to know about it."""

    job: Job
    aggregate: Literal["mean", "median", "max"]
    """How its trials become one loss."""
    model_based: bool
    stored: Unfinished | None = None
    """What the store already has of it, when it was submitted before a restart."""


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The best configuration so far on the largest budget that has an outcome."""

    configuration: ConfigurationId
    hyperparameters: Hyperparameters
    epochs: int
    loss: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a source has come; evaluations are counted over its whole life, restarts included."""

    study: str
    iterations_done: int
    iterations: int
    finished: int
    crashed: int
    lost: int
    sampled: int
    model_based: int
    incumbent: Incumbent | None
    epochs_done: int
    epochs_expected: int
    trials_done: int = 0
    trials: int = 0
    """Wanted in all; 0 where it is evaluations that count."""
    rounds: str = "brackets"
    """What its iterations are."""


class JobSource(Protocol):
    """Decides what is evaluated next. Everything is called from the service's one thread."""

    @property
    def studies(self) -> Sequence[str]:
        """The names of the studies whose jobs it gives."""

    @property
    def parallel(self) -> int:
        """Jobs outstanding at once; 0: as many as there are live workers."""

    def interrupted(self) -> Sequence[Submission]:
        """Return the jobs that a restart interrupted; the service asks once, at its start."""

    def next(self) -> Submission | Literal["pending", "done"]:
        """Return the next job; "pending" when an outcome is awaited first."""

    def finished(self, job: Job, loss: float) -> None:
        """Take in the loss of a job, which the store has already."""

    def failed(self, job: Job, state: Literal["crashed", "lost"]) -> None:
        """Take in that a job brought no outcome, which the store knows already."""

    def progress(self) -> Progress:
        """Return how far it has come."""


def job_of(
    study: Study,
    id: EvaluationId,
    hyperparameters: Hyperparameters,
    *,
    objective: Literal["one-shot", "final"],
    trials: int,
) -> Job:
    """Return the job of an evaluation: everything that a worker needs to know."""
    return Job(
        study=study.name,
        id=id,
        objective=objective,
        problem=study.problem,
        architecture=study.architecture,
        search=study.search,
        hyperparameters=hyperparameters,
        epochs=id.epochs,
        seeds=tuple(trial_seed(study.seed, id, index) for index in range(trials)),
        time_limit=study.evaluation.time_limit,
        memory_limit=study.evaluation.memory_limit,
    )


class Chain:
    """Several sources as one, served in turn: a source starts when those before it wait or end."""

    def __init__(
        self, sources: Sequence[JobSource], *, name: str | None = None, rounds: str = "conditions"
    ) -> None:
        """Join some sources.

        Args:
            sources: At least one.
            name: What to call them in the progress; None: by their studies' names.
            rounds: What to call one of them.
        """
        if not sources:
            raise ValueError("wanted at least one source of jobs, got none")
        self._name, self._rounds = name, rounds
        self._sources = list(sources)
        self._waiting = deque(sources)
        self._owners: dict[tuple[str, EvaluationId], JobSource] = {}

    @property
    def studies(self) -> Sequence[str]:
        """The names of all sources' studies."""
        return list(dict.fromkeys(name for source in self._sources for name in source.studies))

    @property
    def parallel(self) -> int:
        """Jobs outstanding at once: the first unfinished source's."""
        return (self._waiting or self._sources)[0].parallel

    def interrupted(self) -> Sequence[Submission]:
        """Return the jobs of all sources that a restart interrupted."""
        both = [(source, job) for source in self._sources for job in source.interrupted()]
        for source, submission in both:
            self._owners[submission.job.study, submission.job.id] = source
        return [submission for _, submission in both]

    def next(self) -> Submission | Literal["pending", "done"]:
        """Return the next job of the first source that has one."""
        for source in list(self._waiting):
            match source.next():
                case "done":
                    self._waiting.remove(source)
                case "pending":
                    continue
                case submission:
                    self._owners[submission.job.study, submission.job.id] = source
                    return submission
        return "pending" if self._waiting else "done"

    def finished(self, job: Job, loss: float) -> None:
        """Tell the job's source its loss."""
        self._owners.pop((job.study, job.id)).finished(job, loss)

    def failed(self, job: Job, state: Literal["crashed", "lost"]) -> None:
        """Tell the job's source that it failed."""
        self._owners.pop((job.study, job.id)).failed(job, state)

    def progress(self) -> Progress:
        """Return the sums over all sources."""
        parts = [source.progress() for source in self._sources]
        return Progress(
            study=self._name or ", ".join(dict.fromkeys(part.study for part in parts)),
            iterations_done=sum(part.iterations_done for part in parts),
            iterations=sum(part.iterations for part in parts),
            finished=sum(part.finished for part in parts),
            crashed=sum(part.crashed for part in parts),
            lost=sum(part.lost for part in parts),
            sampled=sum(part.sampled for part in parts),
            model_based=sum(part.model_based for part in parts),
            incumbent=None,
            epochs_done=sum(part.epochs_done for part in parts),
            epochs_expected=sum(part.epochs_expected for part in parts),
            trials_done=sum(part.trials_done for part in parts),
            trials=sum(part.trials for part in parts),
            rounds=self._rounds,
        )
