"""The master: one thread owns the source and the store, and a port serves the workers."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from configspace.job import Job, loss
from configspace.logs import about
from configspace.signals import signal_of
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
from master.dispatch.exchange import Exchange
from master.dispatch.roster import Member
from master.network.port import Port
from master.service.lock import keep_locks
from master.service.settings import ServiceSettings
from master.service.snapshot import Snapshot, WorkerView
from master.sources.base import JobSource
from results.store.events import SeenWorker
from results.store.store import Store

log = logging.getLogger(__name__)

WORKERS_SECONDS = 3.0
"""Shortest time between two writes of the live workers into the store."""
SNAPSHOT_SECONDS = 0.2
"""Shortest time between two snapshots."""
SHUTDOWN_SECONDS = 2.0
"""How long a master that is done waits for its workers to learn of it."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended, and the last snapshot."""

    state: Literal["done", "stopped"]
    snapshot: Snapshot


class Master:
    """Serves the jobs of a source to all workers that connect, until the source is done."""

    def __init__(
        self,
        source: JobSource,
        store: Store,
        settings: ServiceSettings,
        *,
        on_listening: Callable[[str], None] | None = None,
        more_follows: bool = False,
    ) -> None:
        """Set up a master; nothing starts before ``run``.

        Args:
            source: Decides what is evaluated. Only the thread that calls ``run`` uses it.
            store: Keeps everything that the source learns. Only the same thread writes to it.
            settings: Address, access, and the periods of leases and heartbeats.
            on_listening: Called with the address, as ``host:port``, once workers can connect.
            more_follows: Whether another master follows at once on the same address. The workers
                of this one then wait for it.
        """
        self._source = source
        self._store = store
        self._exchange = Exchange(lease_seconds=settings.lease_seconds)
        self._port = Port(
            self._exchange,
            host=settings.host,
            port=settings.port,
            max_workers=settings.max_workers,
            heartbeat_seconds=settings.heartbeat_seconds,
            credentials=settings.credentials,
            insecure=settings.insecure,
        )
        self._tick_seconds = min(0.5, settings.lease_seconds / 8)
        self._workers_shown = float("-inf")
        self._targets: set[tuple[str, str]] = set()
        self._reported: set[str] = set()
        self._on_listening = on_listening
        self._more_follows = more_follows
        self.address: str | None = None
        """Address to which workers connect, as ``host:port``; None while no port is open."""

    def run(
        self,
        *,
        stop: threading.Event,
        on_change: Callable[[Snapshot], None] | None = None,
    ) -> RunResult:
        """Serve until the source is done or ``stop`` is set, then close the port.

        When the master stops early, running evaluations go back to the queue of the store.
        Everything that finished is in the store.

        Args:
            stop: Set by a signal handler or another thread.
            on_change: Called with a snapshot, at most several times per second.

        Raises:
            ServiceError: If the port is not available, its address needs credentials, or a thread
                died that serves the workers.
            StoreError: If the store cannot be written. Acknowledged results are never lost.
        """
        watch = _Watch(self._source, self._exchange, on_change)
        # Before the port opens: when a worker returns, the master must know its open lease.
        for submission in self._source.interrupted():
            self._exchange.add(submission)
        try:
            self.address = self._port.open()
            log.info("listening on %s", self.address)
            if self._on_listening is not None:
                self._on_listening(self.address)
            state = self._serve(stop, watch)
            if state == "done":
                deadline = time.monotonic() + SHUTDOWN_SECONDS
                self._exchange.finish(SHUTDOWN_SECONDS, more=self._more_follows)
                self._port.wait_for_disconnects(deadline - time.monotonic())
            else:
                self._requeue_running()
            for study in self._source.studies:
                self._store.show_workers(study, ())
            return RunResult(state, watch.snapshot())
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
                keep_locks()
                self._exchange.tick()
                self._show_workers(watch)
                ticked = time.monotonic()
        return "stopped"

    def _fill(self) -> bool:
        """Submit jobs while there is room; return whether the source is done."""
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
        """Write the live workers into the store for `dartboard status`, at intervals."""
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
                engine=f"{one.engine}, {one.target}" if one.target else one.engine,
                evaluation=one.job or one.preparing,
                attempt=one.attempt,
                heard=now - timedelta(seconds=one.silent_seconds),
            )
            for one in watch.snapshot().workers
        ]
        for study in self._source.studies:
            self._store.show_workers(study, seen)

    def _note_target(self, study: str, worker: str) -> None:
        """Record for which processors the engine of a worker is compiled; log if they are new."""
        target = self._exchange.target(worker)
        if not target or (study, target) in self._targets:
            return
        self._targets.add((study, target))
        before = self._store.add_target(study, target)
        if before and target not in before and target not in self._reported:
            self._reported.add(target)
            log.warning(
                "study %s: worker %s computes with kernels for %s, earlier workers with kernels "
                "for %s; their results may differ in the last digits",
                *(study, worker, target, ", ".join(before)),
                extra=about(study, worker=worker),
            )

    def _requeue_running(self) -> None:
        """Store what has been delivered, and requeue what is still running."""
        self._exchange.refuse()
        while (event := self._exchange.next_event(0)) is not None:
            self._take(event)
        for study, id in self._exchange.on_lease():
            self._store.requeue(study, id)
            log.info("study %s: %s requeued", study, id, extra=about(study, id))

    def _take(self, event: Event) -> None:
        """Commit an event to the store, then pass it to the source, then answer the worker."""
        match event:
            case Leased((study, id), worker, token, attempt):
                self._store.lease(study, id, worker=worker, token=token, attempt=attempt)
                self._note_target(study, worker)
            case Requeued((study, id)):
                self._store.requeue(study, id)
            case Retried((study, _), failure, worker):
                self._store.retry(study, failure, worker=worker)
            case Delivered(key, outcome, worker, stored):
                submission = self._exchange.ended(key)
                job = submission.job
                signal = signal_of(job.objective)
                value = loss(outcome, job.objective, submission.aggregate)
                self._store.finish(job.study, outcome, loss=value, worker=worker)
                stored.set_result(None)
                self._exchange.forget(key)
                self._source.finished(job, value)
                log.info(
                    "study %s: %s finished on worker %s, %s",
                    *(job.study, job.id, worker, signal.stated(signal.score_of(value))),
                    extra=about(job.study, job.id, worker),
                )
            case Unsuccessful(key, failure, message, worker, stored):
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
            case Broken(error):
                raise error
            case RosterChanged():
                pass  # the loop then submits jobs for the new number of workers


