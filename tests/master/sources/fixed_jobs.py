"""Helpers for tests of fixed jobs: what a master does with a source, without workers."""

import sqlalchemy as sa

from configspace.hyperparameters import Hyperparameters
from configspace.job import Job, loss
from configspace.study import Study
from master.sources.base import JobSource, Submission
from master.sources.fixed import FixedJobs
from master.sources.reruns import Rerun, rerun_jobs
from results.store import schema
from results.store.store import Store
from tests.master.running import small_study
from tests.worker.noop import outcome_of

STUDY = small_study(seed=3)
RERUN = Rerun((0, 0, 4), Hyperparameters(), epochs=9)


def reruns_of(store: Store, trials: int = 5, batch: int = 2, study: Study = STUDY) -> FixedJobs:
    return rerun_jobs(study, store, RERUN, trials=trials, batch=batch)


def submissions(source: JobSource) -> list[Submission]:
    """Return everything that a source submits until it waits or is done."""
    drawn = []
    while isinstance(submission := source.next(), Submission):
        drawn.append(submission)
    return drawn


def submit(store: Store, job: Job) -> None:
    store.submit(job.study, job.id, job.hyperparameters, model_based=False, seeds=len(job.seeds))


def finish(store: Store, source: FixedJobs, submission: Submission) -> None:
    job = submission.job
    submit(store, job)
    value = loss(outcome_of(job), "final", "mean")
    store.finish(job.study, outcome_of(job), loss=value, worker="w")
    source.finished(job, value)


def finish_all(store: Store, source: FixedJobs) -> None:
    for submission in submissions(source):
        finish(store, source, submission)


def crash(store: Store, source: FixedJobs, job: Job) -> None:
    submit(store, job)
    store.fail(job.study, job.id, state="crashed", failure=None, message="why", worker="w")
    source.failed(job, "crashed")


def lose(store: Store, source: FixedJobs, job: Job) -> None:
    submit(store, job)
    store.fail(job.study, job.id, state="lost", failure=None, message="why", worker="w")
    source.failed(job, "lost")


def seeds_in(store: Store) -> list[int]:
    with store.reading() as connection:
        return list(connection.scalars(sa.select(schema.trials.c.seed)))
