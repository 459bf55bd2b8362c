"""Local workers: started beside a master, watched, and ended with it."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from rich.console import Console

from cli.console.logs import Logs
from cli.local.cores import available_cores
from configspace.errors import ServiceError

logger = logging.getLogger(__name__)

GRACE_SECONDS = 5.0
"""How long a worker may take to give its job back before it is killed."""
QUICK_DEATH_SECONDS = 10.0
"""A worker that ends this soon failed to start; three of them in a row and we give up."""


class LocalWorkers:
    """Worker processes on this machine, each replaced when it dies.

    They run in a session of their own, so that a Ctrl-C in the terminal reaches the master alone,
    which then ends them; and they end by themselves when this process is gone.
    """

    def __init__(self, count: int, *, device: str, engine: str, threads: int) -> None:
        """Remember what to start; `start` does."""
        self._count = count
        self._options = ["--device", device, "--engine", engine, "--threads", str(threads)]
        self._processes: dict[int, tuple[subprocess.Popen[bytes], float]] = {}
        self._address = ""
        self._quick_deaths = 0
        self._readers: list[threading.Thread] = []

    def start(self, address: str, logs: Logs | None = None, console: Console | None = None) -> None:
        """Start the workers on a master's address, ``host:port``.

        Args:
            address: Where they claim jobs.
            logs: How they write their log.
            console: Where what they write is shown.
        """
        self._address = address
        self._logs, self._console = logs or Logs(), console or Console(stderr=True)
        for number in range(self._count):
            self._spawn(number)

    def tend(self) -> None:
        """Replace workers that died.

        Raises:
            ServiceError: If workers die as soon as they start.
        """
        for number, (process, started) in list(self._processes.items()):
            status = process.poll()
            if status is None:
                continue
            del self._processes[number]
            if status == 0:  # the master told it that all is done
                continue
            logger.warning("worker %d ended with status %d; starting another", number, status)
            quick = time.monotonic() - started < QUICK_DEATH_SECONDS
            self._quick_deaths = self._quick_deaths + 1 if quick else 0
            if self._quick_deaths >= 3:
                raise ServiceError(
                    f"local workers end as soon as they start (last status {status}); "
                    f"'dartboard worker {self._address}' in another terminal shows why"
                )
            self._spawn(number)

    def stop(self) -> None:
        """Ask the workers to give their jobs back and end; kill those that do not."""
        for process, _ in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for process, _ in self._processes.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        for reader in self._readers:
            reader.join(GRACE_SECONDS)  # what a worker wrote last
        self._readers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _spawn(self, number: int) -> None:
        command = [sys.executable, "-m", "cli.main", "worker", self._address, *self._options]
        command += ["--name", f"local-{number}", "--parent", str(os.getpid()), "--until-done"]
        process = subprocess.Popen(
            [*command, *self._logs.options()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert process.stdout is not None
        reader = threading.Thread(
            target=self._relay, args=(f"local-{number}", process.stdout), name="log", daemon=True
        )
        reader.start()
        self._readers.append(reader)
        self._processes[number] = (process, time.monotonic())

    def _relay(self, name: str, stream: IO[bytes]) -> None:
        """Show what a worker writes line by line, so that a live display stays whole."""
        with stream:
            for line in stream:
                self._logs.relay(self._console, name, line.decode(errors="replace").rstrip())


def run_one_worker(
    address: str,
    *,
    device: str,
    engine: str,
    threads: int,
    name: str | None,
    idle_limit: float,
    parent: int,
    until_done: bool = False,
    credentials: Path | None = None,
    logs: Logs | None = None,
) -> int:
    """Work for the master at an address; return the exit code.

    Args:
        address: ``host:port``.
        device: ``auto``, ``cpu``, or a CUDA device.
        engine: ``auto``, ``torch`` or ``numba``.
        threads: Threads to compute with; 0: one a core, shared with the machine's other workers of
            the same master.
        name: What to be called; None: after host and process.
        idle_limit: Seconds to wait for a master that is away.
        parent: Process whose end is this worker's too; 0: none.
        until_done: Whether to end when the master is done, instead of waiting for the next one.
        credentials: This worker's file, for a master that wants one.
        logs: How it writes its log.
    """
    from worker.service.client import run_worker

    (logs or Logs("info")).set_up(Console(stderr=True), worker=name)
    if parent:
        _leave_with(parent)
    return run_worker(
        address,
        name=name,
        device=device,
        engine=engine,
        threads=threads or available_cores(),
        cores=0 if threads else available_cores(),
        idle_limit=idle_limit,
        once=until_done,
        credentials=credentials,
    )


def _leave_with(parent: int) -> None:
    """Ask this process to end as soon as its parent is another: the one that started it is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
