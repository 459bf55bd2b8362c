"""A study has at most one master at a time."""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from configspace.errors import ServiceError, StoreError
from master.service.lock import study_lock
from tests.master.running import ROOT, wait_for


@pytest.fixture
def url(any_url: str) -> str:
    return any_url


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


def holder(url: str) -> "subprocess.Popen[str]":
    """Start a process that holds the lock until its input ends."""
    code = (
        "import sys\nfrom master.service.lock import study_lock\n"
        f"with study_lock({url!r}, 'x'):\n print('held', flush=True)\n sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_master_learns_who_holds_the_study(url: str) -> None:
    with holder(url) as first:
        reason = f"study 'x' already has a master: process {first.pid} on .*, since 20.* UTC"
        with pytest.raises(ServiceError, match=reason), study_lock(url, "x"):
            pass
        first.communicate()


def test_a_dead_process_releases_its_lock(url: str) -> None:
    with holder(url) as first:
        first.kill()
        first.communicate()

    def taken() -> bool:
        # A server may notice only a moment later that a connection is gone.
        with contextlib.suppress(ServiceError), study_lock(url, "x"):
            return True
        return False

    wait_for(taken, "lock")


def test_a_released_lock_can_be_taken_again(url: str) -> None:
    for _ in range(2):
        with study_lock(url, "x"):
            pass


def test_a_lock_leaves_no_file(file_url: str, tmp_path: Path) -> None:
    for _ in range(2):
        with study_lock(file_url, "x"):
            assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []


def test_another_study_of_the_same_store_is_free(url: str) -> None:
    with study_lock(url, "x"), study_lock(url, "y"):
        pass


def test_an_unwritable_folder_is_an_error(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/missing/store.db"
    with pytest.raises(StoreError, match="cannot write"), study_lock(url, "x"):
        pass
