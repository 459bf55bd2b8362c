"""Which evaluation is on lease to which worker: a state machine without clock, thread or file.

An evaluation that is outstanding is in one of three states:

    ready ⇄ leased → settled → (forgotten)
      └─────────────────↑

``settled`` means that its end is known and on its way into the store. Whoever calls passes the
time in seconds, from any clock that never goes back.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from configspace.job import EvaluationId, FailureKind
from master.sources.base import Submission

Key = tuple[str, EvaluationId]
"""A study's name and one of its evaluations."""

ATTEMPTS = 3
"""Leases that may run out before an evaluation counts as lost."""

RETRIED: frozenset[FailureKind] = frozenset(
    {"time-limit", "memory-limit", "memory-error", "signal"}
)
"""Failures that may be the machine's: tried once more, elsewhere if possible."""


@dataclass(slots=True)
class Entry:
    """An outstanding evaluation."""

    submission: Submission
    state: Literal["ready", "leased", "settled"] = "ready"
    worker: str = ""
    """Who holds it, or held it last."""
    token: str = ""
    deadline: float = 0.0
    expired: int = 0
    """Leases that ran out."""
    failed_on: str | None = None
    """The worker on which it failed in a way that is retried."""

    @property
    def key(self) -> Key:
        """Its name, unique over all studies served."""
        return self.submission.job.study, self.submission.job.id

    @property
    def attempt(self) -> int:
        """The number of the current or next attempt, from 1."""
        return self.expired + 1


class Leases:
    """The table of outstanding evaluations, in the order in which they were submitted."""

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
        """Return what a worker has on lease."""
        return next((e for e in self if e.state == "leased" and e.worker == worker), None)

    def add(self, submission: Submission, now: float) -> Entry:
        """Enter an evaluation; one on lease before a restart has one more lease period."""
        entry = Entry(submission)
        if entry.key in self._entries:
            raise ValueError(f"evaluation {entry.key} is outstanding already")
        if (stored := submission.stored) is not None:
            # The store counts leases given; one that was given back did not run out.
            entry.expired = max(0, min(stored.attempts, ATTEMPTS) - 1)
            if stored.failure is not None:
                # On whom, the store knows until it is leased again.
                entry.failed_on = (stored.state == "queued" and stored.worker) or ""
            if stored.state == "running" and stored.worker and stored.token:
                self._lease(entry, stored.worker, stored.token, now)
        self._entries[entry.key] = entry
        return entry

    def claim(self, worker: str, token: str, now: float, *, alone: bool) -> Entry | None:
        """Lease the oldest ready evaluation to a worker.

        A worker that has one on lease is given that again: the answer to its claim was lost.

        Args:
            worker: Who asks.
            token: The new attempt's token.
            now: The time.
            alone: Whether no other worker lives; else one on which an evaluation failed does not
                get it again.
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
        """Renew a lease; "stop" if it was superseded.

        One that ran out and that nobody else has taken is its worker's again: "resumed".
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
        """Accept an outcome: true if the evaluation had no end yet, whoever brings it."""
        entry = self._entries.get(key)
        if entry is None or entry.state == "settled":
            return False
        entry.state = "settled"
        return True

    def fail(
        self, key: Key, worker: str, token: str, kind: FailureKind
    ) -> Literal["stale", "retry", "crashed"]:
        """Take in a failure: stale if the worker's lease was superseded.

        A failure that may be the machine's is retried once; the next one of any kind is final.
        """
        entry = self._entries.get(key)
        if (
            entry is None
            or entry.state == "settled"
            or (entry.worker, entry.token)
            != (
                worker,
                token,
            )
        ):
            return "stale"
        if kind in RETRIED and entry.failed_on is None:
            entry.failed_on = worker
            self._release(entry)
            return "retry"
        entry.state = "settled"
        return "crashed"

    def leave(self, worker: str) -> list[Entry]:
        """Take back what a worker has on lease; it does not count as an attempt."""
        given_back = [e for e in self if e.state == "leased" and e.worker == worker]
        for entry in given_back:
            self._release(entry)
        return given_back

    def expire(self, now: float) -> list[Entry]:
        """Take back the leases that ran out; those settled by it are lost, the others ready."""
        over = [e for e in self if e.state == "leased" and now >= e.deadline]
        for entry in over:
            entry.expired += 1
            entry.state = "settled" if entry.expired >= ATTEMPTS else "ready"
        return over

    def forget(self, key: Key) -> None:
        """Remove an evaluation whose end is in the store."""
        del self._entries[key]

    def _lease(self, entry: Entry, worker: str, token: str, now: float) -> None:
        entry.state, entry.worker, entry.token = "leased", worker, token
        entry.deadline = now + self._seconds

    def _release(self, entry: Entry) -> None:
        # Without its token, so that a heartbeat still under way does not take it up again.
        entry.state, entry.token = "ready", ""
