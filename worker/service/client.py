"""A worker: it claims jobs from a master, has a child evaluate them, and delivers the results."""

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from configspace.errors import DartboardError, ServiceError
from configspace.foreign_text import cleaned
from configspace.job import Failure, Job, Outcome
from configspace.logs import about
from configspace.protocol import (
    CLAIM,
    FAIL,
    FINISH,
    HEARTBEAT,
    JOIN,
    LEAVE,
    NAME_LENGTH,
    Done,
    Idle,
    Lease,
    Method,
    Received,
    Rejoin,
    Reply,
    Resend,
    Stop,
    WorkerInfo,
)
from configspace.versions import versions
from worker.service.child_process import Child, StartError
from worker.service.link import Link, UnreachableError
from worker.service.settings import WorkerSettings

log = logging.getLogger(__name__)

REPLACE_SECONDS = 0.5
"""Time between two claims of a worker whose evaluating process is being replaced."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two attempts to reach a master. They double, from the first to the longest."""

R = TypeVar("R", bound=Reply)


class Stopped(BaseException):
    """A signal asks the worker to leave; not an Exception, so that no handler catches it."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


def run_worker(address: str, settings: WorkerSettings) -> int:
    """Work for the master at an address, study after study.

    Args:
        address: Address of the master, as ``host:port``. The master need not run yet.
        settings: How to evaluate, and when to leave.

    Returns:
        Exit code: 0 after a study or SIGTERM, 130 after Ctrl-C, 1 if another attempt may succeed:
        no master could be reached for the idle limit, before any study or in the middle of one,
        or the evaluating process was killed at its start.

    Raises:
        ServiceError: If another attempt would fail as well: the address or the credentials are
            wrong, the evaluating process cannot start, the worker's name is too long, or the
            master refuses this worker.
        WireError: If the master sends a reply that is not one of the method's.
    """
    link = Link(address, credentials=settings.credentials)
    child = Child(
        evaluator=settings.evaluator,
        device=settings.device,
        engine=settings.engine,
        threads=settings.threads,
    )
    worker = Worker(
        link,
        child,
        _info(settings.name, child),
        idle_limit=settings.idle_limit,
        cores=settings.cores,
    )
    studies = 0
    try:
        with _signals_as_exceptions():
            while True:
                more = worker.serve()
                studies += 1
                if settings.once and not more:
                    return 0
                log.info(
                    "worker %s: done; waiting for the next study",
                    worker.name,
                    extra=about(worker=worker.name),
                )
                worker.rest()
    except UnreachableError:
        log.warning(
            "no master at %s for %g s; exiting",
            *(address, settings.idle_limit),
            extra=about(worker=worker.name),
        )
        return 0 if studies and not worker.is_joined else 1
    except StartError as error:
        log.error("%s", error, extra=about(worker=worker.name))
        return 1
    except Stopped as stopped:
        log.info("worker %s: exiting", worker.name, extra=about(worker=worker.name))
        return 130 if stopped.signum == signal.SIGINT else 0
    finally:
        child.kill()
        worker.leave()
        link.close()


class Worker:
    """The loop of a worker."""

    def __init__(
        self, link: Link, child: Child, info: WorkerInfo, *, idle_limit: float, cores: int = 0
    ) -> None:
        self._link = link
        self._child = child
        self._info = info
        self._idle_limit = idle_limit
        self._cores, self._sharing = cores, 1
        self._heartbeat_seconds = 5.0
        self._joined = self._is_named = False
        self._last_reply = time.monotonic()
        self._pause = FIRST_PAUSE
        self.name = info.name

    def serve(self) -> bool:
        """Work until the master is done; return whether another study follows at once.

        Raises:
            UnreachableError: If the master cannot be reached for longer than the idle limit.
        """
        while True:
            match self._call_until_answered(self._claim):
                case Lease(job=job, token=token, sharing=sharing):
                    self._sharing = sharing
                    self._work(job, token)
                case Done(more=more):
                    self.leave()
                    self._link.close()
                    return more
                case Rejoin():
                    self._link.close()
                case Idle():
                    pass

    def rest(self) -> None:
        """Wait a little before asking for the next study."""
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def leave(self) -> None:
        """Leave the roster and return the lease, if the master can be reached."""
        if self._joined:
            self._joined = False
            with suppress(UnreachableError, DartboardError):
                # A new connection: a call may have been interrupted on the old one.
                self._link.open()
                self._link.call(LEAVE, self.name)

    def _claim(self) -> Lease | Idle | Done | Rejoin:
        """Ask for a job, if the child is ready for one.

        No lease waits for the start of a child. Claims continue meanwhile: they show that the
        worker is alive and what it waits for, and tell it when the master is done.
        """
        if self._cores and self._child.is_ready:  # no evaluation runs: the child may be replaced
            self._child.use(max(1, self._cores // self._sharing))
        ready = self._child.start(REPLACE_SECONDS)
        progress = self._child.progress
        return self._link.call(
            CLAIM, self.name, ready, None if progress is None else progress.to_wire()
        )

    def _work(self, job: Job, token: str) -> None:
        log.info(
            "study %s: %s begins on worker %s",
            *(job.study, job.id, self.name),
            extra=about(job.study, job.id, self.name),
        )
        began = time.monotonic()
        result = self._child.run(job, _Beat(self, token).continues)
        seconds = time.monotonic() - began
        if result is None:
            log.warning(
                "study %s: %s on worker %s stopped: its lease was lost",
                *(job.study, job.id, self.name),
                extra=about(job.study, job.id, self.name),
            )
            return
        log.info(
            "study %s: %s on worker %s: %s after %.1f s",
            *(job.study, job.id, self.name, type(result).__name__.lower(), seconds),
            extra=about(job.study, job.id, self.name),
        )
        self._deliver(job, token, result)

    def _deliver(self, job: Job, token: str, result: Outcome | Failure) -> None:
        """Send a result until the master has it in its store."""
        method = FINISH if isinstance(result, Outcome) else FAIL
        call = partial(self._send, method, token, job.study, result.to_wire())
        while isinstance(self._call_until_answered(call), Resend):
            self._link.close()

    def _send(
        self, method: Method[Received | Resend], token: str, study: str, result: dict[str, Any]
    ) -> Received | Resend:
        return self._link.call(method, self.name, token, study, result)

    def _call_until_answered(self, call: Callable[[], R]) -> R:
        """Make a call, and retry with growing pauses while the master cannot be reached."""
        while True:
            try:
                self.connect()
                reply = call()
            except UnreachableError as error:
                self._wait_for_the_master(error)
            else:
                self._last_reply, self._pause = time.monotonic(), FIRST_PAUSE
                return reply

    def connect(self) -> None:
        """Connect and join, unless the link is open.

        Raises:
            UnreachableError: If the master cannot be reached.
        """
        if self._link.is_open:
            return
        self._link.open()
        self._last_reply = time.monotonic()
        # Only a child that has started knows its engine and device. It names them before it
        # compiles. It starts after the first connection: refused credentials are an error at once.
        self._child.choose()
        known: dict[str, Any] = {
            "name": self.name,
            "engine": self._child.engine,
            "device": self._child.device,
        }
        known["target"] = self._child.target
        if self._is_named:  # a name from the master is kept, with the leases under it
            known["named"] = True
        joined = self._link.call(JOIN, self._info.model_copy(update=known).to_wire())
        self._is_named = True
        self.name = self._child.worker = joined.worker
        self._heartbeat_seconds = joined.heartbeat_seconds
        self._sharing = joined.sharing
        if not self._joined:
            target = f", kernels for {self._child.target}" if self._child.target else ""
            log.info(
                "worker %s joined: %s on %s%s",
                *(self.name, self._child.engine, self._child.device, target),
                extra=about(worker=self.name),
            )
        self._joined = True

    def heartbeat(self, token: str) -> bool:
        """Renew a lease; return whether the evaluation continues, as it does without a reply."""
        try:
            self.connect()
            progress = self._child.progress
            reply = self._link.call(
                HEARTBEAT, self.name, token, None if progress is None else progress.to_wire()
            )
        except UnreachableError as error:
            log.debug(
                "worker %s: cannot reach the master (%s); the evaluation continues",
                *(self.name, error),
                extra=about(worker=self.name),
            )
            return True
        self._last_reply = time.monotonic()
        return not isinstance(reply, Stop)

    @property
    def is_joined(self) -> bool:
        """Whether it takes part in a study, as far as it knows."""
        return self._joined

    @property
    def heartbeat_seconds(self) -> float:
        """Seconds between two heartbeats, as the master asks."""
        return self._heartbeat_seconds

    def _wait_for_the_master(self, error: UnreachableError) -> None:
        if self._pause == FIRST_PAUSE:
            log.warning(
                "worker %s: cannot reach the master (%s); trying again",
                *(self.name, error),
                extra=about(worker=self.name),
            )
        if time.monotonic() - self._last_reply + self._pause > self._idle_limit:
            raise error
        self.rest()


class _Beat:
    """The heartbeats of one job."""

    def __init__(self, worker: Worker, token: str) -> None:
        self._worker = worker
        self._token = token
        self._last = time.monotonic()

    def continues(self) -> bool:
        """Send a heartbeat if one is due; return whether the evaluation continues."""
        if time.monotonic() - self._last < self._worker.heartbeat_seconds:
            return True
        may_continue = self._worker.heartbeat(self._token)
        self._last = time.monotonic()
        return may_continue


def _info(name: str | None, child: Child) -> WorkerInfo:
    host = cleaned(socket.gethostname())
    name = name and cleaned(name)
    if name and len(name) > NAME_LENGTH:
        raise ServiceError(
            f"expected a --name of at most {NAME_LENGTH} characters, got {len(name)}",
            advice="use a shorter one",
        )
    return WorkerInfo(
        name=name or f"{host}-{os.getpid()}",
        instance=secrets.token_hex(8),
        pid=os.getpid(),
        host=host,
        device=child.device,
        engine=child.engine,
        versions=versions(),
        machine=_machine(host),
        named=name is not None,
    )


def _machine(host: str) -> str:
    """Return a text that identifies this machine: it is the same in all of its containers."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:  # not Linux
        return host


@contextmanager
def _signals_as_exceptions() -> Iterator[None]:
    """Raise `Stopped` on the first SIGTERM or SIGINT; a second one ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_DFL)
        raise Stopped(signum)

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            if (
                signal.getsignal(signum) is stop
            ):  # otherwise a signal came, and the next one is final
                signal.signal(signum, handler)
