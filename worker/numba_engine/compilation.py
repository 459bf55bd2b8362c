"""Compilation of the kernels: one decorator for each kind of compiled function."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit
from numba.extending import register_jitable

import worker.numba_engine.target  # noqa: F401 -- chooses the processor before Numba asks for it
from worker.numba_engine.kernel_cache import KernelCache

Function = TypeVar("Function", bound=Callable[..., Any])

FAST_MATH = {"reassoc", "contract", "arcp", "nsz", "afn"}
"""Fast-math flags of all kernels.

Never ``True``: it lets the compiler assume that no number is NaN, but a trial may diverge.
"""

# Kernels do not count references to their arrays: the caller keeps the arrays alive. Counting would
# take as long as the work of a small kernel.
_KERNEL = {
    "fastmath": FAST_MATH,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "_nrt": False,
}


def kernel(function: Function) -> Function:
    """Compile a function that only kernels call and that allocates no memory.

    Args:
        function: The Python function.
    """
    return cast(Function, njit(**_KERNEL)(function))


def inlined(function: Function) -> Function:
    """Compile a function that becomes part of each kernel that calls it.

    Args:
        function: The Python function.
    """
    return cast(Function, njit(**_KERNEL, forceinline=True)(function))


def shared(function: Function) -> Function:
    """Let kernels inline a function that Python calls, too.

    Args:
        function: The Python function; it stays as it is.
    """
    return cast(Function, register_jitable(**_KERNEL, forceinline=True)(function))


def entry(function: Function) -> Function:
    """Compile a function that Python calls: it releases the interpreter's lock and is cached.

    Args:
        function: The Python function.
    """
    compiled = njit(fastmath=FAST_MATH, error_model="numpy", nogil=True)(function)
    compiled._cache = KernelCache(function)
    return cast(Function, compiled)


def is_compiled(function: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    """Return whether a call of an entry starts at once: its code is loaded, or on disk.

    Args:
        function: An entry.
        arguments: The arguments of the call.
    """
    dispatcher = cast(Any, function)
    types = _types(dispatcher, arguments)
    return types in dispatcher.overloads or dispatcher._cache.holds(types, dispatcher.targetctx)


def compile_for(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Compile an entry for the types of some arguments, without calling it.

    This processor need not be able to run the code.

    Args:
        function: An entry.
        arguments: The arguments of a call.
    """
    dispatcher = cast(Any, function)
    dispatcher.compile(_types(dispatcher, arguments))


def _types(dispatcher: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dispatcher.typeof_pyval(argument) for argument in arguments)
