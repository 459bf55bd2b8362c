"""Threads that answer workers, and the thread that decides."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from configspace.job import Failure
from master.dispatch.exchange import (
    Delivered,
    Exchange,
    GivenUp,
    Leased,
    Requeued,
    Retried,
    RosterChanged,
)
from master.dispatch.roster import WorkerInfo
from master.sources.base import Submission
from tests.master.network.test_port import INFO, JOB
from tests.master.running import wait_for
from tests.worker.noop import outcome_of

KEY = (JOB.study, JOB.id)


@pytest.fixture
def exchange() -> Exchange:
    exchange = Exchange(lease_seconds=30.0)
    for name in "ab":
        exchange.join(WorkerInfo.from_wire(INFO | {"name": name, "instance": name}))
    return exchange


def events(exchange: Exchange) -> list[Any]:
    """Return what happened, without the coming and going of workers."""
    happened = []
    while (event := exchange.next_event(0)) is not None:
        happened.append(event)
    return [event for event in happened if not isinstance(event, RosterChanged)]


def submit(exchange: Exchange) -> None:
    exchange.add(Submission(JOB, "mean", model_based=False))


def failure(kind: Any) -> Failure:
    return Failure(id=JOB.id, kind=kind, message="why")


def test_a_claim_that_waits_is_answered_as_soon_as_there_is_a_job(exchange: Exchange) -> None:
    with ThreadPoolExecutor() as threads:
        claim = threads.submit(exchange.claim, "a")
        submit(exchange)
        assert claim.result(2)["job"] == JOB.to_wire()  # an idle claim waits for 5 s


def test_a_job_that_wakes_a_worker_struck_off_goes_to_the_next(exchange: Exchange) -> None:
    def waits(count: int) -> bool:
        return len(vars(exchange._changed)["_waiters"]) == count

    with ThreadPoolExecutor() as threads:
        claims = []
        for waiting, worker in enumerate("ab", start=1):
            claims.append(threads.submit(exchange.claim, worker))
            wait_for(partial(waits, waiting), f"worker {worker} waits")
        exchange._roster.leave("a")  # before its thread hears of it
        submit(exchange)
        assert claims[0].result(2) == {"join": True}
        assert claims[1].result(2)["job"] == JOB.to_wire()


def test_what_happened_is_told_in_its_order(exchange: Exchange) -> None:
    submit(exchange)
    exchange.claim("a")
    exchange.leave("a")
    exchange.claim("b")
    kinds = [(type(event), getattr(event, "worker", None)) for event in events(exchange)]
    assert kinds == [(Leased, "a"), (Requeued, None), (Leased, "b")]


def test_of_two_outcomes_one_is_accepted_and_both_wait_for_the_store(exchange: Exchange) -> None:
    submit(exchange)
    with ThreadPoolExecutor() as threads:
        both = [threads.submit(exchange.deliver, w, JOB.study, outcome_of(JOB)) for w in "ab"]
        event = exchange.next_event(2)
        while isinstance(event, RosterChanged):
            event = exchange.next_event(2)
        assert isinstance(event, Delivered)
        assert not any(one.done() for one in both)
        event.stored.set_result(None)
        exchange.forget(KEY)
        accepted = [one.result(2)["accepted"] for one in both]
    assert sorted(accepted) == [False, True]


def test_a_segfault_is_retried_on_the_other_worker(exchange: Exchange) -> None:
    submit(exchange)
    token = exchange.claim("a")["token"]
    assert exchange.fail("a", token, JOB.study, failure("signal")) == {"accepted": True}
    assert "job" in exchange.claim("b")
    assert [type(event) for event in events(exchange)] == [Leased, Retried, Leased]


def test_an_exception_is_final(exchange: Exchange) -> None:
    submit(exchange)
    token = exchange.claim("a")["token"]
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(exchange.fail, "a", token, JOB.study, failure("exception"))
        while not isinstance(event := exchange.next_event(2), GivenUp):
            assert event is not None
        assert event.failure == failure("exception")
        event.stored.set_result(None)
        assert answer.result(2) == {"accepted": True}


def test_there_is_room_for_as_many_jobs_as_workers(exchange: Exchange) -> None:
    assert exchange.has_room(parallel=0)
    submit(exchange)
    assert exchange.has_room(parallel=0)  # two workers
    assert not exchange.has_room(parallel=1)


def test_there_is_room_for_one_job_before_any_worker_comes() -> None:
    assert Exchange(lease_seconds=30.0).has_room(parallel=0)


def test_a_master_that_is_done_waits_until_its_workers_have_heard_and_left(
    exchange: Exchange,
) -> None:
    with ThreadPoolExecutor() as threads:
        claims = [threads.submit(exchange.claim, worker) for worker in "ab"]
        farewell = threads.submit(exchange.finish, patience=20.0)
        assert [claim.result(2) for claim in claims] == [{"done": True, "more": False}] * 2
        exchange.leave("a")
        assert not farewell.done()
        exchange.leave("b")
        farewell.result(2)


def test_a_master_that_is_done_does_not_wait_for_those_who_come_back(exchange: Exchange) -> None:
    with ThreadPoolExecutor() as threads:
        claims = [threads.submit(exchange.claim, worker) for worker in "ab"]
        farewell = threads.submit(exchange.finish, patience=20.0)
        for worker, claim in zip("ab", claims, strict=True):
            claim.result(2)
            exchange.leave(worker)
            exchange.join(WorkerInfo.from_wire(INFO | {"name": worker, "instance": "later"}))
        farewell.result(2)


def test_a_worker_that_is_not_ready_is_given_no_job_and_hears_that_all_is_done(
    exchange: Exchange,
) -> None:
    submit(exchange)
    assert exchange.claim("a", ready=False) == {"idle": True}
    exchange.finish(patience=0.0, more=True)
    assert exchange.claim("a", ready=False) == {"done": True, "more": True}


def test_nobody_waits_for_a_master_that_stops(exchange: Exchange) -> None:
    submit(exchange)
    with ThreadPoolExecutor() as threads:
        outcome = threads.submit(exchange.deliver, "a", JOB.study, outcome_of(JOB))
        while not isinstance(event := exchange.next_event(2), Delivered):
            assert event is not None
        exchange.close()
        assert outcome.result(2) == {"retry": True}
    assert exchange.claim("b") == {"idle": True}
