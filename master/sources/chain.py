"""Several sources served as one, in turn."""

from collections import deque
from collections.abc import Sequence
from typing import Literal

from configspace.job import EvaluationId, Job
from master.sources.base import JobSource, SourceProgress, Submission


class Chain:
    """Serves several sources in turn: a source starts when those before it wait or are done."""

    def __init__(
        self, sources: Sequence[JobSource], *, name: str | None = None, rounds: str = "conditions"
    ) -> None:
        """Join sources.

        Args:
            sources: At least one source.
            name: Name of the chain in its progress; None joins the names of the studies.
            rounds: Word for the iterations in the progress, where one source is one iteration.

        Raises:
            ValueError: If there is no source.
        """
        if not sources:
            raise ValueError("expected at least one source of jobs, got none")
        self._name, self._rounds = name, rounds
        self._sources = list(sources)
        self._waiting = deque(sources)
        self._owners: dict[tuple[str, EvaluationId], JobSource] = {}

    @property
    def studies(self) -> Sequence[str]:
        """Names of the studies of all sources."""
        return list(dict.fromkeys(name for source in self._sources for name in source.studies))

    @property
    def parallel(self) -> int:
        """Number of jobs outstanding at once, as the first unfinished source requests it."""
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
        """Pass a loss to the source of the job."""
        self._owners.pop((job.study, job.id)).finished(job, loss)

    def failed(self, job: Job, state: Literal["crashed", "lost"]) -> None:
        """Pass a failure to the source of the job."""
        self._owners.pop((job.study, job.id)).failed(job, state)

    def progress(self) -> SourceProgress:
        """Return the sums over all sources."""
        parts = [source.progress() for source in self._sources]
        return SourceProgress(
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
