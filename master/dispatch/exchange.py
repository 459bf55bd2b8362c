"""The meeting point of the threads that answer workers and the one thread that decides.

The workers' threads change only the lease table and the roster, under one lock, and put an event
on a queue for each change. The owner, the thread that decides, takes the events from the queue,
writes the store and answers. So the events are in the order of the changes.
"""

import logging
import queue
import secrets
import threading
import time
from concurrent.futures import CancelledError, Future

from configspace.errors import ServiceError
from configspace.job import Failure, Job, Outcome
from configspace.logs import about
from configspace.protocol import (
    Continue,
    Done,
    EvaluationProgress,
    Idle,
    Lease,
    Received,
    Rejoin,
    Resend,
    Stop,
    WorkerInfo,
)
from master.dispatch.events import (
    Broken,
    Delivered,
    Event,
    Leased,
    Requeued,
    Retried,
    RosterChanged,
    Unsuccessful,
)
from master.dispatch.leases import ATTEMPTS, Entry, Key, Leases
from master.dispatch.roster import Member, Roster
from master.sources.base import Submission

log = logging.getLogger(__name__)

IDLE_SECONDS = 5.0
"""Longest time that a claim waits for a job."""
COMMIT_SECONDS = 60.0
"""Longest time that a worker's thread waits for the owner."""


