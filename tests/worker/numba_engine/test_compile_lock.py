"""The lock on the compilation of kernels."""

import subprocess
import sys
from pathlib import Path

import pytest

from configspace.python_path import ROOT
from worker.numba_engine.compile_lock import alone

HOLDER = """
import sys
from pathlib import Path
from worker.numba_engine.compile_lock import alone
with alone(Path(sys.argv[1]), "cell-3", lambda: None):
    print("held", flush=True)
    sys.stdin.read()
"""


def never() -> None:
    raise AssertionError("it should not wait")


@pytest.mark.slow
def test_a_second_process_waits_for_the_first(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with alone(tmp_path, "sequential-3", never):  # other kernels
            pass
        waited: list[bool] = []

        def end_the_holder() -> None:
            waited.append(True)
            holder.kill()  # a lock ends with its holder

        with alone(tmp_path, "cell-3", end_the_holder):
            assert waited == [True]


def test_a_lock_can_be_held_again(tmp_path: Path) -> None:
    for _ in range(2):
        with alone(tmp_path, "cell-3", never):
            pass


@pytest.mark.parametrize("name", ["missing", "file"])
def test_without_a_directory_nothing_is_locked(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with alone(tmp_path / name, "cell-3", never):
        pass
    with alone(None, "cell-3", never):
        pass


def test_a_file_system_without_locks_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("worker.numba_engine.compile_lock.fcntl.flock", no_locks)
    with alone(tmp_path, "cell-3", never):
        pass


def test_an_error_of_the_compilation_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk"), alone(tmp_path, "cell-3", never):
        raise OSError("disk")
