"""The cache of compiled code, and what happens if it cannot be used."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from worker.numba_engine import kernel_cache, source_files
from worker.numba_engine.compilation import compile_for, entry, is_compiled
from worker.numba_engine.kernel_cache import KernelCache, cache_directory, warn_of_no_directory

pytestmark = pytest.mark.slow


def double(number: int) -> int:
    return 2 * number


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a new directory the cache of compiled code."""
    monkeypatch.setattr(kernel_cache, "cache_directory", lambda: tmp_path)
    return tmp_path


def stored(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.nb?"))


def test_compiled_code_is_written_and_found_again(folder: Path) -> None:
    first = entry(double)
    assert not is_compiled(first, (1,))
    assert first(21) == 42
    assert [path.suffix for path in stored(folder)] == [".nbc", ".nbi"]
    assert is_compiled(entry(double), (1,))


def test_another_stamp_makes_the_code_stale(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry(double)(1)
    monkeypatch.setattr(kernel_cache, "source_stamp", lambda: "another text")
    later = entry(double)
    assert not is_compiled(later, (1,))
    assert later(21) == 42


def test_a_changed_file_disables_the_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry(double)(1)
    monkeypatch.setattr(source_files, "sources_hash", lambda: "another text")
    later = entry(double)
    assert not is_compiled(later, (1,))
    for path in stored(folder):
        path.unlink()

    assert later(21) == 42

    assert stored(folder) == []


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_a_broken_cache_file_is_replaced(
    folder: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    entry(double)(1)
    broken = next(folder.glob(f"*{suffix}"))
    broken.write_bytes(broken.read_bytes()[:20])
    assert entry(double)(21) == 42
    assert is_compiled(entry(double), (1,))
    assert entry(double)(21) == 42
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


def test_a_full_disk_does_not_stop_a_call(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    function = entry(double)
    monkeypatch.setattr(KernelCache, "_save_overload", full)
    assert function(21) == 42
    assert "No space left on device" in caplog.text


def test_the_users_directory_is_the_second_choice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = Path(kernel_cache.__file__).parent / "__pycache__"
    monkeypatch.setattr(kernel_cache, "_is_writable", lambda directory: directory != first)
    chosen = cache_directory.__wrapped__()
    assert chosen is not None
    assert chosen != first


def test_a_user_without_a_home_gets_no_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = Path(kernel_cache.__file__).parent / "__pycache__"
    really = kernel_cache._is_writable
    monkeypatch.setattr(kernel_cache, "_is_writable", lambda it: it != first and really(it))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as without HOME and passwd
    monkeypatch.chdir(tmp_path)
    assert cache_directory.__wrapped__() is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("home", "cache", "advice"),
    [
        ("/home/someone", None, "or /home/someone/.cache/dartboard: each process compiles the "
         "kernels again; make one of them writable"),
        ("~", None, "set HOME to the absolute path of a folder that can be written"),
        ("home", None, "set HOME to the absolute path of a folder that can be written"),
        ("/home/someone", "cache", "set XDG_CACHE_HOME to the absolute path of a folder"),
    ],
)  # fmt: skip
def test_advice_names_a_folder_that_can_help(
    home: str,
    cache: str | None,
    advice: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda path: path.replace("~", home))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if cache:
        monkeypatch.setenv("XDG_CACHE_HOME", cache)
    warn_of_no_directory()
    assert advice in caplog.text


def test_without_a_cache_directory_entries_are_compiled_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernel_cache, "cache_directory", lambda: None)
    function = entry(double)
    assert not is_compiled(function, (1,))
    assert function(21) == 42
    assert is_compiled(function, (1,))


def test_a_directory_below_a_file_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not kernel_cache._is_writable(tmp_path / "file" / "below")


def test_a_new_directory_is_writable(tmp_path: Path) -> None:
    assert kernel_cache._is_writable(tmp_path / "new" / "below")


PROCESS = """
import sys
from pathlib import Path
from worker.numba_engine import kernel_cache
kernel_cache.cache_directory = lambda: Path(sys.argv[1])
from tests.worker.numba_engine.test_kernel_cache import double
from worker.numba_engine.compilation import entry
print(entry(double)(21))
"""


def test_processes_can_write_the_cache_together(tmp_path: Path) -> None:
    words = [sys.executable, "-c", PROCESS, str(tmp_path)]
    running = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=120)[0] for process in running] == ["42\n"] * 3
    assert len(stored(tmp_path)) == 2


def test_the_kernels_of_an_image_are_used(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry(double)(1)
    user = tmp_path / "user"
    user.mkdir()
    monkeypatch.setattr(kernel_cache, "cache_directory", lambda: user)
    assert not is_compiled(entry(double), (1,))
    monkeypatch.setattr(kernel_cache, "_NEXT_TO_THIS_FILE", folder)
    function = entry(double)
    assert is_compiled(function, (1,))
    assert function(21) == 42
    assert function(True) == 2  # the image has no code for it
    assert stored(user) != []
    assert is_compiled(entry(double), (True,))


def test_code_of_another_user_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    entry(double)(1)
    monkeypatch.setattr(kernel_cache, "_NEXT_TO_THIS_FILE", folder)
    monkeypatch.setattr(kernel_cache, "cache_directory", lambda: None)
    before = stored(folder)
    function = entry(double)
    assert is_compiled(function, (1,))
    assert function(21) == 42
    assert function(True) == 2  # there is no code for it, and it is not written
    assert stored(folder) == before
    assert not caplog.records


def test_broken_code_of_another_user_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry(double)(1)
    next(folder.glob("*.nbi")).write_bytes(b"broken")
    before = stored(folder)
    monkeypatch.setattr(kernel_cache, "_NEXT_TO_THIS_FILE", folder)
    monkeypatch.setattr(kernel_cache, "cache_directory", lambda: None)
    assert entry(double)(21) == 42
    assert stored(folder) == before


def test_code_can_be_compiled_without_a_call(folder: Path) -> None:
    compile_for(entry(double), (1,))
    assert is_compiled(entry(double), (1,))
