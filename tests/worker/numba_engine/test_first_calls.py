"""Compilation before the first trial: in a subprocess, or in this process if that fails."""

import gc
from typing import Literal

import numpy as np
import pytest

from worker.numba_engine import first_calls
from worker.numba_engine.alpha import set_coefficients
from worker.numba_engine.first_calls import (
    Report,
    Step,
    compile_in_subprocess,
    ensure_compiled,
)

pytestmark = pytest.mark.slow


def is_not_the_mixture(function: object, arguments: object) -> bool:
    """Stand in for `is_compiled`: only the mixture is missing."""
    return function is not set_coefficients


def test_nothing_is_reported_if_everything_is_compiled() -> None:
    steps: list[Step] = []
    ensure_compiled(steps.append)
    for step in steps:  # one per entry, if this is the first run of the tests here
        assert "this happens once" in step.text or "another process" in step.text
    steps.clear()
    ensure_compiled(steps.append)
    assert steps == []


def test_only_drop_path_compiles_its_kernel() -> None:
    plain = [call.name for call in first_calls._first_calls(3, "sequential").calls]
    dropping = [call.name for call in first_calls._first_calls(3, "sequential", "drop-path").calls]
    assert dropping == [*plain, "search with drop path"]


def test_only_dilation_compiles_its_kernel() -> None:
    plain = [call.name for call in first_calls._first_calls(3, "sequential").calls]
    dilated = [call.name for call in first_calls._first_calls(3, "sequential", "dilated").calls]
    assert dilated == [*plain, "training with dilation"]


@pytest.mark.parametrize("space", ["sequential", "cell"])
def test_first_calls_own_the_memory_of_their_addresses(
    space: Literal["sequential", "cell"],
) -> None:
    gc.collect()
    first = first_calls._first_calls(3, space)
    memory = first.workspace.memory._memory
    trials = [
        one for _, _, arguments in first.calls for one in arguments if isinstance(one, np.void)
    ]
    assert len(trials) == 4
    for trial in trials:
        offset = int(trial["coefficients"]) - memory.ctypes.data
        assert 0 <= offset < memory.nbytes


def test_missing_code_is_compiled_in_a_subprocess(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[tuple[str, ...]] = []
    here: list[object] = []

    def compile_in_subprocess(report: Report, *words: str) -> bool:
        started.append(words)
        return True

    monkeypatch.setattr(first_calls, "is_compiled", is_not_the_mixture)
    monkeypatch.setattr(first_calls, "compile_in_subprocess", compile_in_subprocess)
    monkeypatch.setattr(first_calls, "_compile", lambda *arguments: here.append(arguments))
    ensure_compiled(lambda _: None)
    assert started == [("3", "sequential")]
    assert not here


def test_if_the_subprocess_fails_this_process_compiles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ensure_compiled(lambda _: None)
    monkeypatch.setattr(first_calls, "is_compiled", is_not_the_mixture)
    monkeypatch.setattr(first_calls, "compile_in_subprocess", lambda *_: False)
    steps: list[Step] = []
    ensure_compiled(steps.append)
    assert steps == [Step("mixture", 1, 1)]


def test_a_subprocess_with_nothing_to_compile_is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    ensure_compiled(lambda _: None)
    steps: list[Step] = []
    assert compile_in_subprocess(steps.append, "3", "sequential")
    assert not steps
    assert not caplog.records


def test_a_failed_subprocess_logs_its_error(caplog: pytest.LogCaptureFixture) -> None:
    steps: list[Step] = []
    assert not compile_in_subprocess(steps.append, "three", "sequential")
    assert not steps
    assert "failed with status 1: ValueError: invalid literal for int()" in caplog.text
