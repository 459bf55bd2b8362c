"""Where the threads that answer workers meet the one thread that decides.

The workers' threads change only the lease table and the roster, under one lock, and put what
happened on a queue. The owner takes it from there, writes the store and answers; so what is in
the queue is in the order in which the table changed.
"""

import logging
import queue
import secrets
import threading
import time
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any

from configspace.job import Failure, Outcome
from configspace.logs import about
from master.dispatch.leases import ATTEMPTS, Entry, Key, Leases
from master.dispatch.roster import Member, Progress, Roster, WorkerInfo
from master.sources.base import Submission

log = logging.getLogger(__name__)

IDLE_SECONDS = 5.0
"""The longest that an idle claim waits."""
COMMIT_SECONDS = 60.0
"""The longest that a worker's thread waits for the owner."""


@dataclass(frozen=True, slots=True)
class Leased:
    """An evaluation went to a worker."""

    key: Key
    worker: str
    token: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Requeued:
    """An evaluation came back without an end."""

    key: Key


@dataclass(frozen=True, slots=True)
class Retried:
    """An evaluation failed in a way that is retried once."""

    key: Key
    failure: Failure
    worker: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """An outcome was accepted; the worker waits until it is in the store."""

    key: Key
    outcome: Outcome
    worker: str
    stored: Future[None]


@dataclass(frozen=True, slots=True)
class GivenUp:
    """An evaluation ended without an outcome: crashed (with a failure) or lost (without)."""

    key: Key
    failure: Failure | None
    message: str
    worker: str
    stored: Future[None]


@dataclass(frozen=True, slots=True)
class RosterChanged:
    """A worker came or went."""


Event = Leased | Requeued | Retried | Delivered | GivenUp | RosterChanged


