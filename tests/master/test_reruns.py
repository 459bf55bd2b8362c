"""Re-runs of one configuration, which the store remembers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from configspace.hyperparameters import Hyperparameters
from configspace.job import loss
from configspace.study import Study
from master.reruns import Reruns
from master.source import Chain, Submission
from results.store import Store
from tests.master.running import RunningMaster, small_study, workers
from tests.worker.noop import outcome_of

STUDY = small_study(seed=3)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        store.begin(STUDY, {})
        yield store


def reruns(store: Store, trials: int = 5, batch: int = 2, study: Study = STUDY) -> Reruns:
    return Reruns(
        study,
        store,
        configuration=(0, 0, 4),
        hyperparameters=Hyperparameters(),
        epochs=9,
        trials=trials,
        batch=batch,
    )


def submissions(source: Reruns) -> list[Submission]:
    drawn = []
    while isinstance(submission := source.next(), Submission):
        drawn.append(submission)
    return drawn


def finish(store: Store, source: Reruns, submission: Submission) -> None:
    job = submission.job
    store.submit(job.study, job.id, job.hyperparameters, model_based=False)
    value = loss(outcome_of(job), "final", "mean")
    store.finish(job.study, outcome_of(job), loss=value, worker="w")
    source.finished(job, value)


def test_trials_come_in_parts_with_seeds_of_their_own(store: Store) -> None:
    jobs = [submission.job for submission in submissions(reruns(store))]
    assert [len(job.seeds) for job in jobs] == [2, 2, 1]
    assert len({seed for job in jobs for seed in job.seeds}) == 5
    assert {(job.id.purpose, job.objective, job.epochs) for job in jobs} == {("rerun", "final", 9)}


def test_parts_that_the_store_has_are_not_run_again(store: Store) -> None:
    first = reruns(store)
    finish(store, first, submissions(first)[1])
    again = reruns(store)
    assert [submission.job.id.part for submission in submissions(again)] == [0, 2]
    assert again.progress().finished == 1


@pytest.mark.parametrize(
    ("steps", "sizes"), [((10, 16), [8, 2, 6]), ((12, 24), [8, 4, 8, 4]), ((16, 10), [8, 8])]
)
def test_re_runs_grow_to_as_many_trials_as_are_wanted(
    store: Store, steps: tuple[int, ...], sizes: list[int]
) -> None:
    seeds: list[int] = []
    for trials in steps:
        source = reruns(store, trials, batch=8)
        for submission in submissions(source):
            finish(store, source, submission)
            seeds.extend(submission.job.seeds)
        assert source.next() == "done"
        assert source.progress().epochs_done == source.progress().epochs_expected
    kept = store.finished_trials(STUDY.name, "rerun")
    assert [kept[id] for id in sorted(kept, key=lambda id: id.part)] == sizes
    assert len(set(seeds)) == sum(sizes)


@pytest.mark.parametrize(("state", "parts"), [("crashed", [2]), ("lost", [1, 2])])
def test_a_part_that_crashed_is_not_run_again_but_a_lost_one_is(
    store: Store, state: Literal["crashed", "lost"], parts: list[int]
) -> None:
    first = reruns(store)
    drawn = submissions(first)
    finish(store, first, drawn[0])
    job = drawn[1].job
    store.submit(job.study, job.id, job.hyperparameters, model_based=False)
    store.fail(job.study, job.id, state=state, failure=None, message="why", worker="w")

    again = reruns(store)
    assert again.progress().crashed == (state == "crashed")
    for submission in (left := submissions(again)):
        finish(store, again, submission)
    assert [submission.job.id.part for submission in left] == parts
    assert again.next() == "done"
    assert again.finished_trials == (3 if state == "crashed" else 5)


def test_re_runs_of_other_configurations_do_not_count(store: Store) -> None:
    other = Reruns(
        STUDY,
        store,
        configuration=(0, 0, 5),
        hyperparameters=Hyperparameters(),
        epochs=9,
        trials=5,
        batch=2,
    )
    finish(store, other, submissions(other)[0])
    assert [submission.job.id.part for submission in submissions(reruns(store))] == [0, 1, 2]


def test_parts_that_were_interrupted_are_not_submitted_again(store: Store) -> None:
    job = submissions(reruns(store))[0].job
    store.submit(job.study, job.id, job.hyperparameters, model_based=False)
    again = reruns(store)
    assert [submission.job for submission in again.interrupted()] == [job]
    assert [submission.job.id.part for submission in submissions(again)] == [1, 2]


def test_re_runs_are_done_once_every_part_has_ended(store: Store) -> None:
    source = reruns(store)
    jobs = submissions(source)
    for submission in jobs[:2]:
        finish(store, source, submission)
    assert source.next() == "pending"
    source.failed(jobs[2].job, "crashed")
    assert source.next() == "done"
    assert (source.progress().finished, source.progress().crashed) == (2, 1)


def test_re_runs_leave_the_replay_alone(store: Store) -> None:
    source = reruns(store)
    finish(store, source, submissions(source)[0])
    assert store.history(STUDY.name) == []


def test_re_runs_of_two_studies_are_served_as_one(store: Store) -> None:
    other = small_study(name="other", seed=4)
    store.begin(other, {})
    chain = Chain([reruns(store), reruns(store, study=other)])
    running = RunningMaster(chain, store)
    with workers(running.start(), 2, "slow", once=True):
        ending = running.wait()
    for name in ("small", "other"):
        assert sum(store.finished_trials(name, "rerun").values()) == 5
    progress = ending.snapshot.progress
    assert (progress.study, progress.finished) == ("small, other", 6)


@pytest.mark.parametrize(("trials", "batch"), [(0, 1), (1, 0)])
def test_re_runs_of_nothing_are_refused(store: Store, trials: int, batch: int) -> None:
    with pytest.raises(ValueError, match="wanted at least one"):
        reruns(store, trials, batch)
