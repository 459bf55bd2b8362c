"""Fixed jobs as a source: the jobs are known from the start, and none depends on another."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from configspace.job import Job
from master.sources.base import SourceProgress, Submission
from results.store.events import Unfinished


def _nothing(_: Job) -> Sequence[Job]:
    return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Jobs to run, and how many of their trials are in the store already."""

    study: str
    """Name under which the store keeps the jobs."""
    interrupted: Sequence[tuple[Job, Unfinished]]
    """Jobs that a restart interrupted, each with the store's record of it."""
    waiting: Iterator[Job]
    """Jobs that are not submitted yet; each is made when its turn comes."""
    waiting_jobs: int
    """Number of those jobs."""
    trials: int
    """Number of trials in total: those requested, and those in the store beyond them."""
    finished: Sequence[int]
    """Number of trials of each job that finished before."""
    crashed: Sequence[int]
    """Number of trials of each job that crashed before and is not run again."""
    cost: int
    """Cost of each job in epochs per trial, see `configspace.job.Job.phases`."""
    after_crash: Callable[[Job], Sequence[Job]] = _nothing
    """Returns the jobs to run in place of a crashed one. By default there are none: the seeds fix
    all randomness of a job, so it would crash again."""


class FixedJobs:
    """Serves the jobs of a plan, each of several trials, in any order."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._interrupted = [
            Submission(job, "mean", stored.model_based, stored) for job, stored in plan.interrupted
        ]
        self._instead: deque[Job] = deque()
        self._left = len(self._interrupted) + plan.waiting_jobs
        self._finished, self._crashed, self._lost = len(plan.finished), len(plan.crashed), 0
        self.trials = plan.trials
        """Number of trials in total."""
        self.finished_trials = sum(plan.finished)
        """Number of trials that finished, including those before a restart."""

    @property
    def studies(self) -> Sequence[str]:
        """The one name under which the store keeps the jobs."""
        return (self._plan.study,)

    @property
    def parallel(self) -> int:
        """Return 0: one job per live worker."""
        return 0

    def interrupted(self) -> Sequence[Submission]:
        """Return the jobs that a restart interrupted."""
        return self._interrupted

    def next(self) -> Submission | Literal["pending", "done"]:
        """Return the next job that is not submitted yet."""
        job = next(self._plan.waiting, None)
        if job is None and self._instead:
            job = self._instead.popleft()
        if job is not None:
            return Submission(job, "mean", model_based=False)
        return "pending" if self._left else "done"

    def finished(self, job: Job, loss: float) -> None:  # noqa: ARG002
        """Count a finished job."""
        self.finished_trials += len(job.seeds)
        self._left -= 1
        self._finished += 1

    def failed(self, job: Job, state: Literal["crashed", "lost"]) -> None:
        """Count a failed job. A lost job runs again when the same plan is next made."""
        self._left -= 1
        if state == "lost":
            self._lost += 1
        elif instead := self._plan.after_crash(job):
            self._instead.extend(instead)
            self._left += len(instead)
        else:
            self._crashed += 1

    def progress(self) -> SourceProgress:
        """Return how many jobs are done. All jobs together count as one iteration."""
        ended = self._finished + self._crashed + self._lost
        return SourceProgress(
            study=self._plan.study,
            iterations_done=int(not self._left),
            iterations=1,
            finished=self._finished,
            crashed=self._crashed,
            lost=self._lost,
            sampled=0,
            model_based=0,
            incumbent=None,
            epochs_done=self._plan.cost * ended,
            epochs_expected=self._plan.cost * (ended + self._left),
            trials_done=self.finished_trials,
            trials=self.trials,
        )

    def is_complete(self) -> bool:
        """Return whether all jobs have ended and none was lost."""
        return not self._left and not self._lost


def check_positive(trials: int, batch: int) -> None:
    """Check a number of trials and a number of trials per job.

    Raises:
        ValueError: If one of them is not positive.
    """
    if trials < 1 or batch < 1:
        raise ValueError(f"expected at least one trial and one per job, got {trials} and {batch}")
