"""Files that are replaced as a whole or not at all."""

import contextlib
import os
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from configspace.whole_file import write_whole


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(b"old")
    return path


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of its own, which is nearly full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_has_the_usual_permissions(tmp_path: Path, old: Path) -> None:
    write_whole(tmp_path / "new", b"content")
    assert (tmp_path / "new").read_bytes() == b"content"
    assert mode(tmp_path / "new") == mode(old)


def test_a_replaced_file_keeps_its_permissions(old: Path) -> None:
    old.chmod(0o640)
    write_whole(old, b"new")
    assert (old.read_bytes(), mode(old)) == (b"new", 0o640)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_replaced_file_keeps_its_owner(old: Path) -> None:
    os.chown(old, 65534, 1234)
    old.chmod(0o640)
    write_whole(old, b"new")
    found = old.stat()
    assert (old.read_bytes(), mode(old)) == (b"new", 0o640)
    assert (found.st_uid, found.st_gid) == (65534, 1234)


def test_an_owner_that_cannot_be_kept_is_changed(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []

    def forbidden(_: Path, user: int, group: int) -> None:
        given.append((user, group))
        if user != -1:
            raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.chown", forbidden)
    old.chmod(0o640)
    before = old.stat()
    write_whole(old, b"new")
    assert (old.read_bytes(), mode(old)) == (b"new", 0o640)
    assert old.stat().st_ino != before.st_ino  # not written in place: a full disk would lose it
    assert given == [(before.st_uid, before.st_gid), (-1, before.st_gid)]


def test_a_private_file_is_for_its_owner(old: Path) -> None:
    write_whole(old, b"key", private=True)
    assert (old.read_bytes(), mode(old)) == (b"key", 0o600)


def test_a_failure_leaves_the_earlier_file(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left on device"):
        write_whole(old, b"new")
    assert [(path.name, path.read_bytes()) for path in old.parent.iterdir()] == [(old.name, b"old")]


def test_a_full_disk_leaves_the_earlier_file(small: Path) -> None:
    path = small / "table.csv"
    write_whole(path, b"old")
    with pytest.raises(OSError, match="No space left on device"):
        write_whole(path, bytes(2**20))
    assert [(path.name, path.read_bytes()) for path in small.iterdir()] == [(path.name, b"old")]


def test_a_link_stays_a_link(old: Path) -> None:
    link = old.with_name("link")
    link.symlink_to(old.name)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert old.read_bytes() == b"new"


@pytest.mark.parametrize("target", ["new", "second"])
def test_a_dangling_link_is_followed(tmp_path: Path, target: str) -> None:
    link = tmp_path / "link"
    (tmp_path / "second").symlink_to("new")
    link.symlink_to(target)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "new").read_bytes() == b"new"
    assert not (tmp_path / "new").is_symlink()


def test_a_loop_of_links_stays(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        write_whole(tmp_path / "one", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "my.store.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE studies (name)")
    return path


@pytest.mark.parametrize("private", [False, True])
def test_a_database_is_never_replaced(database: Path, private: bool) -> None:
    link, hard = database.with_name("link.csv"), database.with_name("hard.csv")
    link.symlink_to(database.name)
    hard.hardlink_to(database)
    before = database.read_bytes()
    for path in (database, link, hard):
        with pytest.raises(OSError, match="it is a SQLite database"):
            write_whole(path, b"table", private=private)
    assert database.read_bytes() == before
    assert len(list(database.parent.iterdir())) == 3


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal", ".small.lock", ".v1.2.lock"])
def test_a_database_s_other_files_stay(database: Path, ending: str) -> None:
    path = database.with_name(f"{database.name}{ending}")
    with pytest.raises(OSError, match=r"it belongs to the SQLite database 'my\.store\.db'"):
        write_whole(path, b"table")
    assert list(database.parent.iterdir()) == [database]


@pytest.mark.parametrize("name", ["table-wal", "poetry.lock", "a.b.lock", "-wal", ".lock"])
def test_files_without_a_database_are_written(database: Path, name: str) -> None:
    write_whole(database.with_name(name), b"table")
    assert database.with_name(name).read_bytes() == b"table"


def test_a_mounted_file_is_written_in_place(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_: Path, target: Path) -> None:
        raise OSError(16, "Device or resource busy", str(target))

    monkeypatch.setattr(Path, "replace", busy)
    before = old.stat().st_ino
    write_whole(old, b"new")
    assert (old.read_bytes(), old.stat().st_ino) == (b"new", before)
    assert [path.name for path in old.parent.iterdir()] == [old.name]


def test_a_device_and_a_pipe_are_written_in_place(tmp_path: Path) -> None:
    write_whole(Path("/dev/null"), b"x")
    assert Path("/dev/null").is_char_device()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=write_whole, args=(pipe, b"through"))
    writer.start()
    assert pipe.read_bytes() == b"through"
    writer.join()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path, b"x")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_that_is_read_only_stays(old: Path) -> None:
    old.chmod(0o400)
    with pytest.raises(PermissionError):
        write_whole(old, b"new")
    assert old.read_bytes() == b"old"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_in_a_closed_folder_is_written(old: Path) -> None:
    old.parent.chmod(0o500)
    try:
        write_whole(old, b"new")
    finally:
        old.parent.chmod(0o700)
    assert old.read_bytes() == b"new"
