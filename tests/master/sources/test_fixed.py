"""Fixed jobs, whatever they are: how they are counted, and when they are done."""

import pytest

from master.sources.fixed import FixedJobs
from results.store.store import Store
from tests.master.sources.fixed_jobs import crash, finish, finish_all, lose, reruns_of, submissions


@pytest.fixture
def source(store: Store) -> FixedJobs:
    return reruns_of(store)


def test_jobs_wait_for_the_last_outcome(store: Store, source: FixedJobs) -> None:
    jobs = submissions(source)
    for submission in jobs[:2]:
        finish(store, source, submission)
    assert source.next() == "pending"
    source.failed(jobs[2].job, "crashed")
    assert source.next() == "done"


def test_finished_and_crashed_jobs_are_counted(store: Store, source: FixedJobs) -> None:
    jobs = submissions(source)
    for submission in jobs[:2]:
        finish(store, source, submission)
    source.failed(jobs[2].job, "crashed")
    assert (source.progress().finished, source.progress().crashed) == (2, 1)


def test_epochs_expected_are_those_done_at_the_end(store: Store, source: FixedJobs) -> None:
    finish_all(store, source)
    assert (
        source.progress().epochs_done == source.progress().epochs_expected == 3 * 2 * 9
    )  # search and retraining


def test_jobs_are_complete_once_all_have_ended(store: Store, source: FixedJobs) -> None:
    jobs = submissions(source)
    for submission in jobs[:2]:
        finish(store, source, submission)
    assert not source.is_complete()
    crash(store, source, jobs[2].job)
    assert source.is_complete()


def test_a_lost_job_leaves_the_plan_incomplete(store: Store, source: FixedJobs) -> None:
    jobs = submissions(source)
    for submission in jobs[:2]:
        finish(store, source, submission)
    lose(store, source, jobs[2].job)
    assert source.next() == "done"
    assert not source.is_complete()
