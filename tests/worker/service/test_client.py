"""The worker's loop, as far as it needs no master; the rest is in tests/master."""

import subprocess
import sys
from types import SimpleNamespace
from typing import cast

import pytest

from configspace.errors import ServiceError
from configspace.protocol import (
    CLAIM,
    JOIN,
    Done,
    Idle,
    Joined,
    Left,
    Method,
    Reply,
    WorkerInfo,
)
from configspace.python_path import ROOT
from worker.service.child_process import Child
from worker.service.client import LONGEST_PAUSE, Worker, run_worker
from worker.service.link import Link, UnreachableError
from worker.service.settings import WorkerSettings


def test_a_worker_leaves_after_its_idle_limit() -> None:
    settings = WorkerSettings(evaluator="tests.worker.noop:evaluate", idle_limit=0.2)
    assert run_worker("127.0.0.1:9", settings) == 1


def test_a_name_of_201_characters_is_refused() -> None:
    settings = WorkerSettings(evaluator="tests.worker.noop:evaluate", name="n" * 201)
    with pytest.raises(
        ServiceError, match="--name of at most 200 characters, got 201; use a short"
    ):
        run_worker("127.0.0.1:9", settings)


INFO = WorkerInfo(name="w", instance="1", pid=1, host="here", device="cpu", engine="e", versions={})


def test_the_idle_limit_begins_when_the_child_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def advance(seconds: float) -> None:
        nonlocal now
        now += seconds

    class SlowToStart:
        def start(self, timeout: float | None) -> bool:
            advance(30.0)
            return True

    clock = SimpleNamespace(monotonic=lambda: now, sleep=advance)
    monkeypatch.setattr("worker.service.client.time", clock)
    child = cast("Child", SlowToStart())
    with Link("127.0.0.1:9") as link:
        worker = Worker(link, child, INFO, idle_limit=10.0)
        with pytest.raises(UnreachableError):
            worker.serve()
    assert now > 30.0 + 10.0 - LONGEST_PAUSE


def test_workers_of_one_machine_share_its_cores() -> None:
    threads: list[int] = []
    claims: list[bool] = []

    class Shared:
        engine, device, worker = "e", "cpu", ""
        is_ready = True

        def start(self, _timeout: float | None) -> bool:
            self.is_ready = True
            return True

        def use(self, count: int) -> None:
            if threads[-1:] != [count]:
                threads.append(count)
                self.is_ready = False  # it is replaced

    class Master:
        is_open = False

        def open(self) -> None:
            self.is_open = True

        def close(self) -> None:
            self.is_open = False

        def call(self, method: Method[Reply], *arguments: object) -> Reply:
            if method is JOIN:
                return Joined(worker="w", heartbeat_seconds=5.0, sharing=2)
            if method is CLAIM:
                claims.append(bool(arguments[1]))
                return Done() if claims[-1] else Idle()
            return Left()

    link, child = cast("Link", Master()), cast("Child", Shared())
    Worker(link, child, INFO, idle_limit=10.0, cores=6).serve()

    assert threads == [3]
    assert claims == [False, True]  # no job before the child has its new threads


def test_a_worker_that_cannot_evaluate_reports_the_reason() -> None:
    with pytest.raises(ServiceError, match=r"cannot load 'tests\.worker\.nothing:evaluate'"):
        run_worker("127.0.0.1:9", WorkerSettings(evaluator="tests.worker.nothing:evaluate"))


def test_a_worker_imports_no_torch() -> None:
    code = (
        "import sys, worker.service.client, worker.service.child; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
