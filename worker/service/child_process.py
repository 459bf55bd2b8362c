"""A long-lived child process that evaluates, and the limits of its evaluations."""

import contextlib
import json
import logging
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from typing import IO, Any

import psutil

from configspace.errors import ServiceError
from configspace.job import Failure, FailureKind, Job, Outcome
from configspace.logs import about
from configspace.protocol import EvaluationProgress
from configspace.python_path import python_command
from configspace.threads import start_thread
from worker.service.lines import Lines

log = logging.getLogger(__name__)

START_SECONDS = 600.0
"""Longest time of a child's start without progress: a kernel is compiled in one step, maybe on a
busy machine."""
POLL_SECONDS = 0.1
"""Time between two checks of the limits."""

_LINE_BYTES = 2**14
_LOG_LINE = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL):([\w.]+):(.*)")
"""A line of the process's own log: level, logger and message, in the default format."""


class StartError(ServiceError):
    """The process did not start, for a reason that may be gone at the next attempt."""


class Child:
    """A child process, started at the first use and replaced after it died or was killed."""

    def __init__(self, *, evaluator: str, device: str, engine: str, threads: int) -> None:
        """Remember what to start.

        Args:
            evaluator: The factory of the evaluator, as ``package.module:factory``.
            device: Device that evaluates, as the evaluator understands it.
            engine: Engine that evaluates, as the evaluator understands it.
            threads: Number of threads that it may use; a limit for numerical libraries, too.
        """
        self._command = python_command("worker.service.child")
        self._command += ["--evaluator", evaluator, "--device", device, "--engine", engine]
        self._threads = threads
        self.engine, self.device, self.target = engine, device, ""
        self._process: subprocess.Popen[bytes] | None = None
        self._chosen = self._ready = False
        self._start_by = 0.0
        self._lines = Lines()
        self._job: Job | None = None
        self._deaths: list[ServiceError] = []
        self.worker: str | None = None
        """Name of its worker, for the log."""
        self.progress: EvaluationProgress | None = None
        """How far the current evaluation is, or the start of the process."""

    def use(self, threads: int) -> None:
        """Set the number of threads; a process that has another number is replaced."""
        if threads != self._threads:
            self._threads = threads
            self.kill()

    @property
    def is_ready(self) -> bool:
        """Whether the process runs and waits for a job."""
        return self._ready

    def choose(self) -> None:
        """Start the process unless it has named its engine and device before, and wait for them.

        Raises:
            ServiceError: If it cannot evaluate any job.
        """
        if not self._chosen:
            if self._process is None:
                self._spawn()
            self._await(lambda: self._chosen, None)

    def start(self, timeout: float | None = None) -> bool:
        """Start the process unless it runs, and wait until it is ready.

        Args:
            timeout: Longest time to wait, in seconds; by default as long as it makes progress. A
                later call continues to wait.

        Returns:
            Whether it is ready.

        Raises:
            ServiceError: If it cannot evaluate any job.
        """
        if self._process is None or (self._ready and self._process.poll() is not None):
            self._spawn()
        return self._await(lambda: self._ready, timeout)

    def _spawn(self) -> None:
        self.kill()
        environment = os.environ | {
            # Read by OpenMP and the linear-algebra libraries when they are loaded.
            "OMP_NUM_THREADS": str(self._threads),
            # NumPy's products are small, and are called from as many threads as there are.
            "OPENBLAS_NUM_THREADS": "1",
            # Waiting threads sleep: on shared cores, spinning is many times more expensive.
            "OMP_WAIT_POLICY": "PASSIVE",
        }
        self._process = subprocess.Popen(
            [*self._command, "--threads", str(self._threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # so that a kill also reaches what an evaluation starts
        )
        assert self._process.stderr is not None
        start_thread("relay", partial(self._relay, self._process.stderr), self._deaths.append)
        self._start_by = time.monotonic() + START_SECONDS

    def _await(self, reached: Callable[[], bool], timeout: float | None) -> bool:
        """Read what the process says of its start, until a condition is true or time is up."""
        assert self._process is not None
        until = float("inf") if timeout is None else time.monotonic() + timeout
        while not reached():
            if (now := time.monotonic()) >= until:
                return False
            if now >= self._start_by:
                self.kill()
                raise StartError(f"the evaluating process made no progress for {START_SECONDS:g} s")
            message = self._receive(POLL_SECONDS)
            if message is None and self._process.poll() is None:
                continue
            self._start_by = now + START_SECONDS
            match message:
                case {"chosen": [str(engine), str(device), str(target)]}:
                    self.engine, self.device, self.target = engine, device, target
                    self._chosen = True
                case {"progress": [str(phase), int(done), int(of)]}:
                    self.progress = EvaluationProgress(phase, done, of)
                case {"ready": True}:
                    self._ready, self.progress = True, None
                case {"fatal": {"problem": str(problem), "advice": str(advice)}}:
                    self.kill()
                    raise ServiceError(
                        f"the evaluating process cannot start: {problem}", advice=advice
                    )
                case None:
                    raise self._not_started()
                case _:
                    self.kill()
                    raise ServiceError(
                        f"the evaluating process cannot start: expected its state, got {message}"
                    )
        return True

    def _not_started(self) -> ServiceError:
        """Return the error of a process that ended before it was ready."""
        assert self._process is not None
        problem = f"the evaluating process cannot start: it ended with {self._ending()}"
        killed = self._process.returncode < 0  # as when memory runs out
        self.kill()
        return StartError(problem) if killed else ServiceError(problem)

    def run(self, job: Job, continues: Callable[[], bool]) -> Outcome | Failure | None:
        """Evaluate a job within its limits.

        Args:
            job: What to evaluate.
            continues: Called about every `POLL_SECONDS`; once it returns false, the evaluation is
                stopped.

        Returns:
            The outcome or the failure; None if the evaluation was stopped.

        Raises:
            ServiceError: If the process cannot start, or cannot evaluate such jobs.
        """
        self.start()
        self._job, self.progress = job, None
        assert self._process is not None
        deadline = time.monotonic() + job.time_limit
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(job.to_wire()).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return self._died(job)
        while True:
            message = self._receive(POLL_SECONDS)
            match message:
                case {"progress": [str(phase), int(done), int(of)]}:
                    self.progress = EvaluationProgress(phase, done, of)
                case {"outcome": outcome}:
                    return Outcome.from_wire(outcome)
                case {"failure": failure}:
                    return Failure.from_wire(failure)
                case {"fatal": {"problem": str(problem), "advice": str(advice)}}:
                    self.kill()
                    raise ServiceError(
                        f"this worker cannot evaluate {job.id}: {problem}", advice=advice
                    )
                case None if self._process.poll() is not None:
                    return self._died(job)
            if not continues():
                self.kill()
                return None
            if (failed := self._over_a_limit(job, deadline)) is not None:
                self.kill()
                return failed

    def kill(self) -> None:
        """Kill the process, and all processes that it started."""
        process, self._process, self._lines = self._process, None, Lines()
        self._ready, self.progress = False, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()

    def _over_a_limit(self, job: Job, deadline: float) -> Failure | None:
        if time.monotonic() >= deadline:
            return _failure(
                job, "time-limit", f"it took longer than its limit of {job.time_limit:g} s"
            )
        if job.memory_limit is not None and (used := self._resident_bytes()) > job.memory_limit:
            return _failure(
                job,
                "memory-limit",
                f"it used {used / 2**20:.0f} MiB, more than its limit of "
                f"{job.memory_limit / 2**20:.0f} MiB",
            )
        return None

    def _resident_bytes(self) -> int:
        assert self._process is not None
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.NoSuchProcess:  # it has just died; the next check finds that
            return 0

    def _receive(self, timeout: float) -> dict[str, Any] | None:
        """Return the child's next message, or None if none comes within ``timeout`` seconds."""
        if self._deaths:  # nothing reads what the child writes, so that it would soon wait for that
            self.kill()
            raise self._deaths.pop()
        assert self._process is not None
        assert self._process.stdout is not None
        if (line := self._lines.next()) is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._process.stdout, selectors.EVENT_READ)
                if not selector.select(timeout):
                    return None
            chunk = os.read(self._process.stdout.fileno(), 2**20)
            if not chunk:  # its end is closed: wait until it is dead, not for the next poll
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout)
            self._lines.add(chunk)
            if (line := self._lines.next()) is None:
                return None
        message: dict[str, Any] = json.loads(line)
        return message

    def _relay(self, stream: IO[bytes]) -> None:
        """Log what the process writes to standard error, line by line, each at its own level."""
        with stream:
            while line := stream.readline(_LINE_BYTES):
                job = self._job
                fields = (
                    about(worker=self.worker)
                    if job is None
                    else about(job.study, job.id, self.worker)
                )
                text, level = line.decode(errors="replace").rstrip(), logging.WARNING
                if logged := _LOG_LINE.fullmatch(text):
                    name, source, text = logged.groups()
                    level = logging.getLevelNamesMapping()[name]
                    if not source.startswith("worker."):
                        text = f"{source}: {text}"
                log.log(level, "%s", text, extra=fields)

    def _ending(self) -> str:
        assert self._process is not None
        code = self._process.wait()
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def _died(self, job: Job) -> Failure:
        assert self._process is not None
        ending = self._ending()
        kind: FailureKind = "signal" if self._process.returncode < 0 else "exit"
        self.kill()
        log.warning(
            "study %s: %s: the evaluating process died: %s",
            *(job.study, job.id, ending),
            extra=about(job.study, job.id, self.worker),
        )
        return _failure(job, kind, f"the evaluating process ended with {ending}")


def _failure(job: Job, kind: FailureKind, message: str) -> Failure:
    return Failure(id=job.id, kind=kind, message=message)
