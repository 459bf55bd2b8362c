"""A worker: claims jobs from a master, has them evaluated, and delivers what comes out."""

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
from typing import Any

from configspace.errors import ServiceError
from configspace.job import Failure, Job, Outcome
from configspace.logs import about
from configspace.versions import versions
from worker.service.child_process import Child
from worker.service.link import AwayError, Link

log = logging.getLogger(__name__)

EVALUATOR = "worker.evaluation.evaluate:JobEvaluator"
IDLE_LIMIT = 600.0
REPLACE_SECONDS = 0.5
"""How often the master hears of a worker whose evaluating process is being replaced."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two attempts to reach a master that is away: doubled from first to longest."""


class Stopped(BaseException):
    """A signal asks the worker to leave; not an Exception, since nothing may answer it."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


def run_worker(
    address: str,
    *,
    name: str | None = None,
    device: str = "auto",
    engine: str = "auto",
    threads: int = 1,
    cores: int = 0,
    evaluator: str = EVALUATOR,
    idle_limit: float = IDLE_LIMIT,
    once: bool = False,
    credentials: Path | None = None,
) -> int:
    """Work for the master at an address, study after study.

    Args:
        address: ``host:port`` of the master; it need not be there yet.
        name: How the worker is called; by default after its machine and process.
        device: Where to evaluate, as the evaluation understands it.
        engine: Which engine evaluates, as the evaluation understands it.
        threads: Threads of an evaluation.
        cores: Cores to share with the other workers of this machine: the threads are adapted to
            how many there are. 0: the threads stay as they are.
        evaluator: What makes the evaluator, as ``package.module:factory``.
        idle_limit: Seconds after which a master that is away is given up.
        once: Whether to end when a master is done with all its studies, instead of waiting for
            the next master.
        credentials: This worker's file, for a master that wants one.

    Returns:
        Exit code: 0 when a study was done or SIGTERM came, 130 after Ctrl-C, 1 when no master was
        there for ``idle_limit`` seconds and no study was done before.

    Raises:
        ServiceError: If the address or the credentials are none, the evaluating process cannot
            start, or the master does not accept this worker.
    """
    link = Link(address, credentials=credentials)
    child = Child(evaluator=evaluator, device=device, engine=engine, threads=threads)
    worker = Worker(link, child, _info(name), idle_limit=idle_limit, cores=cores)
    studies = 0
    try:
        with _signals_as_exceptions():
            while True:
                more = worker.serve()
                studies += 1
                if once and not more:
                    return 0
                log.info(
                    "worker %s: done; waiting for the next study",
                    worker.name,
                    extra=about(worker=worker.name),
                )
                worker.rest()
    except AwayError:
        log.warning(
            "no master at %s for %g s; leaving",
            *(address, idle_limit),
            extra=about(worker=worker.name),
        )
        return 0 if studies else 1
    except Stopped as stopped:
        log.info("worker %s: leaving", worker.name, extra=about(worker=worker.name))
        return 130 if stopped.signum == signal.SIGINT else 0
    finally:
        child.kill()
        worker.leave()
        link.close()


class Worker:
    """The loop of a worker, and what it has in hand."""

    def __init__(
        self, link: Link, child: Child, info: dict[str, Any], *, idle_limit: float, cores: int = 0
    ) -> None:
        self._link = link
        self._child = child
        self._info = info
        self._idle_limit = idle_limit
        self._cores, self._beside = cores, 1
        self._heartbeat_seconds = 5.0
        self._joined = False
        self._heard = time.monotonic()
        self._pause = FIRST_PAUSE
        self.name: str = info["name"]

    def serve(self) -> bool:
        """Work until the master says that all is done; whether it has another study to come.

        Raises:
            AwayError: If the master is away for longer than the idle limit.
        """
        while True:
            # Before a claim, so that no lease waits for it; and one that is being replaced keeps
            # nobody from hearing that the worker lives, nor the worker that all is done.
            ready = self._child.start(REPLACE_SECONDS if self._joined else None)
            if not self._joined:
                self._heard = time.monotonic()  # nobody was called while it waited for the child
            match self._insist(partial(self._claim, ready)):
                case {"job": job, "token": str(token), "beside": int(beside)}:
                    self._beside = beside
                    self._work(Job.from_wire(job), token)
                case {"done": True, **told}:
                    self.leave()
                    self._link.close()
                    return told.get("more") is True
                case {"join": True}:
                    self._link.close()
                case _:
                    pass  # idle: there is no job yet

    def rest(self) -> None:
        """Wait a little before asking for the next study."""
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def leave(self) -> None:
        """Say goodbye and give back what is in hand, as far as the master can be reached."""
        if self._joined:
            self._joined = False
            with suppress(AwayError, ServiceError):
                # A connection of its own: a call may have been interrupted on the other.
                self._link.open()
                self._link.call("leave", self.name)

    def _claim(self, ready: bool) -> Any:
        if self._cores:  # nothing is in hand, so the child may be replaced
            self._child.use(max(1, self._cores // self._beside))
        return self._link.call("claim", self.name, ready and self._child.is_ready)

    def _work(self, job: Job, token: str) -> None:
        log.info(
            "study %s: %s begins on worker %s",
            *(job.study, job.id, self.name),
            extra=about(job.study, job.id, self.name),
        )
        began = time.monotonic()
        result = self._child.run(job, _Beat(self, token).go_on)
        seconds = time.monotonic() - began
        if result is None:
            log.warning(
                "study %s: %s on worker %s ended: another has it",
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
        """Deliver, however often it takes, until the master has it in its store."""
        method = "finish" if isinstance(result, Outcome) else "fail"
        payload = result.to_wire()
        while self._insist(
            lambda: self._link.call(method, self.name, token, job.study, payload)
        ).get("retry"):
            self._link.close()

    def _insist(self, call: Callable[[], Any]) -> Any:
        """Make a call, connecting again with growing pauses while the master is away."""
        while True:
            try:
                self.connect()
                answer = call()
            except AwayError as error:
                self._wait_for_the_master(error)
            else:
                self._heard, self._pause = time.monotonic(), FIRST_PAUSE
                return answer

    def connect(self) -> None:
        """Connect and join, unless that is done.

        Raises:
            AwayError: If the master cannot be reached.
        """
        if self._link.is_open:
            return
        self._link.open()
        where = {"name": self.name, "engine": self._child.engine, "device": self._child.device}
        answer = self._link.call("join", self._info | where)
        self.name = self._child.worker = answer["worker"]
        self._heartbeat_seconds = answer["heartbeat_seconds"]
        self._beside = answer["beside"]
        if not self._joined:
            log.info("worker %s joined", self.name, extra=about(worker=self.name))
        self._joined = True

    def heartbeat(self, token: str) -> bool:
        """Tell the master that the job goes on; whether it shall. True if that is not known."""
        try:
            self.connect()
            report = self._child.progress
            progress = None if report is None else list(report)
            answer = self._link.call("heartbeat", self.name, token, progress)
        except AwayError as error:
            log.debug(
                "worker %s: the master is away (%s); going on",
                *(self.name, error),
                extra=about(worker=self.name),
            )
            return True
        self._heard = time.monotonic()
        return bool(answer != "stop")

    @property
    def heartbeat_seconds(self) -> float:
        """How often the master wants to hear."""
        return self._heartbeat_seconds

    def _wait_for_the_master(self, error: AwayError) -> None:
        if self._pause == FIRST_PAUSE:
            log.warning(
                "worker %s: the master is away (%s); trying again",
                *(self.name, error),
                extra=about(worker=self.name),
            )
        if time.monotonic() - self._heard + self._pause > self._idle_limit:
            raise error
        self.rest()


class _Beat:
    """Heartbeats of one job, at the master's pace."""

    def __init__(self, worker: Worker, token: str) -> None:
        self._worker = worker
        self._token = token
        self._last = time.monotonic()

    def go_on(self) -> bool:
        """Send a heartbeat if one is due; false once the job is another's."""
        if time.monotonic() - self._last < self._worker.heartbeat_seconds:
            return True
        going_on = self._worker.heartbeat(self._token)
        self._last = time.monotonic()
        return going_on


def _info(name: str | None) -> dict[str, Any]:
    host = socket.gethostname()
    return {
        "name": name or f"{host}-{os.getpid()}",
        "instance": secrets.token_hex(8),
        "pid": os.getpid(),
        "host": host,
        "machine": _machine(host),
        "versions": versions(),
    }


def _machine(host: str) -> str:
    """Return what all containers of one machine have in common, but no other machine."""
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
            if signal.getsignal(signum) is stop:  # else a signal came, and the next one is final
                signal.signal(signum, handler)
