"""The table of leases: each of its transitions, and a comparison with a simple model."""

from typing import Any

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId
from master.dispatch.leases import ATTEMPTS, Leases
from master.sources.base import Submission, job_of
from results.store.events import Unfinished
from tests.master.running import small_study

SECONDS = 10.0


def submission(number: int = 0, **stored: Any) -> Submission:
    id = EvaluationId(configuration=(0, 0, number), epochs=1)
    job = job_of(small_study(), id, Hyperparameters(), objective="final", trials=1)
    known = Unfinished(id, Hyperparameters(), False, started=None, **stored) if stored else None
    return Submission(job, "mean", model_based=False, stored=known)


def table(count: int = 1) -> tuple[Leases, list[tuple[str, EvaluationId]]]:
    leases = Leases(SECONDS)
    return leases, [leases.add(submission(number), 0.0).key for number in range(count)]


def claimed(leases: Leases, worker: str = "a", token: str = "1", now: float = 0.0) -> Any:
    return leases.claim(worker, token, now, alone=False)


def test_the_oldest_evaluation_is_leased_first() -> None:
    leases, keys = table(2)
    assert [claimed(leases, worker).key for worker in "ab"] == keys
    assert claimed(leases, "c") is None


def test_a_second_claim_gets_the_same_lease() -> None:
    leases, keys = table(2)
    assert claimed(leases, token="1").token == "1"
    again = claimed(leases, token="2", now=5.0)
    assert (again.key, again.token, again.deadline) == (keys[0], "1", 15.0)


def test_a_lease_runs_out_unless_a_heartbeat_renews_it() -> None:
    leases, keys = table()
    claimed(leases)
    assert leases.heartbeat("a", "1", 8.0) == "continue"
    assert leases.expire(17.9) == []
    assert [entry.key for entry in leases.expire(18.0)] == keys


def test_an_unclaimed_lease_can_be_resumed() -> None:
    leases, _ = table()
    claimed(leases)
    leases.expire(10.0)
    assert leases.heartbeat("a", "1", 11.0) == "resumed"
    assert claimed(leases, "b") is None


def test_a_superseded_worker_must_stop() -> None:
    leases, _ = table()
    claimed(leases)
    leases.expire(10.0)
    claimed(leases, "b", "2", 10.0)
    assert leases.heartbeat("a", "1", 11.0) == "stop"
    assert leases.heartbeat("b", "2", 11.0) == "continue"


def test_the_third_lease_that_runs_out_is_the_last() -> None:
    leases, keys = table()
    for attempt in range(1, ATTEMPTS + 1):
        entry = claimed(leases, token=str(attempt), now=100.0 * attempt)
        assert entry.attempt == attempt
        leases.expire(100.0 * attempt + SECONDS)
    assert entry.state == "settled"
    assert claimed(leases) is None
    assert not leases.settle(keys[0])


def test_an_outcome_is_accepted_once_from_any_worker() -> None:
    leases, keys = table()
    claimed(leases)
    leases.expire(10.0)
    claimed(leases, "b", "2", 10.0)
    assert leases.settle(keys[0])  # from "a", whose lease is gone
    assert not leases.settle(keys[0])
    assert leases.heartbeat("b", "2", 11.0) == "stop"


def test_an_outcome_of_a_forgotten_evaluation_is_dropped() -> None:
    leases, keys = table()
    leases.settle(keys[0])
    leases.forget(keys[0])
    assert not leases.settle(keys[0])
    assert len(leases) == 0


def test_a_job_given_back_costs_no_attempt() -> None:
    leases, keys = table()
    claimed(leases)
    assert [entry.key for entry in leases.leave("a")] == keys
    assert leases.heartbeat("a", "1", 1.0) == "stop"
    assert claimed(leases, "b", "2").attempt == 1


@pytest.mark.parametrize("kind", ["exception", "exit", "non-finite"])
def test_a_configurations_failure_is_final_at_once(kind: Any) -> None:
    leases, keys = table()
    claimed(leases)
    assert leases.fail(keys[0], "a", "1", kind) == "crashed"


@pytest.mark.parametrize("kind", ["time-limit", "memory-limit", "memory-error", "signal"])
def test_a_possible_machine_failure_is_retried_once(kind: Any) -> None:
    leases, keys = table()
    claimed(leases)
    assert leases.fail(keys[0], "a", "1", kind) == "retry"
    claimed(leases, "b", "2")
    assert leases.fail(keys[0], "b", "2", kind) == "crashed"


def test_the_retry_prefers_another_worker() -> None:
    leases, keys = table()
    claimed(leases)
    leases.fail(keys[0], "a", "1", "signal")
    assert leases.claim("a", "2", 0.0, alone=False) is None
    assert leases.claim("a", "2", 0.0, alone=True) is not None


@pytest.mark.parametrize(("state", "elsewhere"), [("queued", True), ("running", False)])
def test_a_failure_before_a_restart_is_remembered(state: Any, elsewhere: bool) -> None:
    leases = Leases(SECONDS)
    stored = {"state": state, "attempts": 1, "worker": "a", "failure": "signal"}
    entry = leases.add(submission(token=None, **stored), 0.0)
    assert (claimed(leases, "a") is None) == elsewhere
    claimed(leases, "b", "2")
    holder = entry.worker, entry.token
    assert leases.fail(entry.key, *holder, "signal") == "crashed"


def test_a_failure_of_a_superseded_worker_is_stale() -> None:
    leases, keys = table()
    claimed(leases)
    leases.expire(10.0)
    claimed(leases, "b", "2", 10.0)
    assert leases.fail(keys[0], "a", "1", "exception") == "stale"


