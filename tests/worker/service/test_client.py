"""A worker's side of the wire, as far as no master is needed; the rest is in tests/master."""

import subprocess
import sys
from types import SimpleNamespace
from typing import cast

import pytest

from configspace.errors import ServiceError
from worker.service.child_process import ROOT, Child
from worker.service.client import LONGEST_PAUSE, Worker, run_worker
from worker.service.link import AwayError, Link


@pytest.mark.parametrize("address", ["here", "here:", ":9090", "here:port", "here:99999"])
def test_an_address_that_is_none_is_a_clear_error(address: str) -> None:
    with pytest.raises(ServiceError, match="wanted the master's address as HOST:PORT"):
        Link(address)


def test_a_master_that_is_not_there_is_away() -> None:
    with Link("127.0.0.1:9") as link, pytest.raises(AwayError, match="refused"):
        link.open()


def test_a_call_without_a_connection_finds_the_master_away() -> None:
    with Link("127.0.0.1:9") as link, pytest.raises(AwayError, match="not connected"):
        link.call("claim", "w")


def test_a_worker_gives_up_after_its_idle_limit() -> None:
    assert run_worker("127.0.0.1:9", evaluator="tests.worker.noop:evaluate", idle_limit=0.2) == 1


def test_the_idle_limit_begins_once_the_evaluating_process_is_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0

    def let_pass(seconds: float) -> None:
        nonlocal now
        now += seconds

    class SlowToStart:
        def start(self, patience: float | None) -> bool:
            let_pass(30.0)
            return True

    clock = SimpleNamespace(monotonic=lambda: now, sleep=let_pass)
    monkeypatch.setattr("worker.service.client.time", clock)
    child = cast("Child", SlowToStart())
    with Link("127.0.0.1:9") as link:
        worker = Worker(link, child, {"name": "w"}, idle_limit=10.0)
        with pytest.raises(AwayError):
            worker.serve()
    assert now > 30.0 + 10.0 - LONGEST_PAUSE


def test_workers_of_one_machine_share_its_cores() -> None:
    threads: list[int] = []
    claims: list[bool] = []

    class Shared:
        engine, device, worker = "e", "cpu", ""
        is_ready = True

        def start(self, _patience: float | None) -> bool:
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

        def call(self, method: str, *arguments: object) -> dict[str, object]:
            if method == "join":
                return {"worker": "w", "heartbeat_seconds": 5.0, "beside": 2}
            if method == "claim":
                claims.append(bool(arguments[1]))
                return {"done": True} if claims[-1] else {"idle": True}
            return {}

    link, child = cast("Link", Master()), cast("Child", Shared())
    Worker(link, child, {"name": "w"}, idle_limit=10.0, cores=6).serve()

    assert threads == [3]
    assert claims == [False, True]  # none before the child has its new threads


def test_a_worker_that_cannot_evaluate_ends_with_the_reason() -> None:
    with pytest.raises(ServiceError, match=r"cannot load 'tests\.worker\.nothing:evaluate'"):
        run_worker("127.0.0.1:9", evaluator="tests.worker.nothing:evaluate")


def test_a_worker_imports_no_torch() -> None:
    code = (
        "import sys, worker.service.client, worker.service.child; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
