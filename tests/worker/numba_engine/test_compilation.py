"""Where compiled code is kept, and what happens where it cannot be."""

import gc
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from worker.numba_engine import compilation, engine
from worker.numba_engine.alpha import set_coefficients
from worker.numba_engine.compilation import (
    KernelCache,
    cache_directory,
    entry,
    is_compiled,
    source_stamp,
)
from worker.numba_engine.engine import ensure_compiled

pytestmark = pytest.mark.slow


def double(number: int) -> int:
    return 2 * number


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep compiled code in a new directory."""
    monkeypatch.setattr(compilation, "cache_directory", lambda: tmp_path)
    return tmp_path


def stored(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.nb?"))


def test_compiled_code_is_kept_and_found_by_the_next_process(folder: Path) -> None:
    first = entry(double)
    assert not is_compiled(first, (1,))
    assert first(21) == 42
    assert [path.suffix for path in stored(folder)] == [".nbc", ".nbi"]
    assert is_compiled(entry(double), (1,))


def test_a_change_of_any_kernels_file_makes_the_code_stale(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry(double)(1)
    monkeypatch.setattr(compilation, "source_stamp", lambda: "another text")
    later = entry(double)
    assert not is_compiled(later, (1,))
    assert later(21) == 42


def test_after_a_change_of_a_file_the_cache_is_neither_read_nor_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry(double)(1)
    monkeypatch.setattr(compilation, "sources_hash", lambda: "another text")
    later = entry(double)
    assert not is_compiled(later, (1,))
    for path in stored(folder):
        path.unlink()

    assert later(21) == 42

    assert stored(folder) == []


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_a_broken_file_costs_a_compilation_and_is_replaced(
    folder: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    entry(double)(1)
    broken = next(folder.glob(f"*{suffix}"))
    broken.write_bytes(broken.read_bytes()[:20])
    assert entry(double)(21) == 42
    assert is_compiled(entry(double), (1,))
    assert entry(double)(21) == 42
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


def test_a_full_disk_costs_nothing_but_the_next_processes_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    function = entry(double)
    monkeypatch.setattr(KernelCache, "_save_overload", full)
    assert function(21) == 42
    assert "No space left on device" in caplog.text


def test_where_the_code_beside_the_files_cannot_be_written_the_users_directory_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    beside = Path(compilation.__file__).parent / "__pycache__"
    monkeypatch.setattr(compilation, "_is_writable", lambda directory: directory != beside)
    chosen = cache_directory.__wrapped__()
    assert chosen is not None
    assert chosen != beside


def test_without_any_directory_kernels_are_compiled_in_memory_and_a_line_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(compilation, "_is_writable", lambda directory: False)
    assert cache_directory.__wrapped__() is None
    (record,) = caplog.records
    assert "compiled again in each process" in record.getMessage()
    monkeypatch.setattr(compilation, "cache_directory", lambda: None)
    function = entry(double)
    assert not is_compiled(function, (1,))
    assert function(21) == 42
    assert is_compiled(function, (1,))


def test_a_directory_that_cannot_be_made_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not compilation._is_writable(tmp_path / "file" / "below")
    assert compilation._is_writable(tmp_path / "new" / "below")


PROCESS = """
import sys
from pathlib import Path
from worker.numba_engine import compilation
compilation.cache_directory = lambda: Path(sys.argv[1])
from tests.worker.numba_engine.test_compilation import double
print(compilation.entry(double)(21))
"""


def test_processes_may_start_at_once(tmp_path: Path) -> None:
    words = [sys.executable, "-c", PROCESS, str(tmp_path)]
    running = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=120)[0] for process in running] == ["42\n"] * 3
    assert len(stored(tmp_path)) == 2


def test_nothing_is_reported_where_everything_is_compiled() -> None:
    lines: list[str] = []
    ensure_compiled(lines.append)
    for line in lines:  # one for each entry, the first time that the tests run here
        assert "this happens once" in line
    lines.clear()
    ensure_compiled(lines.append)
    assert lines == []


@pytest.mark.parametrize("space", ["sequential", "cell"])
def test_the_memory_of_a_first_call_is_held_as_long_as_its_addresses(
    space: Literal["sequential", "cell"],
) -> None:
    gc.collect()
    first = engine._first_calls(3, space)
    memory = first.bench.memory._memory
    trials = [
        one for _, _, arguments in first.calls for one in arguments if isinstance(one, np.void)
    ]
    assert len(trials) == 4
    for trial in trials:
        offset = int(trial["coefficients"]) - memory.ctypes.data
        assert 0 <= offset < memory.nbytes


def test_what_is_missing_is_compiled_in_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apart: list[tuple[str, ...]] = []
    here: list[object] = []
    monkeypatch.setattr(
        engine,
        "is_compiled",
        lambda function, _: function is not set_coefficients,
    )

    def compile_apart(report: Callable[[str], None], *words: str) -> bool:
        apart.append(words)
        return True

    monkeypatch.setattr(engine, "compile_apart", compile_apart)
    monkeypatch.setattr(engine, "_compile", lambda *arguments: here.append(arguments))
    ensure_compiled(lambda _: None)
    assert apart == [("compile_missing", "3", "sequential")]
    assert not here


def test_where_that_process_fails_what_is_missing_is_compiled_in_this_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ensure_compiled(lambda _: None)
    monkeypatch.setattr(engine, "is_compiled", lambda function, _: function is not set_coefficients)
    monkeypatch.setattr(engine, "compile_apart", lambda *_: False)
    lines: list[str] = []
    ensure_compiled(lines.append)
    assert lines == [
        "compiling the mixture for this machine (1 of 1); this happens once and takes some seconds"
    ]


def test_a_process_that_compiles_says_how_it_ended(caplog: pytest.LogCaptureFixture) -> None:
    ensure_compiled(lambda _: None)
    lines: list[str] = []
    assert compilation.compile_apart(lines.append, "compile_missing", "3", "sequential")
    assert not lines
    assert not caplog.records
    assert not compilation.compile_apart(lines.append, "compile_nothing")
    assert "cannot import name 'compile_nothing'" in caplog.text


def test_the_stamp_is_of_all_files_that_are_compiled() -> None:
    assert len(source_stamp()) == 64
    found = {path.name for path in compilation.source_files()}
    assert {"cnn.py", "simd.py", "philox.py", "contract.py"} <= found


def test_an_entry_is_called_like_the_function_it_is_made_of(folder: Path) -> None:
    compiled: Callable[[int], int] = entry(double)
    assert compiled(3) == double(3)
