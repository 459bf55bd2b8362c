"""A study has at most one master at a time."""

import contextlib
import errno
import io
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from configspace.errors import ServiceError, StoreError
from master.service.lock import keep_locks, study_lock
from results.store.locks import is_held, lock_file
from results.store.store import Store
from tests import postgresql
from tests.master.running import ROOT, running_master, small_study, wait_for


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


@pytest.mark.parametrize("made", ["before", "after"])
def test_a_symbolic_link_is_the_same_store(made: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "there").symlink_to("folder")
    (tmp_path / "link.db").symlink_to("folder/store.db")  # leads nowhere yet
    if made == "before":
        (tmp_path / "folder" / "store.db").touch()
    with study_lock(f"sqlite:///{tmp_path}/folder/store.db", "x"):
        for name in ("link.db", "there/store.db", "there/../folder/store.db"):
            with (
                pytest.raises(ServiceError, match="already has a master"),
                study_lock(f"sqlite:///{tmp_path}/{name}", "x"),
            ):
                pass


def test_a_relative_path_is_the_same_store(
    file_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with (
        study_lock(file_url, "x"),
        pytest.raises(ServiceError, match="already has a master"),
        study_lock("sqlite:///store.db", "x"),
    ):
        pass


def test_a_renamed_store_keeps_its_master(file_url: str, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch()
    with study_lock(file_url, "x"):
        path.rename(tmp_path / "other.db")
        with (
            pytest.raises(ServiceError, match="already has a master"),
            study_lock(f"sqlite:///{tmp_path}/other.db", "x"),
        ):
            pass


def test_a_copy_has_no_master(file_url: str, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch()
    with study_lock(file_url, "x"):
        shutil.copy(path, tmp_path / "copy.db")
        with study_lock(f"sqlite:///{tmp_path}/copy.db", "x"):
            pass


def test_a_replaced_store_names_its_old_master(file_url: str, tmp_path: Path) -> None:
    path, new = tmp_path / "store.db", tmp_path / "new.db"
    path.touch()
    with study_lock(file_url, "x"):
        new.touch()
        new.replace(path)
        with (
            pytest.raises(ServiceError, match="on an earlier file of this name"),
            study_lock(file_url, "x"),
        ):
            pass


def test_a_look_at_a_lock_does_not_take_it(file_url: str, tmp_path: Path) -> None:
    lock = lock_file(tmp_path / "store.db", "x")
    assert not is_held(lock)
    with study_lock(file_url, "x"):
        assert is_held(lock)
        with pytest.raises(ServiceError, match="already has a master"), study_lock(file_url, "x"):
            pass
    lock.touch()  # as kill -9 leaves it
    assert not is_held(lock)
    with study_lock(file_url, "x"):
        assert is_held(lock)


def test_a_removed_lock_file_is_made_again(file_url: str, tmp_path: Path) -> None:
    lock = lock_file(tmp_path / "store.db", "x")
    with study_lock(file_url, "x"):
        for replaced in (False, True):
            lock.unlink()
            if replaced:
                lock.touch()
            assert not is_held(lock)
            keep_locks()
            assert is_held(lock)
            assert json.loads(lock.read_text())["pid"] == os.getpid()
    assert not lock.exists()


def test_a_master_ends_when_another_took_its_place(file_url: str, tmp_path: Path) -> None:
    lock = lock_file(tmp_path / "store.db", "x")
    with study_lock(file_url, "x"):
        lock.unlink()
        second = holder(file_url)
        reason = f"was removed while it was in use, and .* has a master: process {second.pid} on"
        with pytest.raises(ServiceError, match=reason):
            keep_locks()
    with second:
        assert is_held(lock)
        second.communicate()
    assert not lock.exists()


def test_a_serving_master_keeps_its_lock(file_url: str, tmp_path: Path) -> None:
    study = small_study("x")
    lock = lock_file(tmp_path / "store.db", "x")
    with (
        Store.open(file_url) as store,
        study_lock(file_url, "x"),
        running_master(study, store) as running,
    ):
        running.start()
        lock.unlink()
        wait_for(lambda: is_held(lock), "lock")


def make(kind: str, path: Path) -> None:
    match kind:
        case "a pipe":
            os.mkfifo(path)
        case "a folder":
            path.mkdir()
        case "a link to itself":
            path.symlink_to(path.name)
        case "a device":
            path.symlink_to("/dev/full")
        case "a socket":
            with socket.socket(socket.AF_UNIX) as made, contextlib.chdir(path.parent):
                made.bind(path.name)


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a link to itself", "a device", "a socket"])
def test_what_is_no_file_is_no_lock(kind: str, file_url: str, tmp_path: Path) -> None:
    lock = lock_file(tmp_path / "store.db", "x")
    make(kind, lock)
    assert not is_held(lock)
    with (
        pytest.raises(StoreError, match=f"expected a lock file '.*', got {kind}; remove it"),
        study_lock(file_url, "x"),
    ):
        pass
    assert lock.is_symlink() or lock.exists()


def test_a_full_disk_is_a_store_error(
    file_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.FileIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("master.service.lock.FileIO", Full)
    with (
        pytest.raises(StoreError, match=r"No space left .*; check that the disk has free space"),
        study_lock(file_url, "x"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_too_long_name_is_an_error(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/{'s' * 200}.db"
    with pytest.raises(StoreError, match="shorter name"), study_lock(url, "x" * 60):
        pass


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="only root can mount a file"
)
def test_a_file_mounted_alone_is_refused(tmp_path: Path) -> None:
    for name in ("store.db", "the mount.db"):
        (tmp_path / name).touch()
    code = (
        "from master.service.lock import study_lock\n"
        f"with study_lock('sqlite:///{tmp_path}/the mount.db', 'x'): pass"
    )
    command = f'mount --bind store.db "the mount.db" && cd {ROOT} && exec {sys.executable} -c "$0"'
    result = subprocess.run(
        ["unshare", "--mount", "sh", "-c", command, code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount:" in result.stderr or "unshare:" in result.stderr:
        pytest.skip(result.stderr)  # root of a container may not mount
    assert "the mount.db', a file that is mounted alone" in result.stderr


@pytest.mark.slow
def test_another_address_is_the_same_server(postgresql_server: str) -> None:
    url = postgresql.create_database(postgresql_server, "addressed")
    other = url.replace("127.0.0.1", "localhost")
    with (
        study_lock(url, "x"),
        pytest.raises(ServiceError, match="already has a master: process"),
        study_lock(other, "x"),
    ):
        pass


@pytest.mark.slow
def test_another_database_has_other_locks(postgresql_server: str) -> None:
    first, second = (postgresql.create_database(postgresql_server, name) for name in ("one", "two"))
    with (
        study_lock(first, "x"),
        study_lock(second, "x"),
        pytest.raises(ServiceError, match="already has a master: process"),
        study_lock(second, "x"),
    ):
        pass