class Exchange:
    """The lease table and the roster for many threads, and the queue of events for the owner."""

    def __init__(self, *, lease_seconds: float) -> None:
        self._lease_seconds = lease_seconds
        self._changed = threading.Condition()
        self._leases = Leases(lease_seconds)
        self._roster = Roster(lease_seconds)
        self._settling: dict[Key, Future[None]] = {}
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._done: Done | None = None
        self._closed = False

    # ---- for the threads that answer workers

    def join(self, info: WorkerInfo) -> tuple[str, int]:
        """Put a worker on the roster.

        Returns:
            Its name from now on, and the number of workers on its machine and device.
        """
        with self._changed:
            name = self._roster.join(info, time.monotonic())
            sharing = self._roster.sharing(name)
            self._events.put(RosterChanged())
        log.info(
            "worker %s joined from %s, pid %d: %s on %s%s",
            *(name, info.host, info.pid, info.engine, info.device),
            f", kernels for {info.target}" if info.target else "",
            extra=about(worker=name),
        )
        return name, sharing

    def claim(
        self, worker: str, progress: EvaluationProgress | None = None, *, ready: bool = True
    ) -> Lease | Idle | Done | Rejoin:
        """Lease a job to a worker, and wait a while for one.

        A worker that gets `Done` stays on the roster until it leaves: only then is it certain that
        it has received the reply.

        Args:
            worker: Name of the worker that asks.
            progress: How far it is if it is not ready.
            ready: Whether it can begin at once. If not, it gets no job, and a reply at once.
        """
        deadline = time.monotonic() + min(IDLE_SECONDS, self._lease_seconds / 3)
        with self._changed:
            while True:
                now = time.monotonic()
                if worker not in self._roster:
                    self._changed.notify()  # the wake-up may have been for another worker
                    return Rejoin()
                self._see(worker, now, progress)
                if self._done is not None:
                    return self._done
                if not ready:
                    return Idle()
                alone = len(self._roster) == 1
                token = secrets.token_hex(8)
                entry = (
                    None if self._closed else self._leases.claim(worker, token, now, alone=alone)
                )
                if entry is not None:
                    return self._leased(entry)
                if now >= deadline or self._closed:
                    return Idle()
                self._changed.wait(deadline - now)

    def heartbeat(
        self, worker: str, token: str, progress: EvaluationProgress | None
    ) -> Continue | Stop:
        """Renew a worker's lease, unless the worker has lost it."""
        with self._changed:
            now = time.monotonic()
            if self._see(worker, now, progress):
                log.info("worker %s responds again", worker, extra=about(worker=worker))
                self._events.put(RosterChanged())
            verdict = self._leases.heartbeat(worker, token, now)
            if verdict == "resumed" and (entry := self._leases.held_by(worker)) is not None:
                self._leased(entry)
        return Stop() if verdict == "stop" else Continue()

    def deliver(self, worker: str, study: str, outcome: Outcome) -> Received | Resend:
        """Take an evaluation's first outcome, from any worker, and wait until it is stored.

        Raises:
            WireError: If the outcome does not fit the evaluation's job.
        """
        key = (study, outcome.id)
        with self._changed:
            if self._closed:
                return Resend()
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
                "study %s: %s from worker %s already had a result",
                *(study, outcome.id, worker),
                extra=about(study, outcome.id, worker),
            )
        return _reply(before, accepted=accepted)

    def fail(self, worker: str, token: str, study: str, failure: Failure) -> Received | Resend:
        """Take a failure from the worker that has the lease, and wait until it is stored."""
        key = (study, failure.id)
        with self._changed:
            if self._closed:
                return Resend()
            self._roster.see(worker, time.monotonic())
            verdict = self._leases.fail(key, worker, token, failure.kind)
            stored = None
            if verdict == "crashed":
                self._settling[key] = stored = Future[None]()
                self._events.put(Unsuccessful(key, failure, failure.message, worker, stored))
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
        """Remove a worker; its evaluation is ready for other workers."""
        with self._changed:
            if self._roster.leave(worker):
                log.info("worker %s left", worker, extra=about(worker=worker))
            for entry in self._leases.leave(worker):
                log.info(
                    "study %s: %s returned by worker %s",
                    *(*entry.key, worker),
                    extra=about(*entry.key, worker),
                )
                self._events.put(Requeued(entry.key))
            self._events.put(RosterChanged())
            self._changed.notify_all()

    def broken(self, error: ServiceError) -> None:
        """Report that a thread died, so that the owner ends with its reason."""
        self._events.put(Broken(error))

    # ---- for the owner

    def add(self, submission: Submission) -> None:
        """Make a stored evaluation ready for the next claim."""
        with self._changed:
            self._leases.add(submission, time.monotonic())
            self._changed.notify()  # one is enough: any waiting worker may take it

    def target(self, worker: str) -> str:
        """Return the target for which a worker's engine is compiled; empty if unknown."""
        with self._changed:
            member = self._roster.get(worker)
            return "" if member is None else member.info.target

    def next_event(self, timeout: float) -> Event | None:
        """Return the next event, or None if none occurs within ``timeout`` seconds."""
        try:
            return self._events.get(timeout=timeout)
        except queue.Empty:
            return None

    def ended(self, key: Key) -> Submission:
        """Return the submission of an evaluation whose result the owner is about to handle.

        Raises:
            KeyError: If the evaluation is not outstanding.
        """
        with self._changed:
            entry = self._leases.get(key)
        if entry is None:
            raise KeyError(f"evaluation {key} is not outstanding")
        return entry.submission

    def forget(self, key: Key) -> None:
        """Remove an evaluation whose result is in the store."""
        with self._changed:
            self._leases.forget(key)
            self._settling.pop(key, None)

    def tick(self) -> None:
        """Remove silent workers from the roster, and take back leases that have run out."""
        with self._changed:
            now = time.monotonic()
            silent, expired = self._roster.silent(now), self._leases.expire(now)
            for member in silent:
                log.warning(
                    "worker %s stopped responding", member.name, extra=about(worker=member.name)
                )
                self._events.put(RosterChanged())
            for entry in expired:
                self._expired(entry)
            if silent or expired:
                self._changed.notify_all()

    def has_room(self, parallel: int) -> bool:
        """Return whether another evaluation may be submitted.

        An evaluation counts as in progress until its result is stored, because the next decision
        may depend on the result.

        Args:
            parallel: Number of evaluations that may be in progress at once; 0: as many as there are
                live workers, and at least one.
        """
        with self._changed:
            return len(self._leases) < (parallel or max(1, len(self._roster)))

    def view(self) -> tuple[list[Member], dict[str, tuple[Job, int]], int]:
        """Return the live workers, each one's job with its attempt, and how many jobs wait."""
        with self._changed:
            held = [entry for entry in self._leases if entry.state == "leased"]
            leased = {entry.worker: (entry.submission.job, entry.attempt) for entry in held}
            return list(self._roster), leased, len(self._leases) - len(leased)

    def finish(self, timeout: float, *, more: bool = False) -> None:
        """Tell the workers that the master is done, and wait until the live ones have left.

        Args:
            timeout: Longest time to wait for them, in seconds.
            more: Whether another study follows at once, at the same address.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            self._done = Done(more=more)
            self._changed.notify_all()
            # A worker that joins again meanwhile, for the next study, is not waited for.
            expected = {member.info.instance for member in self._roster}
            while (left := deadline - time.monotonic()) > 0 and expected:
                self._changed.wait(left)
                expected &= {member.info.instance for member in self._roster}

    def refuse(self) -> None:
        """Lease no more jobs and take no more results."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def on_lease(self) -> list[Key]:
        """Return the evaluations that workers have on lease."""
        with self._changed:
            return [entry.key for entry in self._leases if entry.state == "leased"]

    def close(self) -> None:
        """End every wait: workers must send again what is not stored."""
        self.refuse()
        with self._changed:
            for stored in self._settling.values():
                stored.cancel()

    # ---- parts

    def _see(self, worker: str, now: float, progress: EvaluationProgress | None) -> bool:
        """Note a call; log when the worker begins to prepare itself, and when it is ready."""
        before = self._roster.get(worker)
        back = self._roster.see(worker, now, progress)
        after = self._roster.get(worker)
        was, now_is = before and before.preparing, after and after.preparing
        if now_is != was:
            log.info("worker %s: %s", worker, now_is or "ready", extra=about(worker=worker))
        return back

    def _leased(self, entry: Entry) -> Lease:
        self._events.put(Leased(entry.key, entry.worker, entry.token, entry.attempt))
        log.debug(
            "study %s: %s leased to worker %s",
            *(*entry.key, entry.worker),
            extra=about(*entry.key, entry.worker),
        )
        return Lease(
            job=entry.submission.job,
            token=entry.token,
            sharing=self._roster.sharing(entry.worker),
        )

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
            self._events.put(Unsuccessful(entry.key, None, message, entry.worker, stored))
        else:
            self._events.put(Requeued(entry.key))


def _reply(stored: Future[None] | None, *, accepted: bool) -> Received | Resend:
    """Wait until a result is stored; ask the worker to send it again if that takes too long."""
    if stored is not None:
        try:
            stored.result(COMMIT_SECONDS)
        except (CancelledError, TimeoutError):
            return Resend()
    return Received(accepted=accepted)
