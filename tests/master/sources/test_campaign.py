"""The trials of a condition."""

import random
from typing import Any

import pytest

from configspace.campaign import Campaign
from configspace.condition import Condition
from configspace.hyperparameters import Hyperparameters
from configspace.job import Job
from master.sources.base import Submission
from master.sources.campaign import _chunks, _gaps, condition_jobs
from master.sources.fixed import FixedJobs
from results.store.store import Store
from tests.master.running import RunningMaster, workers
from tests.master.sources.fixed_jobs import (
    crash,
    finish,
    finish_all,
    lose,
    seeds_in,
    submissions,
    submit,
)


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


def jobs_of(condition: Condition, store: Store) -> list[Job]:
    return [one.job for one in submissions(condition_jobs(condition, store, batch=3))]


def indices(source: FixedJobs) -> list[list[int]]:
    """Return what a source submits, as the indices of each job's trials."""
    return [
        list(range(one.job.id.part, one.job.id.part + len(one.job.seeds)))
        for one in submissions(source)
    ]


def test_jobs_measure_the_signals_of_the_file(store: Store) -> None:
    evaluation = {"signals": ["short", "eigenvalue"], "short_fraction": 0.5}
    for job in jobs_of(begun(store, evaluation=evaluation), store):
        assert (job.requests, job.short_fraction) == (("short", "eigenvalue"), 0.5)


def test_very_many_trials_are_planned_lazily(store: Store) -> None:
    source = condition_jobs(begun(store, trials=1_000_000), store, batch=25)
    first, second = source.next(), source.next()
    assert isinstance(first, Submission)
    assert isinstance(second, Submission)
    assert (first.job.id.part, second.job.id.part) == (0, 25)
    assert source.progress().trials == 1_000_000
    assert source.progress().epochs_expected == 18 * 40_000


@pytest.mark.parametrize(
    ("changes", "cost"),
    [
        ({"method": "random"}, 9),
        ({"method": "best-of-four", "search": {"variant": "best-of-four"}}, 4 * (9 + 1) + 9),
        ({"evaluation": {"signals": ("short", "second-final")}}, 9 + 9 + 1 + 9),
    ],
)
def test_all_trainings_of_a_trial_are_expected(
    store: Store, changes: dict[str, Any], cost: int
) -> None:
    source = condition_jobs(begun(store, trials=2, **changes), store, batch=1)
    assert source.progress().epochs_expected == 2 * cost
    (first, _) = submissions(source)
    assert sum(first.job.phases.values()) == cost


