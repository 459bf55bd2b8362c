"""The record of a scene, read from its log and its store, and the figures computed from it."""

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from results.store.schema import evaluations, studies, workers
from results.store.store import Store


@dataclass(frozen=True, slots=True)
class Span:
    """One worker's attempt at an evaluation."""

    worker: int
    evaluation: str
    begin: float
    end: float | None = None
    """When the attempt ended; None if it did not end."""


@dataclass(frozen=True, slots=True)
class Spans:
    """The log: attempts in the order in which they began, leases, and misbehavior."""

    attempts: list[Span]
    leases: list[tuple[float, str]]
    misbehaved: list[tuple[float, int, str]]

    def running(self) -> set[int]:
        """Return the workers whose newest attempt has not ended."""
        newest = {attempt.worker: attempt for attempt in self.attempts}
        return {worker for worker, attempt in newest.items() if attempt.end is None}


@dataclass(frozen=True, slots=True)
class Ended:
    """How an evaluation ended in the store."""

    state: str
    loss: float | None
    at: float


@dataclass(frozen=True, slots=True)
class Hit:
    """Damage done at one instant."""

    at: float
    victims: frozenset[int]
    """The workers that were damaged."""
    others: frozenset[int]
    """The workers that the damage should not affect."""

    def recovery(self, seen: Spans, ends: dict[str, Ended]) -> float | None:
        """Return the seconds until all interrupted evaluations ended; None if some did not yet.

        If nothing was interrupted, return the seconds until the next end of any evaluation.
        """
        begun = {
            one.evaluation
            for one in seen.attempts
            if one.begin <= self.at and one.worker in self.victims
        }
        later = {name: one.at for name, one in ends.items() if one.at > self.at}
        if not later or begun - ends.keys():
            return None
        interrupted = begun & later.keys()
        return (
            max(later[name] for name in interrupted) if interrupted else min(later.values())
        ) - (self.at)


def spans(log: Path) -> Spans:
    """Read a log."""
    attempts: dict[tuple[int, str], Span] = {}
    done: list[Span] = []
    leases, misbehaved = [], []
    for line in log.read_text().splitlines() if log.exists() else ():
        at, event, pid, evaluation = line.split()
        key = int(pid), evaluation
        match event:
            case "begin":
                if key in attempts:
                    done.append(attempts.pop(key))
                attempts[key] = Span(*key, float(at))
            case "end":
                done.append(Span(*key, attempts.pop(key).begin, float(at)))
            case "lease":
                leases.append((float(at), evaluation))
            case "misbehave":
                misbehaved.append((float(at), *key))
    everything = sorted([*done, *attempts.values()], key=lambda span: span.begin)
    return Spans(everything, leases, misbehaved)


def ended(store: Store, study: str) -> dict[str, Ended]:
    """Return the evaluations of a study that have ended, by name."""
    with store.reading() as connection:
        rows = connection.execute(
            evaluations.select()
            .join(studies, studies.c.id == evaluations.c.study_id)
            .where(studies.c.name == study, evaluations.c.ended_sequence.is_not(None))
            .order_by(evaluations.c.ended_sequence)
        )
        return {
            f"{row.iteration},{row.rung},{row.number},{row.epochs}": Ended(
                row.state, row.loss, row.finished.timestamp()
            )
            for row in rows
        }


def touched(store: Store, *, worker: str, loss: float) -> list[str]:
    """Return the traces of a worker's name or of a loss in a store: evaluations, and the name."""
    traces = sa.or_(evaluations.c.worker == worker, evaluations.c.loss == loss)
    with store.reading() as connection:
        rows = connection.execute(evaluations.select().where(traces))
        found = [f"{row.iteration},{row.rung},{row.number},{row.epochs}" for row in rows]
        present = sa.select(workers.c.name).where(workers.c.name == worker)
        return found + list(connection.execute(present).scalars())


def count(store: Store, study: str) -> int:
    """Return how many evaluations of a study have ended."""
    counted = sa.select(sa.func.count()).where(evaluations.c.ended_sequence.is_not(None))
    with store.reading() as connection:
        joined = counted.join_from(evaluations, studies, studies.c.id == evaluations.c.study_id)
        return connection.execute(joined.where(studies.c.name == study)).scalar_one()


def run_twice(seen: Spans, ends: dict[str, Ended]) -> list[str]:
    """Return the evaluations that were leased again after they had ended in the store."""
    return [name for at, name in seen.leases if name in ends and at > ends[name].at]


def longest_stall(hit: Hit, until: float, seen: Spans) -> float:
    """Return the longest time in seconds for which an undamaged worker had no job.

    Args:
        hit: The damage.
        until: Time at which the study had recovered.
        seen: The log.
    """
    longest = 0.0
    for worker in hit.others:
        own = [one for one in seen.attempts if one.worker == worker and one.begin < until]
        following = [*[one.begin for one in own[1:]], until]
        for attempt, next_begin in zip(
            own, following, strict=False
        ):  # the worker may have had no attempt
            if attempt.end is not None and attempt.end < until and next_begin > hit.at:
                longest = max(longest, next_begin - max(hit.at, attempt.end))
    return longest
