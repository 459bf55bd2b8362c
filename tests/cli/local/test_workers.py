"""Local workers: which of those that exited are replaced."""

import subprocess
import sys
import time

import pytest

from cli.local.workers import LocalWorkers


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


def test_a_worker_that_is_done_is_not_replaced(spawned: list[int]) -> None:
    with_exited_worker(0).tend()
    assert spawned == []


def test_a_worker_that_left_too_early_is_replaced(
    spawned: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.local.workers.LEFT_SECONDS", 0.0)
    with_exited_worker(0).tend()
    assert spawned == [0]
