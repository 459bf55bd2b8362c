"""Status of studies, on every kind of store."""

from pathlib import Path

import pytest

from configspace.errors import StoreError
from configspace.hyperparameters import Hyperparameters
from master.service.lock import study_lock
from results.analysis.campaign_status import campaign_status
from results.analysis.status import StudyStatus, status
from results.frames.campaign import load_campaign
from results.frames.study import load
from results.store.events import StudyState
from results.store.locks import lock_file
from results.store.store import Store
from tests.results.made_up import filled, id_of, study
from tests.results.made_up_campaign import filled_campaign


def test_all_studies_are_returned_by_default(url: str) -> None:
    with Store.open(url) as store:
        for name in ("b", "a"):
            filled(store, name)
    assert [one.study.name for one in status(url)] == ["b", "a"]


@pytest.mark.slow
def test_named_studies_are_returned(url: str) -> None:
    with Store.open(url) as store:
        for name in ("b", "a"):
            filled(store, name)
    assert [one.study.name for one in status(url, ["a"])] == ["a"]


@pytest.fixture
def partly_done(url: str) -> StudyStatus:
    """Return the status of a study with finished, running and queued evaluations."""
    with Store.open(url) as store:
        filled(store, configurations=9, reruns=8)
        for number in (20, 21):
            store.submit("blur-final", id_of(number, 6), Hyperparameters(), model_based=False)
        store.lease("blur-final", id_of(21, 6), worker="w", token="t", attempt=1)
    (one,) = status(url)
    return one


def test_evaluations_are_counted_by_budget_and_state(partly_done: StudyStatus) -> None:
    assert [(rung.epochs, rung.counts) for rung in partly_done.rungs] == [
        (6, {"queued": 1, "running": 1}),
        (17, {"finished": 9}),
        (50, {"finished": 3}),
    ]


def test_counts_are_sums_over_budgets(partly_done: StudyStatus) -> None:
    assert partly_done.counts == {"queued": 1, "running": 1, "finished": 12}


def test_trials_of_re_runs_are_counted_separately(partly_done: StudyStatus) -> None:
    assert partly_done.reruns == 8


def test_a_running_evaluation_has_its_worker(url: str) -> None:
    with Store.open(url) as store:
        filled(store)
        again = id_of(6, 50, "rerun", 2)
        store.submit("blur-final", again, Hyperparameters(param_lr=7e-3), model_based=False)
        store.lease("blur-final", again, worker="host-1", token="t", attempt=2)
    (one,) = status(url)
    (running,) = one.running
    assert (running.id, running.worker, running.attempts) == (again, "host-1", 2)
    assert running.started == one.last_activity


@pytest.fixture
def done(url: str) -> StudyStatus:
    """Return the status of a study that is done."""
    with Store.open(url) as store:
        filled(store, configurations=9, trials=3)
    (one,) = status(url)
    return one


def test_a_done_study_has_its_incumbent(done: StudyStatus) -> None:
    assert done.state == "done"
    assert done.incumbent is not None
    assert done.incumbent.configuration == (0, 0, 6)


def test_a_done_study_has_its_cost(done: StudyStatus) -> None:
    assert done.cost.epochs == 2 * 3 * (9 * 17 + 3 * 50)
    assert done.effort.model_based == 5


def test_a_new_study_has_no_results(url: str) -> None:
    with Store.open(url) as store:
        store.begin(study(), {})
    with study_lock(url, "blur-final"):
        (one,) = status(url)
    assert (one.state, one.incumbent, one.last_activity) == ("running", None, None)
    assert (one.counts, one.running, one.cost.epochs) == ({}, (), 0)


def test_a_study_whose_master_died_is_interrupted(url: str) -> None:
    with Store.open(url) as store:
        store.begin(study(), {})
        store.begin(study("served"), {})
    with study_lock(url, "served"):
        assert [one.state for one in status(url)] == ["interrupted", "running"]
        assert load(url, "blur-final").state == "interrupted"
        assert load(url, "served").state == "running"


def test_a_lock_that_kill_left_is_no_master(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with Store.open(url) as store:
        store.begin(study(), {})
    lock_file(tmp_path / "store.db", "blur-final").write_text('{"pid": 1}')
    assert status(url)[0].state == "interrupted"


@pytest.mark.parametrize("state", ["stopped", "done"])
def test_an_ended_study_keeps_its_state(state: StudyState, url: str) -> None:
    with Store.open(url) as store:
        store.begin(study(), {})
        store.end("blur-final", state)
    assert status(url)[0].state == state


def test_a_master_that_ends_meanwhile_was_running(url: str) -> None:
    with Store.open(url) as store:
        store.begin(study(), {})
        store.end("blur-final", "done")
        assert store.shown_states({"blur-final": "running"}) == {"blur-final": "running"}


def test_a_campaign_whose_master_died_is_interrupted(url: str) -> None:
    with Store.open(url) as store:
        campaign = filled_campaign(store, trials=7, crashed=1)
        store.begin_campaign(campaign, {})
    with study_lock(url, campaign.name):
        assert campaign_status(url, [campaign.name])[0].state == "running"
    assert campaign_status(url, [campaign.name])[0].state == "interrupted"
    assert set(load_campaign(url, campaign.name).conditions["state"]) == {"interrupted"}


def test_an_empty_store_has_no_studies(url: str) -> None:
    Store.open(url).close()
    assert status(url) == []


def test_a_study_must_exist(url: str) -> None:
    Store.open(url).close()
    with pytest.raises(StoreError, match="no study 'x'"):
        status(url, ["x"])
