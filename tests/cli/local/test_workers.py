"""Local workers: which of those that exited are replaced."""

import subprocess
import sys
import time

import pytest

from cli.local.workers import LocalWorkers
from configspace.errors import ServiceError
from tests.master.running import wait_for


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of the workers that are started, without starting any."""
    numbers: list[int] = []
    monkeypatch.setattr(LocalWorkers, "_spawn", lambda _, number: numbers.append(number))
    return numbers


def with_exited_worker(status: int) -> LocalWorkers:
    workers = LocalWorkers(1, device="cpu", engine="numba", threads=1)
    process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({status})"])
    process.wait(120)
    workers._processes[0] = (process, time.monotonic())
    return workers


def test_a_worker_that_failed_is_replaced(spawned: list[int]) -> None:
    with_exited_worker(1).tend()
    assert spawned == [0]


def test_a_worker_that_cannot_work_is_not_replaced(spawned: list[int]) -> None:
    with pytest.raises(ServiceError, match="local worker 0 cannot work"):
        with_exited_worker(2).tend()
    assert spawned == []


def test_a_worker_that_is_done_is_not_replaced(spawned: list[int]) -> None:
    with_exited_worker(0).tend()
    assert spawned == []


def test_a_worker_that_left_too_early_is_replaced(
    spawned: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.local.workers.LEFT_SECONDS", 0.0)
    with_exited_worker(0).tend()
    assert spawned == [0]


@pytest.mark.slow
def test_a_relay_that_dies_ends_the_master() -> None:
    def fail(_name: str, _line: str) -> None:
        raise MemoryError

    with LocalWorkers(1, device="cpu", engine="numba", threads=1) as workers:
        workers.start("nowhere", [], fail)  # a wrong address: the worker writes a line and exits
        wait_for(lambda: workers._deaths, "death of the relay")
        with pytest.raises(ServiceError, match="thread 'log' died: MemoryError"):
            workers.tend()
