"""How the kernels are compiled."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])

FAST_MATH = {"reassoc", "contract", "arcp", "nsz", "afn"}
"""Never ``True``, which lets the compiler assume that there is no NaN: a trial may diverge."""


def kernel(function: Function) -> Function:
    """Compile a function that only kernels call."""
    options = {"no_cpython_wrapper": True, "_nrt": False}
    compiled = njit(fastmath=FAST_MATH, error_model="numpy", **options)(function)
    return cast(Function, compiled)


def inlined(function: Function) -> Function:
    """Compile a function that is made part of each kernel that calls it."""
    options = {"no_cpython_wrapper": True, "_nrt": False, "forceinline": True}
    return cast(Function, njit(fastmath=FAST_MATH, error_model="numpy", **options)(function))


def entry(function: Function) -> Function:
    """Compile a function that Python calls; it holds no lock of the interpreter."""
    compiled = njit(fastmath=FAST_MATH, error_model="numpy", nogil=True, cache=True)(function)
    return cast(Function, compiled)
