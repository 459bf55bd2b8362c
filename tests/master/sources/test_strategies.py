"""A search by a strategy as a source: its order, its budget, crashes, losses, and restarts."""

import dataclasses
from typing import Any

import pytest

from configspace.architecture import ArchitectureSettings
from configspace.errors import CampaignError
from configspace.job import Job
from configspace.strategies import StrategiesSettings, StrategyName
from master.sources.base import Submission
from results.store.store import Store
from tests.master.sources.fixed_jobs import submissions, submit
from tests.master.sources.made_up_searches import (
    PLANE,
    finish,
    run,
    score,
    search,
    source,
    trained,
)

EVERY_KIND: list[tuple[StrategyName, ArchitectureSettings]] = [
    ("random", ArchitectureSettings(layers=3)),
    ("bayesian", ArchitectureSettings(layers=3)),
    ("descent", ArchitectureSettings(layers=3)),
    ("random", PLANE),
    ("bayesian", PLANE),
    ("descent", PLANE),
    ("descent", ArchitectureSettings(layers=2, continuous=("tau",))),
    ("supernet-descent", PLANE),
    ("supernet-descent", ArchitectureSettings(layers=2, continuous=("dilation",))),
]


@pytest.mark.parametrize(("strategy", "architecture"), EVERY_KIND)
def test_a_search_spends_its_budget(
    store: Store, strategy: StrategyName, architecture: ArchitectureSettings
) -> None:
    one = source(store, search(strategy, architecture))
    jobs = run(store, one)
    searching = [job for job in jobs if not job.study.endswith("-top")]
    assert sum(len(job.seeds) * sum(job.phases.values()) for job in searching) == 12 * 9
    again = [job for job in jobs if job.study.endswith("-top")]
    assert sum(len(job.seeds) for job in again) == 3 * 2
    assert one.is_complete()


@pytest.mark.slow
@pytest.mark.parametrize(("strategy", "architecture"), EVERY_KIND)
def test_a_restart_after_every_job_changes_nothing(
    store: Store, other: Store, strategy: StrategyName, architecture: ArchitectureSettings
) -> None:
    one = search(strategy, architecture)
    undisturbed = run(store, source(store, one))
    jobs: list[Job] = []
    while not (restarted := source(other, one)).is_complete():
        for submission in restarted.interrupted():
            finish(other, restarted, submission.job)
        left = run(other, restarted, jobs=2)  # the second one is interrupted
        jobs += left
    assert trained(other) == trained(store)
    assert {(job.study, job.id): job for job in jobs} == {
        (job.study, job.id): job for job in undisturbed
    }


def test_the_best_are_trained_in_their_order(store: Store) -> None:
    run(store, source(store, search()))
    conditions = {one.name: one for one in store.campaign("many").conditions}
    best = conditions["one-random-0-top"].architectures or ()
    searched = conditions["one-random-0"].architectures or ()
    assert best[::2] == best[1::2] == tuple(sorted(searched, key=score, reverse=True)[:3])


def test_architectures_are_stored_before_their_jobs(store: Store) -> None:
    one = source(store, search("descent"))
    while isinstance(submission := one.next(), Submission):
        job = submission.job
        (stored,) = (c for c in store.campaign("many").conditions if c.study == job.study)
        indices = range(job.id.part, job.id.part + len(job.seeds))
        assert stored.fixed_architectures(indices) == job.architectures
        submit(store, job)
        finish(store, one, job)


def test_an_ask_is_divided_among_workers(store: Store) -> None:
    jobs = [submission.job for submission in submissions(source(store, search(), workers=4))]
    assert [len(job.seeds) for job in jobs] == [3, 3, 3, 3]


def test_all_trainings_share_one_seed(store: Store) -> None:
    jobs = run(store, source(store, search("descent")))
    seeds = {seed for job in jobs if not job.study.endswith("-top") for seed in job.seeds}
    assert len(seeds) == 1


def test_a_crash_scores_below_everything(store: Store) -> None:
    one = source(store, search())
    run(store, one, crashes=lambda names: "noise" in names)
    assert one.is_complete()
    found = trained(store)
    crashed = [names for names in found["one-random-0"] or () if "noise" in names]
    assert crashed
    assert not set(crashed) & set(found["one-random-0-top"] or ())
    assert one.progress().crashed == len(crashed)
    assert one.progress().trials_done == 12 - len(crashed) + 6


