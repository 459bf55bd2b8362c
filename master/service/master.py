"""The master: one thread that owns the source and the store, and a port for the workers."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from configspace.job import EvaluationId, loss
from configspace.logs import about
from master.credentials.folder import Folder
from master.dispatch.exchange import (
    Delivered,
    Event,
    Exchange,
    GivenUp,
    Leased,
    Requeued,
    Retried,
    RosterChanged,
)
from master.dispatch.leases import Key
from master.dispatch.roster import Member
from master.network.port import Port
from master.service.snapshot import Snapshot, WorkerView
from master.sources.base import JobSource
from results.store.events import SeenWorker
from results.store.store import Store

log = logging.getLogger(__name__)

PORT = 9090
MAX_WORKERS = 32
LEASE_SECONDS = 30.0
HEARTBEAT_SECONDS = 5.0
WORKERS_SECONDS = 3.0
"""The least time between two writes of the live workers into the store."""
SNAPSHOT_SECONDS = 0.2
"""The least time between two snapshots."""
FAREWELL_SECONDS = 2.0
"""How long a master that is done waits for its workers to hear of it."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended."""

    state: Literal["done", "stopped"]
    snapshot: Snapshot


class Master:
    """Serves a source's jobs to whichever workers come, until the source is done."""

    def __init__(
        self,
        source: JobSource,
        store: Store,
        *,
        host: str = "127.0.0.1",
        port: int = PORT,
        lease_seconds: float = LEASE_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        max_workers: int = MAX_WORKERS,
        credentials: Folder | None = None,
        insecure: bool = False,
        on_listening: Callable[[str], None] | None = None,
        more: bool = False,
    ) -> None:
        """Set a master up; nothing starts before ``run``.

        Args:
            source: Decides what is evaluated; used by the thread that calls ``run`` alone.
            store: Knows all that the source does; written by that thread alone.
            host: Address to listen on.
            port: Port to listen on; 0 for any that is free.
            lease_seconds: How long a job stays a silent worker's.
            heartbeat_seconds: How often a worker is to be heard of.
            max_workers: Connections that are served at once.
            credentials: What to know workers by; without, only this machine's are let in.
            insecure: Whether others are let in without.
            on_listening: Called with the address, as ``host:port``, once workers can connect.
            more: Whether another master follows at once on the same address, for whose study the
                workers that hear of this one's end shall wait.

        Raises:
            ValueError: If a lease is not longer than the time between two heartbeats.
        """
        if not 0 < heartbeat_seconds < lease_seconds:
            raise ValueError(
                f"wanted leases longer than the time between heartbeats, got {lease_seconds:g} s "
                f"and {heartbeat_seconds:g} s"
            )
        self._source = source
        self._store = store
        self._exchange = Exchange(lease_seconds=lease_seconds)
        self._port = Port(
            self._exchange,
            host=host,
            port=port,
            max_workers=max_workers,
            heartbeat_seconds=heartbeat_seconds,
            credentials=credentials,
            insecure=insecure,
        )
        self._tick_seconds = min(0.5, lease_seconds / 8)
        self._workers_shown = float("-inf")
        self._on_listening = on_listening
        self._more = more
        self.address: str | None = None
        """Where workers connect, as ``host:port``; None unless it listens."""

    def run(
        self,
        *,
        stop: threading.Event,
        on_change: Callable[[Snapshot], None] | None = None,
    ) -> Ending:
        """Serve until the source is done or ``stop`` is set; the port is closed at the end.

        What is running when it stops is given up; everything that finished is in the store.

        Args:
            stop: Set from a signal handler or another thread.
            on_change: Called with a snapshot, several times a second at most.

        Raises:
            ServiceError: If the port cannot be had, or must not be served without credentials.
            StoreError: If the store cannot be written; nothing that was acknowledged is lost.
        """
        watch = _Watch(self._source, self._exchange, on_change)
        # Before the port opens: an open lease must be known when its worker returns.
        for submission in self._source.interrupted():
            self._exchange.add(submission)
        try:
            self.address = self._port.open()
            log.info("listening on %s", self.address)
            if self._on_listening is not None:
                self._on_listening(self.address)
            state = self._serve(stop, watch)
            if state == "done":
                deadline = time.monotonic() + FAREWELL_SECONDS
                self._exchange.finish(FAREWELL_SECONDS, more=self._more)
                self._port.wait_for_goodbyes(deadline - time.monotonic())
            else:
                self._give_up()
            for study in self._source.studies:
                self._store.show_workers(study, ())
            return Ending(state, watch.snapshot())
        finally:
            self._exchange.close()
            self._port.close()
            self.address = None

    def _serve(self, stop: threading.Event, watch: "_Watch") -> Literal["done", "stopped"]:
        ticked = time.monotonic()
        while not stop.is_set():
            if self._fill():
                return "done"
            watch.look()
            event = self._exchange.next_event(self._tick_seconds)
            if event is not None:
                self._take(event)
            if time.monotonic() - ticked >= self._tick_seconds:
                self._exchange.tick()
                self._show_workers(watch)
                ticked = time.monotonic()
        return "stopped"

    def _fill(self) -> bool:
        """Submit jobs up to the cap; whether the source is done."""
        while self._exchange.has_room(self._source.parallel):
            match self._source.next():
                case "done":
                    return True
                case "pending":
                    return False
                case submission:
                    job = submission.job
                    self._store.submit(
                        job.study,
                        job.id,
                        job.hyperparameters,
                        model_based=submission.model_based,
                        seeds=len(job.seeds),
                    )
                    log.debug(
                        "study %s: %s submitted", job.study, job.id, extra=about(job.study, job.id)
                    )
                    self._exchange.add(submission)
        return False

    def _show_workers(self, watch: "_Watch") -> None:
        """Tell the store who lives, for `dartboard status`; seldom, since nothing rests on it."""
        if time.monotonic() - self._workers_shown < WORKERS_SECONDS:
            return
        self._workers_shown = time.monotonic()
        now = datetime.now(UTC)
        seen = [
            SeenWorker(
                name=one.name,
                host=one.host,
                pid=one.pid,
                device=one.device,
                engine=one.engine,
                evaluation=one.job,
                attempt=one.attempt,
                heard=now - timedelta(seconds=one.silent_seconds),
            )
            for one in watch.snapshot().workers
        ]
        for study in self._source.studies:
            self._store.show_workers(study, seen)

    def _give_up(self) -> None:
        """Take in what has been delivered, and take back what is running."""
        self._exchange.refuse()
        while (event := self._exchange.next_event(0)) is not None:
            self._take(event)
        for study, id in self._exchange.on_lease():
            self._store.requeue(study, id)
            log.info("study %s: %s given up", study, id, extra=about(study, id))

    def _take(self, event: Event) -> None:
        """Commit what happened, then let the source hear of it, then answer the worker."""
        match event:
            case Leased((study, id), worker, token, attempt):
                self._store.lease(study, id, worker=worker, token=token, attempt=attempt)
            case Requeued((study, id)):
                self._store.requeue(study, id)
            case Retried((study, _), failure, worker):
                self._store.retry(study, failure, worker=worker)
            case Delivered(key, outcome, worker, stored):
                submission = self._exchange.ended(key)
                job = submission.job
                value = loss(outcome, job.objective, submission.aggregate)
                self._store.finish(job.study, outcome, loss=value, worker=worker)
                stored.set_result(None)
                self._exchange.forget(key)
                self._source.finished(job, value)
                log.info(
                    "study %s: %s finished on worker %s, loss %.3f dB",
                    *(job.study, job.id, worker, value),
                    extra=about(job.study, job.id, worker),
                )
            case GivenUp(key, failure, message, worker, stored):
                job = self._exchange.ended(key).job
                state: Literal["crashed", "lost"] = "lost" if failure is None else "crashed"
                self._store.fail(
                    job.study,
                    job.id,
                    state=state,
                    failure=failure,
                    message=message,
                    worker=worker,
                )
                stored.set_result(None)
                self._exchange.forget(key)
                self._source.failed(job, state)
                log.warning(
                    "study %s: %s is %s: %s",
                    *(job.study, job.id, state, message),
                    extra=about(job.study, job.id, worker),
                )
            case RosterChanged():
                pass  # the loop fills up to the new number of workers