class Exchange:
    """The lease table and the roster, for many threads; their changes, for one."""

    def __init__(self, *, lease_seconds: float) -> None:
        self._lease_seconds = lease_seconds
        self._changed = threading.Condition()
        self._leases = Leases(lease_seconds)
        self._roster = Roster(lease_seconds)
        self._settling: dict[Key, Future[None]] = {}
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._done: dict[str, Any] | None = None
        self._closed = False

    # ---- for the threads that answer workers

    def join(self, info: WorkerInfo) -> tuple[str, int]:
        """Enter a worker.

        Returns:
            The name under which it is known from now on, and how many workers share its machine.
        """
        with self._changed:
            name = self._roster.join(info, time.monotonic())
            beside = self._roster.beside(name)
            self._events.put(RosterChanged())
        log.info(
            "worker %s joined from %s, pid %d",
            *(name, info.host, info.pid),
            extra=about(worker=name),
        )
        return name, beside

    def claim(self, worker: str, *, ready: bool = True) -> dict[str, Any]:
        """Lease a job to a worker, waiting a while for one: its job, idle, done or join.

        One that is done is still in the roster: it has heard of it when it leaves.

        Args:
            worker: Who asks.
            ready: Whether it can begin at once; else it is given no job, and an answer at once.
        """
        deadline = time.monotonic() + min(IDLE_SECONDS, self._lease_seconds / 3)
        with self._changed:
            while True:
                now = time.monotonic()
                if worker not in self._roster:
                    self._changed.notify()  # what woke it may have been meant for another
                    return {"join": True}
                self._roster.see(worker, now)
                if self._done is not None:
                    return self._done
                if not ready:
                    return {"idle": True}
                alone = len(self._roster) == 1
                token = secrets.token_hex(8)
                entry = (
                    None if self._closed else self._leases.claim(worker, token, now, alone=alone)
                )
                if entry is not None:
                    return self._leased(entry)
                if now >= deadline or self._closed:
                    return {"idle": True}
                self._changed.wait(deadline - now)

    def heartbeat(self, worker: str, token: str, progress: Progress | None) -> bool:
        """Renew a worker's lease; whether it shall go on."""
        with self._changed:
            now = time.monotonic()
            if self._roster.see(worker, now, progress):
                log.info("worker %s is back", worker, extra=about(worker=worker))
                self._events.put(RosterChanged())
            verdict = self._leases.heartbeat(worker, token, now)
            if verdict == "resumed" and (entry := self._leases.held_by(worker)) is not None:
                self._leased(entry)
        return verdict != "stop"

    def deliver(self, worker: str, study: str, outcome: Outcome) -> dict[str, Any]:
        """Take an outcome, from whoever brings it first, and wait until it is stored.

        Raises:
            WireError: If it does not answer the evaluation's job.
        """
        key = (study, outcome.id)
        with self._changed:
            if self._closed:
                return {"retry": True}
            self._roster.see(worker, time.monotonic())
            entry = self._leases.get(key)
            if entry is not None:
                outcome.check_against(entry.submission.job)
            accepted = self._leases.settle(key)
            if accepted:
                self._settling[key] = stored = Future[None]()
                self._events.put(Delivered(key, outcome, worker, stored))
            before = self._settling.get(key)
        if not accepted:
            log.info(
                "study %s: %s from worker %s had an end before",
                *(study, outcome.id, worker),
                extra=about(study, outcome.id, worker),
            )
        return _reply(before, accepted=accepted)

    def fail(self, worker: str, token: str, study: str, failure: Failure) -> dict[str, Any]:
        """Take a failure from the worker that holds the lease."""
        key = (study, failure.id)
        with self._changed:
            if self._closed:
                return {"retry": True}
            self._roster.see(worker, time.monotonic())
            verdict = self._leases.fail(key, worker, token, failure.kind)
            stored = None
            if verdict == "crashed":
                self._settling[key] = stored = Future[None]()
                self._events.put(GivenUp(key, failure, failure.message, worker, stored))
            elif verdict == "retry":
                self._events.put(Retried(key, failure, worker))
                self._changed.notify_all()
        log.warning(
            "study %s: %s on worker %s: %s (%s): %s",
            *(study, failure.id, worker, verdict, failure.kind, failure.message),
            extra=about(study, failure.id, worker),
        )
        return _reply(stored, accepted=verdict != "stale")

    def leave(self, worker: str) -> None:
        """Remove a worker; what it had on lease is ready for the others."""
        with self._changed:
            if self._roster.leave(worker):
                log.info("worker %s left", worker, extra=about(worker=worker))
            for entry in self._leases.leave(worker):
                log.info(
                    "study %s: %s given back by worker %s",
                    *(*entry.key, worker),
                    extra=about(*entry.key, worker),
                )
                self._events.put(Requeued(entry.key))
            self._events.put(RosterChanged())
            self._changed.notify_all()

    # ---- for the owner

    def add(self, submission: Submission) -> None:
        """Make an evaluation, which the store knows, claimable."""
        with self._changed:
            self._leases.add(submission, time.monotonic())
            self._changed.notify()  # one is enough: whoever waits may have it

    def next_event(self, timeout: float) -> Event | None:
        """Return the next thing that happened, waiting for it up to ``timeout`` seconds."""
        try:
            return self._events.get(timeout=timeout)
        except queue.Empty:
            return None

    def ended(self, key: Key) -> Submission:
        """Return an evaluation whose end the owner is about to take in."""
        with self._changed:
            entry = self._leases.get(key)
        if entry is None:
            raise KeyError(f"evaluation {key} is not outstanding")
        return entry.submission

    def forget(self, key: Key) -> None:
        """Remove an evaluation whose end is in the store."""
        with self._changed:
            self._leases.forget(key)
            self._settling.pop(key, None)

    def tick(self) -> None:
        """Take back what silent workers hold, and strike them off."""
        with self._changed:
            now = time.monotonic()
            silent, expired = self._roster.silent(now), self._leases.expire(now)
            for member in silent:
                log.warning(
                    "worker %s has fallen silent", member.name, extra=about(worker=member.name)
                )
                self._events.put(RosterChanged())
            for entry in expired:
                self._expired(entry)
            if silent or expired:
                self._changed.notify_all()

    def has_room(self, parallel: int) -> bool:
        """Return whether another evaluation may be on its way.

        Those count whose end is not stored yet: the next decision may depend on it.

        Args:
            parallel: How many may be; 0 for as many as there are live workers, and at least one.
        """
        with self._changed:
            return len(self._leases) < (parallel or max(1, len(self._roster)))

    def view(self) -> tuple[list[Member], dict[str, tuple[Key, int]], int]:
        """Return the live workers, what each has on lease with its attempt, and how many wait."""
        with self._changed:
            leased = {e.worker: (e.key, e.attempt) for e in self._leases if e.state == "leased"}
            return list(self._roster), leased, len(self._leases) - len(leased)

    def finish(self, patience: float, *, more: bool = False) -> None:
        """Tell the workers that all is done, waiting for those that live to hear it and leave.

        Args:
            patience: Seconds to wait for them.
            more: Whether the next study follows at once, on the same address.
        """
        deadline = time.monotonic() + patience
        with self._changed:
            self._done = {"done": True, "more": more}
            self._changed.notify_all()
            # Those who come back meanwhile, for the next study, need not hear it twice.
            expected = {member.info.instance for member in self._roster}
            while (left := deadline - time.monotonic()) > 0 and expected:
                self._changed.wait(left)
                expected &= {member.info.instance for member in self._roster}

    def refuse(self) -> None:
        """Lease nothing and take nothing any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def on_lease(self) -> list[Key]:
        """Return the evaluations that workers hold."""
        with self._changed:
            return [entry.key for entry in self._leases if entry.state == "leased"]

    def close(self) -> None:
        """Let no thread wait any longer: what is not stored is to be delivered again."""
        self.refuse()
        with self._changed:
            for stored in self._settling.values():
                stored.cancel()

    # ---- parts

    def _leased(self, entry: Entry) -> dict[str, Any]:
        self._events.put(Leased(entry.key, entry.worker, entry.token, entry.attempt))
        log.debug(
            "study %s: %s leased to worker %s",
            *(*entry.key, entry.worker),
            extra=about(*entry.key, entry.worker),
        )
        return {
            "job": entry.submission.job.to_wire(),
            "token": entry.token,
            "beside": self._roster.beside(entry.worker),
        }

    def _expired(self, entry: Entry) -> None:
        study, id = entry.key
        log.warning(
            "study %s: %s: the lease of worker %s ran out",
            *(study, id, entry.worker),
            extra=about(study, id, entry.worker),
        )
        if entry.state == "settled":
            message = f"its lease ran out {ATTEMPTS} times, last on worker {entry.worker}"
            self._settling[entry.key] = stored = Future[None]()
            self._events.put(GivenUp(entry.key, None, message, entry.worker, stored))
        else:
            self._events.put(Requeued(entry.key))


def _reply(stored: Future[None] | None, *, accepted: bool) -> dict[str, Any]:
    """Wait until what was delivered is in the store; else ask for it to be sent again."""
    if stored is not None:
        try:
            stored.result(COMMIT_SECONDS)
        except (CancelledError, TimeoutError):
            return {"retry": True}
    return {"accepted": accepted}
