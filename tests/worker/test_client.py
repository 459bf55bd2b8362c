"""A worker's side of the wire, as far as no master is needed; the rest is in tests/master."""

import subprocess
import sys
from types import SimpleNamespace
from typing import cast

import pytest

from configspace.errors import ServiceError
from worker.client import LONGEST_PAUSE, Worker, run_worker
from worker.process import ROOT, Child
from worker.wire import AwayError, Link


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
    monkeypatch.setattr("worker.client.time", clock)
    child = cast("Child", SlowToStart())
    with Link("127.0.0.1:9") as link:
        worker = Worker(link, child, {"name": "w"}, idle_limit=10.0)
        with pytest.raises(AwayError):
            worker.serve()
    assert now > 30.0 + 10.0 - LONGEST_PAUSE


def test_a_worker_that_cannot_evaluate_ends_with_the_reason() -> None:
    with pytest.raises(ServiceError, match=r"cannot load 'tests\.worker\.nothing:evaluate'"):
        run_worker("127.0.0.1:9", evaluator="tests.worker.nothing:evaluate")


def test_a_worker_imports_no_torch() -> None:
    code = "import sys, worker.client, worker.child; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
