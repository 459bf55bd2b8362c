"""The exchange between the threads that answer workers and the one that decides."""

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from configspace.job import Failure
from configspace.protocol import (
    Done,
    EvaluationProgress,
    Idle,
    Lease,
    Received,
    Rejoin,
    Resend,
    WorkerInfo,
)
from master.dispatch.events import Delivered, Leased, Requeued, Retried, RosterChanged, Unsuccessful
from master.dispatch.exchange import Exchange
from master.sources.base import Submission
from tests.master.network.test_port import INFO, JOB
from tests.master.running import wait_for
from tests.worker.noop import outcome_of

KEY = (JOB.study, JOB.id)


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Exchange:
    """Return an exchange with two workers, whose waits end by an event or not at all."""
    monkeypatch.setattr("master.dispatch.exchange.IDLE_SECONDS", 600.0)
    monkeypatch.setattr("master.dispatch.exchange.COMMIT_SECONDS", 600.0)
    exchange = Exchange(lease_seconds=3000.0)
    for name in "ab":
        exchange.join(WorkerInfo.from_wire(INFO | {"name": name, "instance": name}))
    return exchange


def events(exchange: Exchange) -> list[Any]:
    """Return the events so far, without changes of the roster."""
    happened = []
    while (event := exchange.next_event(0)) is not None:
        happened.append(event)
    return [event for event in happened if not isinstance(event, RosterChanged)]


def submit(exchange: Exchange) -> None:
    exchange.add(Submission(JOB, "mean", model_based=False))


def claimed(exchange: Exchange, worker: str) -> Lease:
    reply = exchange.claim(worker)
    assert isinstance(reply, Lease)
    return reply


def failure(kind: Any) -> Failure:
    return Failure(id=JOB.id, kind=kind, message="why")


def test_a_waiting_claim_gets_a_new_job(exchange: Exchange) -> None:
    with ThreadPoolExecutor() as threads:
        claim = threads.submit(exchange.claim, "a")
        submit(exchange)
        reply = claim.result(60)
        assert isinstance(reply, Lease)
        assert reply.job == JOB


def test_a_job_that_wakes_a_removed_worker_passes_on(exchange: Exchange) -> None:
    def waits(count: int) -> bool:
        return len(vars(exchange._changed)["_waiters"]) == count

    with ThreadPoolExecutor() as threads:
        claims = []
        for waiting, worker in enumerate("ab", start=1):
            claims.append(threads.submit(exchange.claim, worker))
            wait_for(partial(waits, waiting), f"worker {worker} waits")
        exchange._roster.leave("a")  # before its thread runs again
        submit(exchange)
        assert claims[0].result(60) == Rejoin()
        reply = claims[1].result(60)
        assert isinstance(reply, Lease)
        assert reply.job == JOB


def test_events_are_in_the_order_of_changes(exchange: Exchange) -> None:
    submit(exchange)
    exchange.claim("a")
    exchange.leave("a")
    exchange.claim("b")
    kinds = [(type(event), getattr(event, "worker", None)) for event in events(exchange)]
    assert kinds == [(Leased, "a"), (Requeued, None), (Leased, "b")]


def test_two_outcomes_wait_and_one_is_accepted(exchange: Exchange) -> None:
    submit(exchange)
    with ThreadPoolExecutor() as threads:
        both = [threads.submit(exchange.deliver, w, JOB.study, outcome_of(JOB)) for w in "ab"]
        event = exchange.next_event(60)
        while isinstance(event, RosterChanged):
            event = exchange.next_event(60)
        assert isinstance(event, Delivered)
        assert not any(one.done() for one in both)
        event.stored.set_result(None)
        exchange.forget(KEY)
        replies = [one.result(60) for one in both]
    accepted = [one.accepted for one in replies if isinstance(one, Received)]
    assert sorted(accepted) == [False, True]


def test_a_segfault_is_retried_on_the_other_worker(exchange: Exchange) -> None:
    submit(exchange)
    token = claimed(exchange, "a").token
    reply = exchange.fail("a", token, JOB.study, failure("signal"))
    assert reply == Received(accepted=True)
    claimed(exchange, "b")
    assert [type(event) for event in events(exchange)] == [Leased, Retried, Leased]


def test_an_exception_is_final(exchange: Exchange) -> None:
    submit(exchange)
    token = claimed(exchange, "a").token
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(exchange.fail, "a", token, JOB.study, failure("exception"))
        while not isinstance(event := exchange.next_event(60), Unsuccessful):
            assert event is not None
        assert event.failure == failure("exception")
        event.stored.set_result(None)
        assert answer.result(60) == Received(accepted=True)


def test_by_default_each_worker_has_room(exchange: Exchange) -> None:
    assert exchange.has_room(parallel=0)
    submit(exchange)
    assert exchange.has_room(parallel=0)  # two workers
    assert not exchange.has_room(parallel=1)


def test_one_job_has_room_before_any_worker() -> None:
    assert Exchange(lease_seconds=30.0).has_room(parallel=0)


def test_a_master_that_is_done_waits_until_workers_leave(exchange: Exchange) -> None:
    with ThreadPoolExecutor() as threads:
        claims = [threads.submit(exchange.claim, worker) for worker in "ab"]
        finishing = threads.submit(exchange.finish, timeout=600.0)
        assert [claim.result(60) for claim in claims] == [Done(more=False)] * 2
        exchange.leave("a")
        assert not finishing.done()
        exchange.leave("b")
        finishing.result(60)


def test_a_master_that_is_done_ignores_new_instances(exchange: Exchange) -> None:
    with ThreadPoolExecutor() as threads:
        claims = [threads.submit(exchange.claim, worker) for worker in "ab"]
        finishing = threads.submit(exchange.finish, timeout=600.0)
        for worker, claim in zip("ab", claims, strict=True):
            claim.result(60)
            exchange.leave(worker)
            exchange.join(WorkerInfo.from_wire(INFO | {"name": worker, "instance": "later"}))
        finishing.result(60)


def test_a_worker_that_is_not_ready_gets_no_job(exchange: Exchange) -> None:
    submit(exchange)
    assert exchange.claim("a", ready=False) == Idle()


def test_a_worker_that_is_not_ready_learns_the_end(exchange: Exchange) -> None:
    submit(exchange)
    exchange.finish(timeout=0.0, more=True)
    assert exchange.claim("a", ready=False) == Done(more=True)


def test_a_master_that_stops_ends_every_wait(exchange: Exchange) -> None:
    submit(exchange)
    with ThreadPoolExecutor() as threads:
        outcome = threads.submit(exchange.deliver, "a", JOB.study, outcome_of(JOB))
        while not isinstance(event := exchange.next_event(60), Delivered):
            assert event is not None
        exchange.close()
        assert outcome.result(60) == Resend()
    assert exchange.claim("b") == Idle()


def test_a_worker_that_prepares_itself_is_logged_once(
    exchange: Exchange, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="master")
    for done in range(3):
        exchange.claim("a", EvaluationProgress("compiling kernels", done, 3), ready=False)
    exchange.claim("a", ready=False)
    assert caplog.messages == ["worker a: compiling kernels", "worker a: ready"]


def test_a_view_shows_how_far_a_worker_is(exchange: Exchange) -> None:
    progress = EvaluationProgress("compiling kernels", 1, 4)
    exchange.claim("a", progress, ready=False)
    (first, second), _, _ = exchange.view()
    assert (first.progress, second.progress) == (progress, None)
