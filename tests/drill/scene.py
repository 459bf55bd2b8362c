"""A running study: its store and the processes of its master and workers, in one folder."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

from configspace.study import Study
from master.credentials.authority import initialize, issue
from master.credentials.folder import Folder, write_secret
from results.store.store import Store
from tests.drill.distance import Distance
from tests.drill.evaluations import FOLDER
from tests.drill.record import Ended, Hit, Spans, count, ended, spans

ROOT = Path(__file__).parents[2]
EVALUATOR = "tests.drill.evaluations:evaluate"
PACE = 0.15
"""Mean seconds per evaluation while damage is done."""
PATIENCE = 120.0
"""Seconds after which an event that does not happen counts as hung."""
IDLE_LIMIT = 300.0
"""Seconds after which a worker stops if it cannot reach its master."""

Die = Literal["never", "storing", "sampling"]
Process = subprocess.Popen[bytes]


class HungError(Exception):
    """An expected event did not happen."""


class Scene:
    """Starts and stops the processes of one study, and reads what they did."""

    def __init__(
        self,
        folder: Path,
        study: Study,
        *,
        seed: int,
        way: str = "behaves",
        host: str = "127.0.0.1",
        lease: float = 1.0,
        max_workers: int = 32,
        evaluator: str = EVALUATOR,
        credentials: bool = False,
    ) -> None:
        self.folder, self.study = folder, study
        self.random = random.Random(seed)
        self.url = f"sqlite:///{folder}/store.db"
        self.address = f"{host}:{_free_port(host)}"
        self.master: Process | None = None
        self.workers: list[Process] = []
        self.hits: list[Hit] = []
        self.die: Die = "never"
        """When the master that starts next kills itself."""
        self.far = Distance()
        self.credentials = Folder(folder / "credentials") if credentials else None
        """Credentials of the master and the workers; created on entry of the scene."""
        self._options = ["--lease", str(lease), "--max-workers", str(max_workers)]
        self._evaluator = evaluator
        self._store: Store | None = None
        self._messages: IO[bytes] | None = None
        folder.mkdir(parents=True)
        (folder / "study.json").write_text(study.model_dump_json())
        (folder / "way").write_text(way)
        self.set_pace(PACE)

    def __enter__(self) -> Self:
        self._store = Store.open(self.url)
        self._store.begin(self.study, {})
        if self.credentials is not None:
            initialize(self.credentials, [])
            write_secret(self._worker_credentials, issue(self.credentials, "worker"))
            self._options += ["--credentials", str(self.credentials.path)]
        self._messages = (self.folder / "messages").open("ab")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in [*self.workers, *([self.master] if self.master else [])]:
            if process.poll() is None:
                process.kill()
            process.wait()
        if self._store is not None:
            self._store.close()
        if self._messages is not None:
            self._messages.close()

    @property
    def store(self) -> Store:
        """The study's store, for reading."""
        assert self._store is not None
        return self._store

    @property
    def _worker_credentials(self) -> Path:
        return self.folder / "worker.pem"

    # ---- processes

    def set_pace(self, seconds: float) -> None:
        """Set the mean seconds per evaluation."""
        new = self.folder / "pace.new"
        new.write_text(str(seconds))
        new.rename(self.folder / "pace")

    def start_master(
        self, die: Die = "never", *, port: int | None = None, url: str | None = None
    ) -> Process:
        """Start a master; one with a ``port`` is a second one, which may use another URL."""
        host, _, usual = self.address.rpartition(":")
        command = [sys.executable, "-m", "tests.drill.serve", "--folder", str(self.folder)]
        command += ["--url", url or self.url, "--host", host, "--port", str(port or usual)]
        command += ["--die", die, "--seed", str(self.random.randrange(2**31)), *self._options]
        # The first one kills itself only after every worker has begun.
        command += ["--spare", "0" if self.hits else "8"]
        process = self._start(command)
        if port is None:
            self.master = process
        return process

    def start_worker(
        self, *, name: str | None = None, address: str | None = None, within: Sequence[str] = ()
    ) -> Process:
        """Start a worker.

        Args:
            name: Its name; by default it chooses one.
            address: Address at which it looks for the master; by default the master's.
            within: A command that runs it, for instance one that enters a network namespace.
        """
        options: dict[str, Any] = {"once": True, "idle_limit": IDLE_LIMIT, "name": name}
        if self.credentials is not None:
            options["credentials"] = self._worker_credentials
        call = f"run_worker({address or self.address!r}, WorkerSettings("
        call += f"evaluator={self._evaluator!r}, **{options!r}))"
        code = "import logging, sys; from pathlib import Path, PosixPath\n"
        code += "from worker.service.client import run_worker\n"
        code += f"from worker.service.settings import WorkerSettings\n{_LOGGING}\n"
        code += f"sys.exit({call})"
        process = self._start([*within, sys.executable, "-c", code])
        self.workers.append(process)
        return process

    def end(self, process: Process, signum: signal.Signals, *, seconds: float = PATIENCE) -> int:
        """Send a signal that ends a process, and return the exit status."""
        process.send_signal(signum)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            if process is self.master:
                process.send_signal(signal.SIGUSR1)  # it prints where it hangs
                time.sleep(0.5)
            raise HungError(f"no end of process {process.pid} after {signum.name}") from error
        if process in self.workers:
            self.workers.remove(process)
        return code

    def _start(self, command: Sequence[str]) -> Process:
        environment = os.environ | {FOLDER: str(self.folder), "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=self._messages, stderr=self._messages
        )

    # ---- time

    def pause(self, least: float = 0.05, most: float = 0.5) -> None:
        """Sleep for a random time."""
        time.sleep(self.random.uniform(least, most))

    def wait_for(self, condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
        """Wait until a condition holds, and return what it returned.

        Raises:
            HungError: If it does not hold in time, or the master ended with an error.
        """
        deadline = time.monotonic() + seconds
        while not (answer := condition()):
            if self.master is not None and self.master.poll() == 1:
                raise HungError(f"{what}: the master ended with an error")
            if time.monotonic() > deadline:
                raise HungError(f"no {what} within {seconds:g} s")
            time.sleep(0.02)
        return answer

    # ---- what happened

    def spans(self) -> Spans:
        """Return the content of the log."""
        return spans(self.folder / "log")

    def ended(self) -> dict[str, Ended]:
        """Return the evaluations that have ended in the store, by name."""
        return ended(self.store, self.study.name)

    def count(self) -> int:
        """Return how many evaluations have ended in the store."""
        return count(self.store, self.study.name)

    def busy(self) -> list[Process]:
        """Return the workers that are in the middle of an evaluation."""
        running = self.spans().running()
        return [worker for worker in self.workers if worker.pid in running]

    def hit(self, *victims: Process, all_workers: bool = False, at: float | None = None) -> Hit:
        """Record damage to some workers or to all, done now or at an earlier time ``at``."""
        alive = frozenset(one.pid for one in self.workers)
        damaged = alive if all_workers else frozenset(one.pid for one in victims)
        hit = Hit(time.time() if at is None else at, damaged, alive - damaged)
        self.hits.append(hit)
        return hit

    def wait_for_recovery(self, hit: Hit) -> None:
        """Wait until all interrupted evaluations have ended, and at least one since the damage.

        A master that kills itself may do so again before that; then this returns, too.
        """

        def recovered() -> bool:
            died_again = self.die != "never" and self.master and self.master.poll() is not None
            return bool(died_again) or hit.recovery(self.spans(), self.ended()) is not None

        self.wait_for(recovered, "recovery")


_LOGGING = 'logging.basicConfig(level=20, format="%(asctime)s %(process)d %(message)s")'


def _free_port(host: str) -> int:
    with socket.socket() as free:
        free.bind((host, 0))
        port: int = free.getsockname()[1]
        return port
