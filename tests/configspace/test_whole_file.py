"""Files that are replaced as a whole or not at all."""

import os
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
