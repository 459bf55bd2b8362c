"""Fixed jobs as a source: nothing is decided, but what the store has is not run again."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal

from configspace.condition import Condition
from configspace.hyperparameters import Hyperparameters
from configspace.job import ConfigurationId, EvaluationId, Job
from configspace.study import Study
from master.sources.base import Progress, Submission, job_of
from results.store.events import Unfinished
from results.store.store import Store


class FixedJobs:
    """Jobs of several trials each, in any order: they do not depend on one another."""

    def __init__(
        self,
        study: str,
        *,
        open: Sequence[tuple[Job, Unfinished]],
        waiting: Sequence[Job],
        trials: int,
        finished: Sequence[int],
        crashed: Sequence[int],
        epochs: int,
        again: Callable[[Job], Sequence[Job]] = lambda _: (),
    ) -> None:
        """Take over a plan.

        Args:
            study: The name under which the store keeps the jobs.
            open: Those that a restart interrupted, with what the store has of them.
            waiting: Those that are yet to be submitted.
            trials: How many trials are wanted in all.
            finished: How many trials each job has that finished before.
            crashed: How many each has that crashed before, and is not run again.
            epochs: Epochs of a job.
            again: What is to be run in a crashed job's stead; by default nothing, since it would
                crash again: all of its chance is in its seeds.
        """
        self._study = study
        self._interrupted = [
            Submission(job, "mean", stored.model_based, stored) for job, stored in open
        ]
        self._waiting = deque(waiting)
        self._left = len(self._interrupted) + len(self._waiting)
        self._trials = trials
        self._finished, self._crashed, self._lost = len(finished), len(crashed), 0
        self.finished_trials = sum(finished)
        """Trials that finished, over its whole life."""
        self._epochs = epochs
        self._again = again

    @property
    def studies(self) -> Sequence[str]:
        """The one name under which the store keeps the jobs."""
        return (self._study,)

    @property
    def parallel(self) -> int:
        """As many as there are live workers."""
        return 0

    def interrupted(self) -> Sequence[Submission]:
        """Return the jobs that a restart interrupted."""
        return self._interrupted

    def next(self) -> Submission | Literal["pending", "done"]:
        """Return the next job that the store does not have."""
        if self._waiting:
            return Submission(self._waiting.popleft(), "mean", model_based=False)
        return "pending" if self._left else "done"

    def finished(self, job: Job, loss: float) -> None:  # noqa: ARG002
        """Count a finished job."""
        self.finished_trials += len(job.seeds)
        self._left -= 1
        self._finished += 1

    def failed(self, job: Job, state: Literal["crashed", "lost"]) -> None:
        """Count a job that failed; a lost one is run when the same is next asked for."""
        self._left -= 1
        if state == "lost":
            self._lost += 1
        elif again := self._again(job):
            self._waiting.extend(again)
            self._left += len(again)
        else:
            self._crashed += 1

    def progress(self) -> Progress:
        """Return how many jobs are done; an iteration is all of them."""
        ended = self._finished + self._crashed + self._lost
        return Progress(
            study=self._study,
            iterations_done=int(not self._left),
            iterations=1,
            finished=self._finished,
            crashed=self._crashed,
            lost=self._lost,
            sampled=0,
            model_based=0,
            incumbent=None,
            epochs_done=self._epochs * ended,
            epochs_expected=self._epochs * (ended + self._left),
            trials_done=self.finished_trials,
            trials=self._trials,
        )


def reruns(
    study: Study,
    store: Store,
    *,
    configuration: ConfigurationId,
    hyperparameters: Hyperparameters,
    epochs: int,
    trials: int,
    batch: int,
) -> FixedJobs:
    """Plan re-runs of one configuration on fresh seeds.

    Args:
        study: Whose configuration it is; its objective does not matter, since re-runs score
            both ways.
        store: Knows which parts have ended, and how large they are.
        configuration: The configuration's id.
        hyperparameters: Its values.
        epochs: Epochs of the search and of the retraining.
        trials: Seeds in all; those of finished parts count, whatever their parts' sizes.
        batch: Seeds a job; the last job has those left over.

    Raises:
        ValueError: If ``trials`` or ``batch`` is not positive.
    """
    _check_positive(trials, batch)

    def job(part: int, size: int) -> Job:
        id = EvaluationId(configuration=configuration, epochs=epochs, purpose="rerun", part=part)
        return job_of(study, id, hyperparameters, objective="final", trials=size)

    ended = {
        id.part: part
        for id, part in store.parts(study.name, "rerun").items()
        if id.configuration == configuration and id.epochs == epochs
    }
    finished = [part.trials for part in ended.values() if part.state == "finished"]
    # A part's seeds depend on its number and their places in it alone, so that parts of any
    # size stand side by side: what was the short last one stays short.
    jobs: list[Job] = []
    missing, number = trials - sum(finished), 0
    while missing > 0:
        state = ended[number].state if number in ended else None
        if state != "finished":
            size = min(batch, missing)
            missing -= size
            if state != "crashed":  # else it stands for as many that did not finish
                jobs.append(job(number, size))
        number += 1
    stored = {one.id: one for one in store.unfinished(study.name)}
    return FixedJobs(
        study.name,
        open=[(one, stored[one.id]) for one in jobs if one.id in stored],
        waiting=[one for one in jobs if one.id not in stored],
        trials=trials,
        finished=finished,
        crashed=[part.trials for part in ended.values() if part.state == "crashed"],
        epochs=epochs,
    )


def condition_jobs(condition: Condition, store: Store, *, batch: int) -> FixedJobs:
    """Plan what a condition lacks of its trials.

    A job's part is the index of its first trial, so that trials keep their indices, and with them
    their seeds, whatever the sizes of the jobs. A crashed job is run again trial by trial: one of
    them diverged, and the others have a score.

    Args:
        condition: The condition.
        store: Knows which trials have ended.
        batch: Seeds a job, at most.

    Raises:
        ValueError: If ``batch`` is not positive.
    """
    _check_positive(condition.trials, batch)

    def job(first: int, size: int) -> Job:
        return condition_job(condition, range(first, first + size))

    def one_by_one(crashed: Job) -> list[Job]:
        first, size = crashed.id.part, len(crashed.seeds)
        # The first of them takes the place of the crashed one in the store, which until then
        # tells a restart that all are to be run one by one.
        return [job(index, 1) for index in (*range(first + 1, first + size), first)] * (size > 1)

    parts = {id.part: part for id, part in store.parts(condition.study, "campaign").items()}
    stored = {one.id.part: one for one in store.unfinished(condition.study)}
    finished, crashed, interrupted, failed = [], [], [], []
    covered: set[int] = set()
    for first, part in parts.items():
        if part.state == "finished":
            finished.append(part.trials)
        elif first in stored and first < condition.trials:
            interrupted.append((job(first, part.trials), stored[first]))
        elif part.state == "crashed" and part.trials == 1:
            crashed.append(1)
        else:
            if part.state == "crashed":
                failed.append(job(first, part.trials))
            continue
        covered |= set(range(first, first + part.trials))
    wanted = set(range(condition.trials)) - covered
    single = [one for whole in failed for one in one_by_one(whole) if one.id.part in wanted]
    wanted -= {one.id.part for one in single}
    return FixedJobs(
        condition.study,
        open=interrupted,
        waiting=[job(chunk.start, len(chunk)) for chunk in _chunks(wanted, batch)] + single,
        trials=condition.trials,
        finished=finished,
        crashed=crashed,
        epochs=condition.epochs,
        again=one_by_one,
    )


def condition_job(condition: Condition, indices: range) -> Job:
    """Return the job of some of a condition's trials: everything that a worker needs to know."""
    return Job(
        study=condition.study,
        id=EvaluationId(
            configuration=(0, 0, 0), epochs=condition.epochs, purpose="campaign", part=indices.start
        ),
        objective="final",
        problem=condition.problem,
        architecture=condition.architecture,
        search=condition.search,
        hyperparameters=condition.hyperparameters,
        epochs=condition.epochs,
        seeds=condition.trial_seeds(indices),
        time_limit=condition.evaluation.time_limit,
        memory_limit=condition.evaluation.memory_limit,
        architectures=condition.fixed_architectures(indices),
    )


def _chunks(indices: set[int], size: int) -> list[range]:
    """Return the indices as ranges without a gap, none longer than ``size``."""
    chunks: list[range] = []
    for index in sorted(indices):
        if chunks and chunks[-1].stop == index and len(chunks[-1]) < size:
            chunks[-1] = range(chunks[-1].start, index + 1)
        else:
            chunks.append(range(index, index + 1))
    return chunks


def _check_positive(trials: int, batch: int) -> None:
    if trials < 1 or batch < 1:
        raise ValueError(f"wanted at least one trial and batch, got {trials} and {batch}")
