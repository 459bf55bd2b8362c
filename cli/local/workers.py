"""Local workers: processes that a master starts, watches and stops."""

import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import IO, Self

from cli.local.cores import available_cores, split
from configspace.errors import ServiceError
from configspace.python_path import python_command
from configspace.threads import start_thread
from worker.numba_engine.environment import check_numba_settings

log = logging.getLogger(__name__)

GRACE_SECONDS = 5.0
"""Time that a worker has to return its job before it is killed."""
QUICK_DEATH_SECONDS = 10.0
"""A worker that exits sooner failed to start. After three of those in a row the master stops."""
HOPELESS = 2
"""Status of a worker that another attempt would not help, as when its device is missing."""
LEFT_SECONDS = 10.0
"""Time after which a worker that exited with status 0 is replaced if the master still runs."""


class LocalWorkers:
    """Worker processes on this machine, each replaced when it dies.

    Each worker runs in its own process session, so that Ctrl-C in the terminal reaches only the
    master, which then stops the workers. A worker also exits when this process is gone.
    """

    def __init__(self, count: int, *, device: str, engine: str, threads: int) -> None:
        """Set up the workers; `start` starts them.

        Args:
            count: Number of workers.
            device: Device of each worker.
            engine: Name of the engine.
            threads: Threads per worker.
        """
        self.count = count
        self._options = ["--device", device, "--engine", engine, "--threads", str(threads)]
        self._processes: dict[int, tuple[subprocess.Popen[bytes], float]] = {}
        self._address = ""
        self._left: dict[int, float] = {}
        self._quick_deaths = 0
        self._readers: list[threading.Thread] = []
        self._deaths: list[ServiceError] = []

    @classmethod
    def fill_cores(
        cls, trials: int, *, workers: int, threads: int, device: str, engine: str
    ) -> Self:
        """Return workers that share the cores of this machine.

        Args:
            trials: Trials per evaluation.
            workers: Requested number of workers; 0 lets the cores decide.
            threads: Requested number of threads per worker; 0 lets the cores decide.
            device: Device of each worker.
            engine: Name of the engine.

        Raises:
            ServiceError: If a setting of Numba is wrong, so that each worker would fail.
        """
        if engine != "torch" and device in ("auto", "cpu"):
            check_numba_settings()
        count, threads = split(available_cores(), trials, workers=workers, threads=threads)
        return cls(count, device=device, engine=engine, threads=threads)

    def start(
        self, address: str, options: Sequence[str], on_line: Callable[[str, str], None]
    ) -> None:
        """Start the workers.

        Args:
            address: Address of the master, as ``host:port``.
            options: More options of ``dartboard worker``, such as those of its log.
            on_line: Called with the name of a worker and each line that it writes.
        """
        self._address, self._on_line = address, on_line
        self._command_options = [*self._options, *options]
        for number in range(self.count):
            self._spawn(number)

    def tend(self) -> None:
        """Replace workers that exited.

        Raises:
            ServiceError: If workers exit as soon as they start, or say that another attempt would
                fail as well, or nothing reads what they write any more, so that they would soon
                wait for that.
        """
        if self._deaths:
            raise self._deaths[0]
        for number, (process, started) in list(self._processes.items()):
            status = process.poll()
            if status is None:
                continue
            if status == 0 and not self._left_too_early(number):
                continue
            del self._processes[number]
            if status == HOPELESS:
                raise ServiceError(
                    f"local worker {number} cannot work, and another attempt would fail as well",
                    advice="its last message, above, says why",
                )
            log.warning("worker %d exited with status %d; starting another", number, status)
            quick = time.monotonic() - started < QUICK_DEATH_SECONDS
            self._quick_deaths = self._quick_deaths + 1 if quick else 0
            if self._quick_deaths >= 3:
                raise ServiceError(
                    f"local workers exit as soon as they start (last status {status})",
                    advice="their last messages, above, say why",
                )
            self._spawn(number)

    def _left_too_early(self, number: int) -> bool:
        """Return whether there is still work long after a worker exited with status 0.

        It does so when the master tells it that all is done; the master then ends, too. It also
        does so on SIGTERM, and without a replacement the study would wait forever.
        """
        now = time.monotonic()
        if now - self._left.setdefault(number, now) < LEFT_SECONDS:
            return False
        del self._left[number]
        return True

    def stop(self) -> None:
        """Ask the workers to return their jobs and exit; kill those that do not."""
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
            reader.join(GRACE_SECONDS)  # for the last lines of a worker
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
        command = [
            *python_command("cli.main"),
            "worker",
            self._address,
            *self._command_options,
        ]
        command += ["--name", f"local-{number}", "--parent", str(os.getpid()), "--until-done"]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert process.stdout is not None
        relay = partial(self._relay, f"local-{number}", process.stdout)
        self._readers.append(start_thread("log", relay, self._deaths.append))
        self._processes[number] = (process, time.monotonic())

    def _relay(self, name: str, stream: IO[bytes]) -> None:
        """Pass on the output of a worker line by line."""
        with stream:
            for line in stream:
                self._on_line(name, line.decode(errors="replace").rstrip())