class _Watch:
    """Makes snapshots, and passes them on at most every `SNAPSHOT_SECONDS`."""

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
        self._before = source.progress()
        self._working_since: float | None = None
        self._shown = float("-inf")

    def look(self) -> None:
        """Pass on a snapshot, unless the last one is very recent."""
        if self._on_change and time.monotonic() - self._shown >= SNAPSHOT_SECONDS:
            self._on_change(self.snapshot())
            self._shown = time.monotonic()

    def snapshot(self) -> Snapshot:
        """Return the current state of the service."""
        now = time.monotonic()
        members, held, queued = self._exchange.view()
        progress = self._source.progress()
        if held and self._working_since is None:
            self._working_since = now
        return Snapshot(
            progress=progress,
            running=len(held),
            queued=queued,
            workers=tuple(_worker_view(member, held, now) for member in members),
            elapsed_seconds=now - self._began,
            working_seconds=0.0 if self._working_since is None else now - self._working_since,
            ended_here=progress.ended - self._before.ended,
            epochs_done_here=progress.epochs_done - self._before.epochs_done,
        )


def _worker_view(member: Member, held: dict[str, tuple[Job, int]], now: float) -> WorkerView:
    job, attempt = held.get(member.name, (None, None))
    return WorkerView(
        name=member.name,
        host=member.info.host,
        pid=member.info.pid,
        device=member.info.device,
        engine=member.info.engine,
        job=None if job is None else _shown(job),
        attempt=attempt,
        progress=member.progress if job or member.preparing else None,
        silent_seconds=now - member.seen,
        target=member.info.target,
        phase_seconds=now - member.phase_began,
        phases={} if job is None else job.phases,
    )


def _shown(job: Job) -> str:
    """Return the name of a job. In a campaign, it starts with the condition, which is a study."""
    condition = job.study.partition("/")[2]
    return f"{condition} {job.id}" if job.id.purpose == "campaign" else str(job.id)
