"""The leases of evaluations to workers: a state machine without a clock, thread or file.

An outstanding evaluation is in one of three states:

    ready ⇄ leased → settled → (forgotten)
      └─────────────────↑

``settled`` means that its result is known and will be stored. Callers pass the time in seconds,
from any monotonic clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from configspace.job import EvaluationId, FailureKind
from master.sources.base import Submission

Key = tuple[str, EvaluationId]
"""A study's name and one of its evaluations."""

ATTEMPTS = 3
"""Number of leases that may run out before an evaluation counts as lost."""

RETRIED: frozenset[FailureKind] = frozenset(
    {"time-limit", "memory-limit", "memory-error", "signal"}
)
"""Failures that may be the machine's: retried once, on another worker if possible."""


@dataclass(slots=True)
class Entry:
    """An outstanding evaluation."""

    submission: Submission
    state: Literal["ready", "leased", "settled"] = "ready"
    worker: str = ""
    """Name of the worker that has the lease, or had the last one."""
    token: str = ""
    """Token of that lease; empty if the worker returned it."""
    deadline: float = 0.0
    """Time at which the lease runs out, in seconds."""
    expired: int = 0
    """Number of leases that have run out."""
    failed_on: str | None = None
    """Name of the worker on which it failed in a way that is retried; empty if unknown."""

    @property
    def key(self) -> Key:
        """Key of the evaluation, unique over all studies that the master serves."""
        return self.submission.job.study, self.submission.job.id

    @property
    def attempt(self) -> int:
        """Number of the current or next attempt, from 1."""
        return self.expired + 1


class Leases:
    """The table of outstanding evaluations, in the order of their submission."""

    def __init__(self, lease_seconds: float) -> None:
        self._seconds = lease_seconds
        self._entries: dict[Key, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def get(self, key: Key) -> Entry | None:
        """Return an evaluation's entry, or None if it is not outstanding."""
        return self._entries.get(key)

    def held_by(self, worker: str) -> Entry | None:
        """Return the entry that a worker has on lease, or None."""
        return next((e for e in self if e.state == "leased" and e.worker == worker), None)

    def add(self, submission: Submission, now: float) -> Entry:
        """Add an evaluation; one that was on lease before a restart gets a new lease period.

        Raises:
            ValueError: If the evaluation is already outstanding.
        """
        entry = Entry(submission)
        if entry.key in self._entries:
            raise ValueError(f"evaluation {entry.key} is already outstanding")
        if (stored := submission.stored) is not None:
            # The store has the number of the last lease, but not whether that one ran out.
            entry.expired = max(0, min(stored.attempts, ATTEMPTS) - 1)
            if stored.failure is not None:
                # The store knows the worker only until the next lease.
                entry.failed_on = (stored.state == "queued" and stored.worker) or ""
            if stored.state == "running" and stored.worker and stored.token:
                self._lease(entry, stored.worker, stored.token, now)
        self._entries[entry.key] = entry
        return entry

    def claim(self, worker: str, token: str, now: float, *, alone: bool) -> Entry | None:
        """Lease the oldest ready evaluation to a worker.

        A worker that already has a lease gets the same one again: the reply to its claim was lost.

        Args:
            worker: Name of the worker that asks.
            token: Token of the new attempt.
            now: The time, in seconds.
            alone: Whether no other worker is alive. Otherwise a worker does not get an evaluation
                again that failed on it.
        """
        entry = self.held_by(worker) or next(
            (e for e in self if e.state == "ready" and (alone or e.failed_on != worker)), None
        )
        if entry is not None:
            token = entry.token if entry.state == "leased" else token
            self._lease(entry, worker, token, now)
        return entry

    def heartbeat(
        self, worker: str, token: str, now: float
    ) -> Literal["continue", "resumed", "stop"]:
        """Renew a lease.

        Returns:
            "continue" if the lease is renewed; "resumed" if it had run out, but no other worker
            has claimed the evaluation; "stop" if the worker has lost the lease.
        """
        entry = next((e for e in self if token and (e.worker, e.token) == (worker, token)), None)
        if entry is None or entry.state == "settled":
            return "stop"
        verdict: Literal["continue", "resumed"] = (
            "continue" if entry.state == "leased" else "resumed"
        )
        self._lease(entry, worker, token, now)
        return verdict

    def settle(self, key: Key) -> bool:
        """Accept an outcome from any worker; return whether the evaluation had no result yet."""
        entry = self._entries.get(key)
        if entry is None or entry.state == "settled":
            return False
        entry.state = "settled"
        return True

    def fail(
        self, key: Key, worker: str, token: str, kind: FailureKind
    ) -> Literal["stale", "retry", "crashed"]:
        """Accept a failure.

        A failure that may be the machine's is retried once; the next failure of any kind is final.

        Returns:
            "retry" if the evaluation is ready again; "crashed" if the failure is final; "stale" if
            the worker has lost the lease.
        """
        entry = self._entries.get(key)
        if entry is None or entry.state == "settled":
            return "stale"
        if (entry.worker, entry.token) != (worker, token):
            return "stale"
        if kind in RETRIED and entry.failed_on is None:
            entry.failed_on = worker
            self._release(entry)
            return "retry"
        entry.state = "settled"
        return "crashed"

    def leave(self, worker: str) -> list[Entry]:
        """Take back a worker's lease, without counting it as an attempt; return the entries."""
        returned = [e for e in self if e.state == "leased" and e.worker == worker]
        for entry in returned:
            self._release(entry)
        return returned

    def expire(self, now: float) -> list[Entry]:
        """Take back the leases that have run out.

        Returns:
            Their entries. A settled one has run out too often and is lost; the others are ready.
        """
        over = [e for e in self if e.state == "leased" and now >= e.deadline]
        for entry in over:
            entry.expired += 1
            entry.state = "settled" if entry.expired >= ATTEMPTS else "ready"
        return over

    def forget(self, key: Key) -> None:
        """Remove an evaluation whose result is in the store."""
        del self._entries[key]

    def _lease(self, entry: Entry, worker: str, token: str, now: float) -> None:
        entry.state, entry.worker, entry.token = "leased", worker, token
        entry.deadline = now + self._seconds

    def _release(self, entry: Entry) -> None:
        # The token is cleared, so that a heartbeat that is on its way does not resume the lease.
        entry.state, entry.token = "ready", ""
