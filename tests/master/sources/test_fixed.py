"""Fixed jobs, which the store remembers: re-runs of a configuration, and a condition's trials."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import sqlalchemy as sa

from configspace.campaign import Campaign
from configspace.condition import Condition
from configspace.hyperparameters import Hyperparameters
from configspace.job import Job, loss
from configspace.study import Study
from master.sources.base import Chain, Submission
from master.sources.fixed import FixedJobs, condition_jobs, reruns
from results.store import schema
from results.store.store import Store
from tests.master.running import RunningMaster, small_study, workers
from tests.worker.noop import outcome_of

STUDY = small_study(seed=3)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        store.begin(STUDY, {})
        yield store


def reruns_of(store: Store, trials: int = 5, batch: int = 2, study: Study = STUDY) -> FixedJobs:
    return reruns(
        study,
        store,
        configuration=(0, 0, 4),
        hyperparameters=Hyperparameters(),
        epochs=9,
        trials=trials,
        batch=batch,
    )


def submissions(source: FixedJobs) -> list[Submission]:
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


def test_trials_come_in_parts_with_seeds_of_their_own(store: Store) -> None:
    jobs = [submission.job for submission in submissions(reruns_of(store))]
    assert [len(job.seeds) for job in jobs] == [2, 2, 1]
    assert len({seed for job in jobs for seed in job.seeds}) == 5
    assert {(job.id.purpose, job.objective, job.epochs) for job in jobs} == {("rerun", "final", 9)}


def test_parts_that_the_store_has_are_not_run_again(store: Store) -> None:
    first = reruns_of(store)
    finish(store, first, submissions(first)[1])
    again = reruns_of(store)
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
        source = reruns_of(store, trials, batch=8)
        for submission in submissions(source):
            finish(store, source, submission)
            seeds.extend(submission.job.seeds)
        assert source.next() == "done"
        assert source.progress().epochs_done == source.progress().epochs_expected
    kept = {id.part: part.trials for id, part in store.parts(STUDY.name, "rerun").items()}
    assert [kept[number] for number in sorted(kept)] == sizes
    assert len(set(seeds)) == sum(sizes)


@pytest.mark.parametrize(("state", "parts"), [("crashed", [2]), ("lost", [1, 2])])
def test_a_part_that_crashed_is_not_run_again_but_a_lost_one_is(
    store: Store, state: Literal["crashed", "lost"], parts: list[int]
) -> None:
    first = reruns_of(store)
    drawn = submissions(first)
    finish(store, first, drawn[0])
    job = drawn[1].job
    submit(store, job)
    store.fail(job.study, job.id, state=state, failure=None, message="why", worker="w")

    again = reruns_of(store)
    assert again.progress().crashed == (state == "crashed")
    for submission in (left := submissions(again)):
        finish(store, again, submission)
    assert [submission.job.id.part for submission in left] == parts
    assert again.next() == "done"
    assert again.finished_trials == (3 if state == "crashed" else 5)


def test_re_runs_of_other_configurations_do_not_count(store: Store) -> None:
    other = reruns(
        STUDY,
        store,
        configuration=(0, 0, 5),
        hyperparameters=Hyperparameters(),
        epochs=9,
        trials=5,
        batch=2,
    )
    finish(store, other, submissions(other)[0])
    assert [submission.job.id.part for submission in submissions(reruns_of(store))] == [0, 1, 2]


def test_parts_that_were_interrupted_are_not_submitted_again(store: Store) -> None:
    job = submissions(reruns_of(store))[0].job
    submit(store, job)
    again = reruns_of(store)
    assert [submission.job for submission in again.interrupted()] == [job]
    assert [submission.job.id.part for submission in submissions(again)] == [1, 2]


def test_re_runs_are_done_once_every_part_has_ended(store: Store) -> None:
    source = reruns_of(store)
    jobs = submissions(source)
    for submission in jobs[:2]:
        finish(store, source, submission)
    assert source.next() == "pending"
    source.failed(jobs[2].job, "crashed")
    assert source.next() == "done"
    assert (source.progress().finished, source.progress().crashed) == (2, 1)


def test_re_runs_leave_the_replay_alone(store: Store) -> None:
    source = reruns_of(store)
    finish(store, source, submissions(source)[0])
    assert store.history(STUDY.name) == []


def test_re_runs_of_two_studies_are_served_as_one(store: Store) -> None:
    other = small_study(name="other", seed=4)
    store.begin(other, {})
    chain = Chain([reruns_of(store), reruns_of(store, study=other)])
    running = RunningMaster(chain, store)
    with workers(running.start(), 2, "slow", once=True):
        ending = running.wait()
    for name in ("small", "other"):
        assert sum(part.trials for part in store.parts(name, "rerun").values()) == 5
    progress = ending.snapshot.progress
    assert (progress.study, progress.finished) == ("small, other", 6)


@pytest.mark.parametrize(("trials", "batch"), [(0, 1), (1, 0)])
def test_re_runs_of_nothing_are_refused(store: Store, trials: int, batch: int) -> None:
    with pytest.raises(ValueError, match="wanted at least one"):
        reruns_of(store, trials, batch)


def condition(**changes: Any) -> Condition:
    values = {
        "campaign": "many",
        "name": "one",
        "preset": "H1",
        "hyperparameters": Hyperparameters(),
        "architecture": {"layers": 2},
        "epochs": 9,
        "trials": 7,
    }
    return Condition.model_validate({**values, **changes})


def begun(store: Store, **changes: Any) -> Condition:
    made = condition(**changes)
    store.begin_campaign(Campaign(name="many", conditions=(made,)), {})
    return made


def indices(source: FixedJobs) -> list[list[int]]:
    """Return what a source submits, as the indices of each job's trials."""
    return [
        list(range(one.job.id.part, one.job.id.part + len(one.job.seeds)))
        for one in submissions(source)
    ]


