"""Re-runs of a configuration on fresh seeds."""

import pytest

from configspace.hyperparameters import Hyperparameters
from configspace.job import single_part
from master.sources.reruns import Rerun, rerun_jobs
from results.store.store import Store
from tests.master.sources.fixed_jobs import (
    STUDY,
    crash,
    finish,
    finish_all,
    lose,
    reruns_of,
    seeds_in,
    submissions,
    submit,
)


def test_trials_are_divided_into_parts(store: Store) -> None:
    jobs = [submission.job for submission in submissions(reruns_of(store))]
    assert [len(job.seeds) for job in jobs] == [2, 2, 1]


def test_each_trial_has_its_own_seed(store: Store) -> None:
    jobs = [submission.job for submission in submissions(reruns_of(store))]
    assert len({seed for job in jobs for seed in job.seeds}) == 5


def test_jobs_measure_both_scores(store: Store) -> None:
    jobs = [submission.job for submission in submissions(reruns_of(store))]
    assert {(job.id.purpose, job.objective, job.epochs) for job in jobs} == {("rerun", "final", 9)}


def test_jobs_measure_the_signals_of_the_study(store: Store) -> None:
    made = STUDY.model_copy(update={"name": "tuned", "objective": "short"})
    store.begin(made, {})
    rerun = Rerun((0, 0, 0), Hyperparameters(), 9)
    (one,) = submissions(rerun_jobs(made, store, rerun, trials=2, batch=2))
    assert (one.job.objective, one.job.requests) == ("final", ("short",))


def test_finished_parts_are_not_run_again(store: Store) -> None:
    first = reruns_of(store)
    finish(store, first, submissions(first)[1])
    again = reruns_of(store)
    assert [submission.job.id.part for submission in submissions(again)] == [0, 2]
    assert again.progress().finished == 1


@pytest.mark.parametrize(
    ("steps", "sizes"), [((10, 16), [8, 2, 6]), ((12, 24), [8, 4, 8, 4]), ((16, 10), [8, 8])]
)
def test_more_trials_extend_earlier_re_runs(
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


def test_lost_parts_run_again(store: Store) -> None:
    first = reruns_of(store)
    drawn = submissions(first)
    finish(store, first, drawn[0])
    lose(store, first, drawn[1].job)

    again = reruns_of(store)
    assert again.progress().crashed == 0
    for submission in (left := submissions(again)):
        finish(store, again, submission)
    assert [submission.job.id.part for submission in left] == [1, 2]
    assert again.next() == "done"
    assert again.finished_trials == 5


def test_the_seeds_of_a_crashed_part_run_again_one_by_one(store: Store) -> None:
    source = reruns_of(store)
    drawn = submissions(source)
    for submission in (drawn[0], drawn[2]):
        finish(store, source, submission)
    crash(store, source, drawn[1].job)
    assert source.progress().crashed == 0
    first, second = submissions(source)
    assert (*first.job.seeds, *second.job.seeds) == drawn[1].job.seeds
    crash(store, source, first.job)
    finish(store, source, second)
    assert source.next() == "done"
    assert source.progress().crashed == 1
    assert source.finished_trials == 4

    again = reruns_of(store)
    assert again.next() == "done"
    assert (again.progress().crashed, again.finished_trials) == (1, 4)
    assert len(set(seeds_in(store))) == 4


def test_the_seeds_of_a_crashed_part_run_after_a_restart(store: Store) -> None:
    source = reruns_of(store)
    drawn = submissions(source)
    crash(store, source, drawn[1].job)
    finish(store, source, submissions(source)[0])

    again = reruns_of(store)
    left = submissions(again)
    assert [submission.job.id.part for submission in left] == [0, single_part(1, 1), 2]
    assert left[1].job.seeds == drawn[1].job.seeds[1:]
    submit(store, left[1].job)
    once_more = reruns_of(store)
    assert [submission.job.id.part for submission in once_more.interrupted()] == [single_part(1, 1)]
    assert [submission.job.id.part for submission in submissions(once_more)] == [0, 2]


def test_a_crashed_part_of_one_seed_is_not_run_again(store: Store) -> None:
    source = reruns_of(store)
    drawn = submissions(source)
    crash(store, source, drawn[2].job)
    assert source.progress().crashed == 1
    assert source.next() == "pending"
    assert [submission.job.id.part for submission in submissions(reruns_of(store))] == [0, 1]


def test_re_runs_of_other_configurations_do_not_count(store: Store) -> None:
    rerun = Rerun((0, 0, 5), Hyperparameters(), epochs=9)
    other = rerun_jobs(STUDY, store, rerun, trials=5, batch=2)
    finish(store, other, submissions(other)[0])
    assert [submission.job.id.part for submission in submissions(reruns_of(store))] == [0, 1, 2]


def test_interrupted_parts_are_not_submitted_again(store: Store) -> None:
    job = submissions(reruns_of(store))[0].job
    submit(store, job)
    again = reruns_of(store)
    assert [submission.job for submission in again.interrupted()] == [job]
    assert [submission.job.id.part for submission in submissions(again)] == [1, 2]


def test_re_runs_do_not_change_the_study_s_history(store: Store) -> None:
    finish_all(store, reruns_of(store))
    assert store.history(STUDY.name) == []


@pytest.mark.parametrize(("trials", "batch"), [(0, 1), (1, 0)])
def test_re_runs_need_a_trial_and_a_batch(store: Store, trials: int, batch: int) -> None:
    with pytest.raises(ValueError, match="expected at least one"):
        reruns_of(store, trials, batch)