def test_a_lease_before_a_restart_gets_another_period() -> None:
    leases = Leases(SECONDS)
    leases.add(submission(state="running", attempts=2, worker="a", token="old"), 100.0)
    assert claimed(leases, "b", now=105.0) is None
    assert leases.heartbeat("a", "old", 109.0) == "continue"
    assert leases.expire(118.0) == []
    (entry,) = leases.expire(119.0)
    assert (entry.state, entry.attempt) == ("ready", 3)


def test_an_evaluation_is_added_once() -> None:
    leases, _ = table()
    with pytest.raises(ValueError, match="already outstanding"):
        leases.add(submission(), 0.0)


class AgainstAModel(RuleBasedStateMachine):
    """After any events each evaluation ends once, and no two workers have the same lease."""

    workers = strategies.sampled_from("ab")

    def __init__(self) -> None:
        super().__init__()
        self.leases = Leases(SECONDS)
        self.now = 0.0
        self.added = self.claims = 0
        self.tokens: dict[str, tuple[Any, str]] = {}
        self.ended: set[Any] = set()
        self.expiries: dict[Any, int] = {}
        self.failed: dict[Any, str] = {}
        self.stored: dict[Any, dict[str, Any]] = {}
        """The rows that the service would have written to the store by now."""

    @rule()
    def add(self) -> None:
        key = self.leases.add(submission(self.added), self.now).key
        self.expiries[key] = 0
        self.stored[key] = {"state": "queued", "attempts": 0, "worker": None, "token": None}
        self.added += 1

    @rule(worker=workers, alone=strategies.booleans())
    def claim(self, worker: str, alone: bool) -> None:
        self.claims += 1
        token = f"token {self.claims}"
        held = self.leases.held_by(worker)
        entry = self.leases.claim(worker, token, self.now, alone=alone)
        if entry is None:
            ready = [one for one in self.leases if one.state == "ready"]
            assert not alone or not ready
            assert all(self.failed.get(one.key) == worker for one in ready)
            return
        assert entry.key not in self.ended
        assert held is None or held is entry
        assert held or alone or self.failed.get(entry.key) != worker
        self.tokens[worker] = entry.key, entry.token
        self.note(entry)

    def note(self, entry: Any) -> None:
        self.stored[entry.key] |= {
            "state": "running",
            "worker": entry.worker,
            "token": entry.token,
            "attempts": entry.attempt,
        }

    def requeue(self, key: Any) -> None:
        self.stored[key] |= {"state": "queued", "worker": None, "token": None}

    @rule()
    def restart(self) -> None:
        """Start a new master that knows only the store."""
        self.leases = Leases(SECONDS)
        for number, (key, stored) in enumerate(self.stored.items()):
            if key not in self.ended:
                entry = self.leases.add(submission(number, **stored), self.now)
                assert (entry.state == "leased") == (stored["state"] == "running")
                self.expiries[key] = max(0, stored["attempts"] - 1)
                if key in self.failed:
                    known = stored["state"] == "queued" and stored["worker"]
                    self.failed[key] = known or ""

    @rule(worker=workers)
    def beat(self, worker: str) -> None:
        key, token = self.tokens.get(worker, (None, "none"))
        verdict = self.leases.heartbeat(worker, token, self.now)
        continues = verdict != "stop"
        entry = self.leases.get(key)
        if verdict == "resumed":
            self.note(entry)
        holds_lease = entry is not None and (entry.worker, entry.token) == (worker, token)
        assert continues == (holds_lease and key not in self.ended)

    @precondition(lambda self: self.added)
    @rule(number=strategies.integers(0, 5))
    def deliver(self, number: int) -> None:
        key = list(self.expiries)[number % self.added]
        assert self.leases.settle(key) == (key not in self.ended)
        self.ended.add(key)

    @rule(worker=workers, kind=strategies.sampled_from(["signal", "signal", "exception"]))
    def fail(self, worker: str, kind: Any) -> None:
        key, token = self.tokens.get(worker, (None, "none"))
        if key is not None:
            ended = key in self.ended
            verdict = self.leases.fail(key, worker, token, kind)
            assert not ended or verdict == "stale"
            if verdict == "crashed":
                assert kind == "exception" or key in self.failed
                self.ended.add(key)
            if verdict == "retry":
                assert kind == "signal"
                assert key not in self.failed
                self.failed[key] = worker
                self.requeue(key)
                self.stored[key] |= {"worker": worker, "failure": kind}

    @rule(worker=workers)
    def leave(self, worker: str) -> None:
        for entry in self.leases.leave(worker):
            self.requeue(entry.key)
        assert self.leases.held_by(worker) is None

    @rule(seconds=strategies.floats(0.1, 15))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for entry in self.leases.expire(self.now):
            self.expiries[entry.key] += 1
            assert entry.key not in self.ended
            if self.expiries[entry.key] == ATTEMPTS:
                assert entry.state == "settled"
                self.ended.add(entry.key)
            else:
                self.requeue(entry.key)

    @precondition(lambda self: self.ended)
    @rule()
    def forget(self) -> None:
        for key in [entry.key for entry in self.leases if entry.key in self.ended]:
            self.leases.forget(key)

    @invariant()
    def a_worker_holds_at_most_one(self) -> None:
        holders = [entry.worker for entry in self.leases if entry.state == "leased"]
        assert len(holders) == len(set(holders))

    @invariant()
    def settled_is_what_has_ended(self) -> None:
        for entry in self.leases:
            assert (entry.state == "settled") == (entry.key in self.ended)


TestAgainstAModel = pytest.mark.slow(AgainstAModel.TestCase)
TestAgainstAModel.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
