"""Real masters and workers on loopback, with evaluations that return scores at once."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from configspace.job import EvaluationId
from configspace.study import Study
from master.service.master import Master, RunResult
from master.service.settings import ServiceSettings
from master.sources.base import JobSource
from master.sources.study import BohbSource
from results.store.events import Failed, Finished, Submitted
from results.store.store import Store

ROOT = Path(__file__).parents[2]
NOOP = "tests.worker.noop:"


def small_study(name: str = "small", **settings: Any) -> Study:
    """Return a study of a few iterations on budgets 1, 3 and 9."""
    bohb = {"iterations": 3, "min_epochs": 1.0, "max_epochs": 9.0} | settings.pop("bohb", {})
    return Study(name=name, objective="final", bohb=bohb, **settings)


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 300.0) -> Any:
    """Wait until a condition is true, and return its value."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"no {what} within {seconds:g} s"
        time.sleep(0.01)
    return answer


@contextmanager
def workers(address: str, count: int, evaluate: str, **options: Any) -> Iterator[list[Any]]:
    """Start worker processes, and kill them at the end."""
    started = [start_worker(address, evaluate, **options) for _ in range(count)]
    try:
        yield started
    finally:
        for process in started:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


def start_worker(address: str, evaluate: str, **options: Any) -> "subprocess.Popen[bytes]":
    """Start one worker process."""
    code = (
        "import sys\n"
        "from worker.service.client import run_worker\n"
        "from worker.service.settings import WorkerSettings\n"
        f"settings = WorkerSettings(evaluator={NOOP + evaluate!r}, **{options!r})\n"
        f"sys.exit(run_worker({address!r}, settings))"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=os.environ.copy())


class RunningMaster:
    """A master in a thread of this process."""

    def __init__(
        self, source: JobSource, store: Store, *, more_follows: bool = False, **settings: Any
    ) -> None:
        settings = {"lease_seconds": 1.0, "heartbeat_seconds": 0.2} | settings
        self.master = Master(source, store, ServiceSettings(**settings), more_follows=more_follows)
        self.stop = threading.Event()
        self.result: RunResult | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self.result = self.master.run(stop=self.stop)
        except BaseException as error:  # noqa: BLE001  # raised in the test that waits
            self.error = error

    def start(self) -> str:
        """Start, and return the address once it listens."""
        self._thread.start()
        return str(wait_for(lambda: self.master.address or self.error, "address"))

    def wait(self, seconds: float = 600.0) -> RunResult:
        """Wait for the end."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"not done within {seconds:g} s"
        if self.error is not None:
            raise self.error
        assert self.result is not None
        return self.result


@contextmanager
def running_master(study: Study, store: Store, **options: Any) -> Iterator[RunningMaster]:
    """Run the master of a BOHB study, and stop it at the end."""
    store.begin(study, {})
    running = RunningMaster(BohbSource.resume(study, store), store, **options)
    try:
        yield running
    finally:
        running.stop.set()
        if running._thread.is_alive():
            running._thread.join(20)


def submitted(store: Store, study: str = "small") -> list[EvaluationId]:
    """Return the evaluations of a study in order of submission."""
    return [event.id for event in store.history(study) if isinstance(event, Submitted)]


def losses(store: Store, study: str = "small") -> dict[EvaluationId, float]:
    """Return the finished evaluations of a study and their losses."""
    return {e.id: e.loss for e in store.history(study) if isinstance(e, Finished)}


def failures(store: Store, study: str = "small") -> list[Failed]:
    """Return the evaluations of a study that failed."""
    return [event for event in store.history(study) if isinstance(event, Failed)]