def test_a_search_without_a_score_has_no_best(store: Store) -> None:
    one = source(store, search())
    run(store, one, crashes=lambda _: True)
    assert one.is_complete()
    assert trained(store)["one-random-0-top"] == ()
    assert source(store, search()).is_complete()


def test_crashes_are_not_run_again(store: Store) -> None:
    run(store, source(store, search("descent")), crashes=lambda names: "noise" in names)
    again = source(store, search("descent"))
    assert again.is_complete()
    assert again.next() == "done"


def test_a_lost_job_ends_the_run_and_runs_again(store: Store, other: Store) -> None:
    undisturbed = run(store, source(store, search("descent")))
    one = source(other, search("descent"))
    run(other, one, jobs=3)
    lost = undisturbed[2]
    other.fail(lost.study, lost.id, state="lost", failure=None, message="", worker="w")
    one.failed(lost, "lost")
    assert one.next() == "done"
    assert not one.is_complete()
    assert one.progress().lost == 1

    again = source(other, search("descent"))
    assert run(other, again) == undisturbed[2:]
    assert again.is_complete()


def test_a_finished_search_runs_nothing(store: Store) -> None:
    run(store, source(store, search("descent")))
    again = source(store, search("descent"))
    assert again.is_complete()
    assert (again.next(), again.interrupted()) == ("done", ())
    assert again.progress().trials_done == again.progress().trials == 12 + 6


def test_progress_counts_search_and_best(store: Store) -> None:
    one = source(store, search())
    assert (one.progress().trials_done, one.progress().trials) == (0, 18)
    assert one.progress().epochs_expected == 9 * 18
    run(store, one)
    progress = one.progress()
    assert (progress.trials_done, progress.trials, progress.iterations_done) == (18, 18, 1)
    assert progress.epochs_done == progress.epochs_expected


def test_few_architectures_have_few_best(store: Store) -> None:
    tiny = ArchitectureSettings(layers=1, operations="good")
    one = source(store, search("random", tiny, trainings=2))
    run(store, one)
    assert one.is_complete()
    assert one.progress().trials_done == one.progress().trials == 2 + 2 * 2


@pytest.mark.parametrize("settings", [{"trainings": 13}, {"top": 4}, {"fresh": 3}])
def test_numbers_cannot_change_later(store: Store, settings: dict[str, Any]) -> None:
    run(store, source(store, search()))
    with pytest.raises(CampaignError, match="was begun with other settings"):
        source(store, search(**settings))


def test_other_ranges_choose_other_architectures(store: Store) -> None:
    run(store, source(store, search("descent", PLANE)), jobs=3)
    one = search("descent", PLANE)
    settings = StrategiesSettings(**{**dict(one.strategies), "tau": (0.05, 1.0)})
    with pytest.raises(CampaignError, match=r"other settings \(architecture 0: "):
        source(store, dataclasses.replace(one, strategies=settings))


def test_a_restart_before_a_supernet_counts_all(store: Store) -> None:
    one = source(store, search("supernet-descent", PLANE))
    run(store, one, jobs=2)  # the start, and a supernet that is interrupted
    again = source(store, search("supernet-descent", PLANE))
    (interrupted,) = again.interrupted()
    assert interrupted.job.architectures is None
    assert again.progress().trials_done == 1


def test_a_supernet_reads_its_points_off_alpha(store: Store) -> None:
    jobs = run(store, source(store, search("supernet-descent", PLANE)))
    nets = [job for job in jobs if "supernet-descent-0-supernet" in job.study]
    assert nets
    assert {tuple(job.phases) for job in nets} == {("search",)}
    for job in nets:
        assert job.candidates is not None
        assert [names[0] for names in job.candidates.architectures] == list(job.architecture.points)


def test_a_crashed_supernet_does_not_end_the_search(store: Store) -> None:
    one = source(store, search("supernet-descent", PLANE))
    crashed = 0
    while isinstance(submission := one.next(), Submission):
        job = submission.job
        submit(store, job)
        if job.architectures is None:
            store.fail(job.study, job.id, state="crashed", failure=None, message="", worker="w")
            one.failed(job, "crashed")
            crashed += 1
        else:
            finish(store, one, job)
    assert crashed
    assert one.is_complete()
