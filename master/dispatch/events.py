"""What happened between workers and the exchange, one class per kind of event."""

from concurrent.futures import Future
from dataclasses import dataclass

from configspace.errors import ServiceError
from configspace.job import Failure, Outcome
from master.dispatch.leases import Key


@dataclass(frozen=True, slots=True)
class Leased:
    """An evaluation went to a worker."""

    key: Key
    worker: str
    token: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Requeued:
    """An evaluation is ready again, without a result."""

    key: Key


@dataclass(frozen=True, slots=True)
class Retried:
    """An evaluation failed for the first time, in a way that is retried once."""

    key: Key
    failure: Failure
    worker: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """An outcome was accepted; the worker waits until it is stored."""

    key: Key
    outcome: Outcome
    worker: str
    stored: Future[None]


@dataclass(frozen=True, slots=True)
class Unsuccessful:
    """An evaluation ended without an outcome: crashed (with a failure) or lost (without one)."""

    key: Key
    failure: Failure | None
    message: str
    worker: str
    stored: Future[None]


@dataclass(frozen=True, slots=True)
class RosterChanged:
    """A worker joined, left, fell silent or came back."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A thread that serves the workers died; the master cannot continue."""

    error: ServiceError


Event = Leased | Requeued | Retried | Delivered | Unsuccessful | RosterChanged | Broken