class _Watch:
    """Makes snapshots, and shows them not too often."""

    def __init__(
        self,
        source: JobSource,
        exchange: Exchange,
        on_change: Callable[[Snapshot], None] | None,
    ) -> None:
        self._source = source
        self._exchange = exchange
        self._on_change = on_change
        self._began = time.monotonic()
        self._epochs = source.progress().epochs_done
        self._shown = float("-inf")

    def look(self) -> None:
        """Show a snapshot, unless the last one is very new."""
        if self._on_change and time.monotonic() - self._shown >= SNAPSHOT_SECONDS:
            self._on_change(self.snapshot())
            self._shown = time.monotonic()

    def snapshot(self) -> Snapshot:
        """Return how things stand."""
        now = time.monotonic()
        members, held, queued = self._exchange.view()
        progress = self._source.progress()
        return Snapshot(
            progress=progress,
            running=len(held),
            queued=queued,
            workers=tuple(_worker_view(member, held, now) for member in members),
            elapsed_seconds=now - self._began,
            epochs_done_here=progress.epochs_done - self._epochs,
        )


def _worker_view(member: Member, held: dict[str, tuple[Key, int]], now: float) -> WorkerView:
    key, attempt = held.get(member.name, (None, None))
    return WorkerView(
        name=member.name,
        host=member.info.host,
        pid=member.info.pid,
        device=member.info.device,
        engine=member.info.engine,
        job=None if key is None else _shown(*key),
        attempt=attempt,
        progress=None if key is None else member.progress,
        silent_seconds=now - member.seen,
    )


def _shown(study: str, id: EvaluationId) -> str:
    """Name a job; of a campaign, whose studies are its conditions, with its condition."""
    return f"{study.partition('/')[2]} {id}" if id.purpose == "campaign" else str(id)
