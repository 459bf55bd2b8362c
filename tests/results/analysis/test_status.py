"""What the store tells of its studies."""

import pytest

from configspace.errors import StoreError
from configspace.hyperparameters import Hyperparameters
from results.analysis.status import status
from results.store.store import Store
from tests.results.made_up import filled, id_of, study


def test_every_study_is_told_of_unless_some_are_named(url: str) -> None:
    with Store.open(url) as store:
        for name in ("b", "a"):
            filled(store, name)
    assert [one.study.name for one in status(url)] == ["b", "a"]
    assert [one.study.name for one in status(url, ["a"])] == ["a"]


def test_evaluations_are_counted_by_budget_and_state(url: str) -> None:
    with Store.open(url) as store:
        filled(store, configurations=9, reruns=8)
        for number in (20, 21):
            store.submit("blur-final", id_of(number, 6), Hyperparameters(), model_based=False)
        store.lease("blur-final", id_of(21, 6), worker="w", token="t", attempt=1)
    (one,) = status(url)
    assert [(rung.epochs, rung.counts) for rung in one.rungs] == [
        (6, {"queued": 1, "running": 1}),
        (17, {"finished": 9}),
        (50, {"finished": 3}),
    ]
    assert one.counts == {"queued": 1, "running": 1, "finished": 12}
    assert one.reruns == 8


def test_what_is_running_is_listed_with_its_worker(url: str) -> None:
    with Store.open(url) as store:
        filled(store)
        again = id_of(6, 50, "rerun", 2)
        store.submit("blur-final", again, Hyperparameters(param_lr=7e-3), model_based=False)
        store.lease("blur-final", again, worker="host-1", token="t", attempt=2)
    (one,) = status(url)
    (running,) = one.running
    assert (running.id, running.worker, running.attempts) == (again, "host-1", 2)
    assert running.started == one.last_activity


def test_state_incumbent_and_cost_are_the_studys(url: str) -> None:
    with Store.open(url) as store:
        filled(store, configurations=9, trials=3)
    (one,) = status(url)
    assert one.state == "done"
    assert one.incumbent is not None
    assert one.incumbent.configuration == (0, 0, 6)
    assert one.cost.epochs == 2 * 3 * (9 * 17 + 3 * 50)
    assert one.effort.model_based == 5


def test_a_study_that_has_just_begun_has_nothing_yet(url: str) -> None:
    with Store.open(url) as store:
        store.begin(study(), {})
    (one,) = status(url)
    assert (one.state, one.incumbent, one.last_activity) == ("running", None, None)
    assert (one.counts, one.running, one.cost.epochs) == ({}, (), 0)


def test_an_empty_store_has_no_studies(url: str) -> None:
    Store.open(url).close()
    assert status(url) == []


def test_an_unknown_study_is_an_error(url: str) -> None:
    Store.open(url).close()
    with pytest.raises(StoreError, match="no study 'x'"):
        status(url, ["x"])