@pytest.mark.parametrize("seed", range(20))
def test_gaps_and_chunks_are_the_missing_indices(seed: int) -> None:
    generator = random.Random(seed)
    taken = set(generator.sample(range(60), generator.randrange(50)))
    gaps = _gaps(taken, 50)
    chunks = list(_chunks(gaps, 4))
    assert [index for chunk in chunks for index in chunk] == sorted(set(range(50)) - taken)
    assert max(map(len, chunks)) <= 4
    assert len(chunks) == sum(-(-len(gap) // 4) for gap in gaps)


def test_trials_are_divided_among_jobs(store: Store) -> None:
    assert [job.id.part for job in jobs_of(begun(store), store)] == [0, 3, 6]


def test_jobs_have_the_seeds_of_the_condition(store: Store) -> None:
    made = begun(store)
    seeds = tuple(seed for job in jobs_of(made, store) for seed in job.seeds)
    assert seeds == made.trial_seeds(range(7))


def test_jobs_search_and_retrain(store: Store) -> None:
    found = {(job.study, job.objective, job.architectures) for job in jobs_of(begun(store), store)}
    assert found == {("many/one", "final", None)}


def test_jobs_of_a_baseline_bring_its_architectures(store: Store) -> None:
    made = begun(store, method="random")
    drawn = tuple(one for job in jobs_of(made, store) for one in job.architectures or ())
    assert drawn == made.fixed_architectures(range(7))


@pytest.mark.parametrize("batch", [1, 2, 3, 25])
def test_a_condition_resumes_with_any_batch(store: Store, batch: int) -> None:
    made = begun(store)
    first = condition_jobs(made, store, batch=3)
    finish(store, first, submissions(first)[1])

    again = condition_jobs(made, store, batch=batch)
    assert again.finished_trials == 3
    finish_all(store, again)
    assert again.next() == "done"
    assert sorted(seeds_in(store)) == sorted(made.trial_seeds(range(7)))


def test_a_condition_grows_by_the_missing_trials(store: Store) -> None:
    finish_all(store, condition_jobs(begun(store), store, batch=4))
    grown = begun(store, trials=12)
    assert indices(condition_jobs(grown, store, batch=4)) == [[7, 8, 9, 10], [11]]


def test_a_condition_with_fewer_trials_runs_nothing(store: Store) -> None:
    finish_all(store, condition_jobs(begun(store), store, batch=4))
    assert indices(condition_jobs(begun(store, trials=3), store, batch=4)) == []


def test_an_interrupted_job_keeps_its_trials(store: Store) -> None:
    made = begun(store)
    job = submissions(condition_jobs(made, store, batch=4))[0].job
    submit(store, job)
    again = condition_jobs(made, store, batch=2)
    assert [one.job for one in again.interrupted()] == [job]
    assert indices(again) == [[4, 5], [6]]


def with_crashed_job(store: Store) -> Condition:
    """Return a condition of seven trials, of which a job of the first four has crashed."""
    made = begun(store)
    source = condition_jobs(made, store, batch=4)
    first, second = submissions(source)
    crash(store, source, first.job)
    assert source.next() != "done"
    finish(store, source, second)
    return made


def test_a_crashed_job_resumes_trial_by_trial(store: Store) -> None:
    singles = submissions(condition_jobs(with_crashed_job(store), store, batch=4))
    assert [len(one.job.seeds) for one in singles] == [1] * 4
    assert [one.job.id.part for one in singles] == [1, 2, 3, 0]


def test_a_crashed_trial_is_not_run_again(store: Store) -> None:
    made = with_crashed_job(store)
    again = condition_jobs(made, store, batch=4)
    singles = submissions(again)
    crash(store, again, singles[1].job)
    for one in (singles[0], singles[2], singles[3]):
        finish(store, again, one)
    assert again.next() == "done"

    done = condition_jobs(made, store, batch=4)
    assert (done.next(), done.finished_trials, done.progress().crashed) == ("done", 6, 1)


def test_a_crashed_job_is_split_at_once(store: Store) -> None:
    source = condition_jobs(begun(store, trials=2), store, batch=2)
    (whole,) = submissions(source)
    crash(store, source, whole.job)
    finish_all(store, source)
    assert source.next() == "done"
    assert source.progress().crashed == 0
    assert len(seeds_in(store)) == 2


def test_a_lost_job_runs_again_next_time(store: Store) -> None:
    made = begun(store)
    source = condition_jobs(made, store, batch=4)
    lose(store, source, submissions(source)[0].job)
    assert indices(condition_jobs(made, store, batch=4)) == [[0, 1, 2, 3], [4, 5, 6]]


def test_a_diverging_trial_costs_no_other_trial(store: Store) -> None:
    made = begun(store, trials=8)
    running = RunningMaster(condition_jobs(made, store, batch=4), store)
    with workers(running.start(), 1, "raises_on_odd_seeds", once=True):
        progress = running.wait().snapshot.progress
    even = [seed for seed in made.trial_seeds(range(8)) if seed % 2 == 0]
    assert 0 < len(even) < 8
    assert sorted(seeds_in(store)) == sorted(even)
    assert (progress.trials_done, progress.crashed) == (len(even), 8 - len(even))
    assert condition_jobs(made, store, batch=4).next() == "done"
