"""The contract of a source of jobs: it decides what is evaluated next.

The service commits, leases and collects. A decision is a value: a submission, "pending" or "done".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from configspace.hyperparameters import Hyperparameters
from configspace.job import ConfigurationId, EvaluationId, Job, trial_seed
from configspace.signals import Objective, signal_of
from configspace.study import Study
from results.store.events import Unfinished


@dataclass(frozen=True, slots=True)
class Submission:
    """A job to run, with what the store records about it."""

    job: Job
    aggregate: Literal["mean", "median", "max"]
    """How the losses of the trials become one loss."""
    model_based: bool
    """Whether BOHB's model picked the configuration."""
    stored: Unfinished | None = None
    """The store's record of the job, if it was submitted before a restart."""


@dataclass(frozen=True, slots=True)
class BestSoFar:
    """The best configuration so far on the largest budget that has an outcome."""

    configuration: ConfigurationId
    hyperparameters: Hyperparameters
    epochs: int
    loss: float
    objective: Objective

    @property
    def score(self) -> float:
        """Value of the objective, in its unit."""
        return signal_of(self.objective).score_of(self.loss)


@dataclass(frozen=True, slots=True)
class SourceProgress:
    """How far a source has come. Counts cover its whole life, including all restarts."""

    study: str
    """Name to show: the study's, the campaign's, or several studies' joined by commas."""
    iterations_done: int
    iterations: int
    finished: int
    """Evaluations that ended with an outcome."""
    crashed: int
    """Evaluations that failed because of their configuration."""
    lost: int
    """Evaluations that failed because of their machines."""
    sampled: int
    """Configurations sampled."""
    model_based: int
    """Configurations that BOHB's model picked."""
    incumbent: BestSoFar | None
    epochs_done: int
    """Epochs of all phases of the evaluations that ended, per trial."""
    epochs_expected: int
    """The same of all evaluations."""
    trials_done: int = 0
    trials: int = 0
    """Trials requested in total; 0 where progress is counted in evaluations."""
    rounds: str = "brackets"
    """Word for the iterations of this source."""

    @property
    def ended(self) -> int:
        """Number of evaluations that ended, in whatever way."""
        return self.finished + self.crashed + self.lost


class JobSource(Protocol):
    """Decides what is evaluated next. The service calls it from one thread only."""

    @property
    def studies(self) -> Sequence[str]:
        """Names of the studies to which the jobs belong."""

    @property
    def parallel(self) -> int:
        """Number of jobs outstanding at once; 0 means one per live worker."""

    def interrupted(self) -> Sequence[Submission]:
        """Return the jobs that a restart interrupted. The service calls this once, at its start."""

    def next(self) -> Submission | Literal["pending", "done"]:
        """Return the next job, or "pending" if an outcome must arrive first."""

    def finished(self, job: Job, loss: float) -> None:
        """Record the loss of a job. The store has it already."""

    def failed(self, job: Job, state: Literal["crashed", "lost"]) -> None:
        """Record that a job ended without an outcome. The store has the failure already."""

    def progress(self) -> SourceProgress:
        """Return how far the source has come."""


def job_of(
    study: Study,
    id: EvaluationId,
    hyperparameters: Hyperparameters,
    *,
    objective: Objective,
    trials: int,
) -> Job:
    """Return the job of an evaluation, with everything that a worker needs.

    Args:
        study: Study of the evaluation. Its signals are recorded, and what its objective needs.
        id: Name of the evaluation.
        hyperparameters: Hyperparameters of its configuration.
        objective: What counts in this evaluation.
        trials: Number of seeds.
    """
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
        signals=study.requests,
        short_fraction=study.evaluation.short_fraction,
    )
