"""What the decorators make of a function."""

import pytest
from numba import njit

from worker.numba_engine import kernel_cache
from worker.numba_engine.compilation import entry, is_compiled, shared


def double(number: int) -> int:
    return 2 * number


def test_an_entry_returns_what_its_function_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_cache, "cache_directory", lambda: None)
    assert entry(double)(3) == double(3)


def test_an_entry_is_compiled_after_its_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_cache, "cache_directory", lambda: None)
    function = entry(double)
    assert not is_compiled(function, (1,))
    function(1)
    assert is_compiled(function, (1,))


@shared
def triple(number: int) -> int:
    return 3 * number


@njit
def triple_compiled(number: int) -> int:
    return triple(number)


def test_a_shared_function_is_called_by_python_and_kernels() -> None:
    assert triple(7) == triple_compiled(7) == 21
