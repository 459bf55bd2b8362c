"""A worker's side of the wire, as far as no master is needed; the rest is in tests/master."""

import subprocess
import sys

import pytest

from configspace.errors import ServiceError
from worker.client import run_worker
from worker.process import ROOT
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


def test_a_worker_that_cannot_evaluate_ends_with_the_reason() -> None:
    with pytest.raises(ServiceError, match=r"cannot load 'tests\.worker\.nothing:evaluate'"):
        run_worker("127.0.0.1:9", evaluator="tests.worker.nothing:evaluate")


def test_a_worker_imports_no_torch() -> None:
    code = "import sys, worker.client, worker.child; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