def crash(store: Store, source: FixedJobs, job: Job) -> None:
    submit(store, job)
    store.fail(job.study, job.id, state="crashed", failure=None, message="why", worker="w")
    source.failed(job, "crashed")


def seeds_in(store: Store) -> list[int]:
    with store.reading() as connection:
        return list(connection.scalars(sa.select(schema.trials.c.seed)))


def test_a_cells_trials_are_shared_out_among_jobs(store: Store) -> None:
    made = begun(store)
    jobs = [one.job for one in submissions(condition_jobs(made, store, batch=3))]
    assert [job.id.part for job in jobs] == [0, 3, 6]
    assert tuple(seed for job in jobs for seed in job.seeds) == made.trial_seeds(range(7))
    assert {(job.study, job.objective, job.architectures) for job in jobs} == {
        ("many/one", "final", None)
    }


def test_a_baselines_jobs_bring_the_architectures_to_be_trained(store: Store) -> None:
    made = begun(store, method="random")
    jobs = [one.job for one in submissions(condition_jobs(made, store, batch=3))]
    drawn = tuple(one for job in jobs for one in job.architectures or ())
    assert drawn == made.fixed_architectures(range(7))


@pytest.mark.parametrize("batch", [1, 2, 3, 25])
def test_a_cell_goes_on_with_jobs_of_any_size(store: Store, batch: int) -> None:
    made = begun(store)
    first = condition_jobs(made, store, batch=3)
    finish(store, first, submissions(first)[1])

    again = condition_jobs(made, store, batch=batch)
    assert again.finished_trials == 3
    for submission in submissions(again):
        finish(store, again, submission)
    assert again.next() == "done"
    assert sorted(seeds_in(store)) == sorted(made.trial_seeds(range(7)))


def test_a_cell_grows_by_the_trials_that_it_lacks(store: Store) -> None:
    source = condition_jobs(begun(store), store, batch=4)
    for submission in submissions(source):
        finish(store, source, submission)
    grown = begun(store, trials=12)
    assert indices(condition_jobs(grown, store, batch=4)) == [[7, 8, 9, 10], [11]]
    assert indices(condition_jobs(begun(store, trials=3), store, batch=4)) == []


def test_an_interrupted_job_keeps_its_trials_whatever_the_batch_is_now(store: Store) -> None:
    made = begun(store)
    job = submissions(condition_jobs(made, store, batch=4))[0].job
    submit(store, job)
    again = condition_jobs(made, store, batch=2)
    assert [one.job for one in again.interrupted()] == [job]
    assert indices(again) == [[4, 5], [6]]


def test_of_a_job_that_crashed_every_trial_is_run_for_itself(store: Store) -> None:
    made = begun(store)
    source = condition_jobs(made, store, batch=4)
    first, second = submissions(source)
    crash(store, source, first.job)
    assert source.next() != "done"
    finish(store, source, second)

    again = condition_jobs(made, store, batch=4)
    singles = submissions(again)
    assert [len(one.job.seeds) for one in singles] == [1] * 4
    assert [one.job.id.part for one in singles] == [1, 2, 3, 0]
    crash(store, again, singles[1].job)
    for one in (singles[0], singles[2], singles[3]):
        finish(store, again, one)
    assert again.next() == "done"

    done = condition_jobs(made, store, batch=4)
    assert (done.next(), done.finished_trials, done.progress().crashed) == ("done", 6, 1)


def test_a_crashed_job_is_taken_apart_in_the_same_run(store: Store) -> None:
    source = condition_jobs(begun(store, trials=2), store, batch=2)
    (whole,) = submissions(source)
    crash(store, source, whole.job)
    for one in submissions(source):
        finish(store, source, one)
    assert source.next() == "done"
    assert source.progress().crashed == 0
    assert len(seeds_in(store)) == 2


def test_a_lost_job_is_run_when_the_cell_is_next_asked_for(store: Store) -> None:
    made = begun(store)
    source = condition_jobs(made, store, batch=4)
    job = submissions(source)[0].job
    submit(store, job)
    store.fail(job.study, job.id, state="lost", failure=None, message="why", worker="w")
    source.failed(job, "lost")
    assert indices(condition_jobs(made, store, batch=4)) == [[0, 1, 2, 3], [4, 5, 6]]


def test_cells_are_served_one_after_the_other_by_real_workers(store: Store) -> None:
    conditions = (condition(), condition(name="two", method="nets-only"))
    store.begin_campaign(Campaign(name="many", conditions=conditions), {})
    chain = Chain([condition_jobs(one, store, batch=3) for one in conditions], name="many")
    running = RunningMaster(chain, store)
    with workers(running.start(), 2, "evaluate", once=True):
        progress = running.wait().snapshot.progress
    assert (progress.study, progress.iterations_done, progress.iterations) == ("many", 2, 2)
    assert (progress.trials_done, progress.trials, progress.finished) == (14, 14, 6)
    assert len(set(seeds_in(store))) == 14


def test_trials_that_diverge_cost_no_others_with_real_workers(store: Store) -> None:
    made = begun(store, trials=8)
    running = RunningMaster(condition_jobs(made, store, batch=4), store)
    with workers(running.start(), 1, "raises_on_odd_seeds", once=True):
        progress = running.wait().snapshot.progress
    even = [seed for seed in made.trial_seeds(range(8)) if seed % 2 == 0]
    assert 0 < len(even) < 8
    assert sorted(seeds_in(store)) == sorted(even)
    assert (progress.trials_done, progress.crashed) == (len(even), 8 - len(even))
    assert condition_jobs(made, store, batch=4).next() == "done"
