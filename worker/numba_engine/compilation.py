"""How the kernels are compiled, and where the compiled code is kept.

Numba's own cache looks only at the file of the function that is called, and fails where its
directory cannot be written. This one is stamped with the text of all kernels, falls back to the
user's cache directory, and goes without where neither can be written or a file in it is broken.
"""

import functools
import hashlib
import logging
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit
from numba.core.caching import CompileResultCacheImpl, FunctionCache, NullCache, _CacheLocator
from numba.misc.appdirs import AppDirs

log = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])

FAST_MATH = {"reassoc", "contract", "arcp", "nsz", "afn"}
"""Never ``True``, which lets the compiler assume that there is no NaN: a trial may diverge."""

_FOLDER = Path(__file__).parent

NOT_COMPILED = ("engine.py",)
"""Files of this folder that compiled code does not depend on: the engine only calls it."""

SHARED = (_FOLDER.parent / "engine" / "contract.py", _FOLDER.parent / "engine" / "philox.py")
"""Files of other folders that compiled code depends on."""

# Kernels hold no references to the arrays they are handed: their caller does. Counting them would
# take as long as a small kernel's work.
_KERNEL = {
    "fastmath": FAST_MATH,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "_nrt": False,
}


def kernel(function: Function) -> Function:
    """Compile a function that only kernels call, and that allocates nothing."""
    return cast(Function, njit(**_KERNEL)(function))


def inlined(function: Function) -> Function:
    """Compile a function that is made part of each kernel that calls it."""
    return cast(Function, njit(**_KERNEL, forceinline=True)(function))


def entry(function: Function) -> Function:
    """Compile a function that Python calls: without the interpreter's lock, and kept on disk."""
    compiled = njit(fastmath=FAST_MATH, error_model="numpy", nogil=True)(function)
    compiled._cache = KernelCache(function) if cache_directory() else NoCache()
    return cast(Function, compiled)


def is_compiled(function: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    """Return whether an entry can be called without a wait: it is loaded, or on disk.

    Args:
        function: An entry.
        arguments: What it will be called with.
    """
    dispatcher = cast(Any, function)
    types = tuple(dispatcher.typeof_pyval(argument) for argument in arguments)
    return types in dispatcher.overloads or dispatcher._cache.holds(types, dispatcher.targetctx)


def compile_apart(report: Callable[[str], None], function: str, *words: str) -> bool:
    """Call a function of the engine in a process of its own, which keeps what it compiles.

    Args:
        report: Told each line that it prints.
        function: Its name in `worker.numba_engine.engine`.
        words: Its arguments.

    Returns:
        Whether that came to its end, and what was compiled is on disk.
    """
    if cache_directory() is None:
        return False
    code = (
        f"import sys; from worker.numba_engine.engine import {function}; {function}(*sys.argv[1:])"
    )
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        with process:
            assert process.stdout is not None  # it was asked for
            for line in process.stdout:
                report(line.rstrip("\n"))
        if process.returncode:
            errors.seek(0)
            last = (errors.read().strip().splitlines() or ["it said nothing"])[-1]
            log.warning("the kernels' compilation ended with %d: %s", process.returncode, last)
    return process.returncode == 0


@functools.cache
def cache_directory() -> Path | None:
    """Return the first directory that can be written: beside this file, or the user's."""
    user = Path(AppDirs(appname="dartboard", appauthor=False).user_cache_dir)
    for directory in (Path(__file__).parent / "__pycache__", user):
        if _is_writable(directory):
            return directory
    log.warning(
        "neither %s nor %s can be written: the kernels are compiled again in each process; "
        "make one of them writable",
        Path(__file__).parent / "__pycache__",
        user,
    )
    return None


def _is_writable(directory: Path) -> bool:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=directory).close()
    except OSError:
        return False
    return True


def source_files() -> list[Path]:
    """Return the files that compiled code depends on: the kernels, and what they share."""
    kernels = (path for path in _FOLDER.glob("*.py") if path.name not in NOT_COMPILED)
    return [*sorted(kernels), *SHARED]


def source_stamp() -> str:
    """Return a hash of all files that compiled code depends on."""
    return _STAMP


def sources_hash() -> str:
    """Return the hash of those files as they are now."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in source_files())).hexdigest()


class _Locator(_CacheLocator):  # type: ignore[misc]
    """Tells Numba the directory and the stamp."""

    def __init__(self, py_file: str) -> None:
        self._py_file = py_file

    def get_cache_path(self) -> str:
        return str(cache_directory())

    def get_source_stamp(self) -> str:
        return source_stamp()

    def get_disambiguator(self) -> str:
        return "dartboard"

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> "_Locator":  # noqa: ARG003
        return cls(py_file)


class _Implementation(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (_Locator,)


class KernelCache(FunctionCache):  # type: ignore[misc]
    """Numba's cache of one entry, of which a failure costs a compilation and nothing more.

    Its files are written aside and then renamed, so that two processes may start at once.
    """

    _impl_class = _Implementation

    def holds(self, types: tuple[Any, ...], context: Any) -> bool:
        """Return whether the code for some argument types is on disk, and fresh."""
        key = self._index_key(types, context.codegen())
        try:
            return key in self._cache_file._load_index() and _sources_are_unchanged()
        except _BROKEN:
            return False

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code, or None."""
        if not _sources_are_unchanged():
            return None
        try:
            return super().load_overload(sig, target_context)
        except _BROKEN as error:
            log.warning("compiled code in %s cannot be read (%s)", self.cache_path, error)
            self._remove()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep compiled code, unless it may be of other text than the stamp says."""
        if not _sources_are_unchanged():
            return
        try:
            super().save_overload(sig, data)
        except _BROKEN as error:
            log.warning("compiled code cannot be kept in %s (%s)", self.cache_path, error)

    def _remove(self) -> None:
        for path in Path(self.cache_path).glob(f"{self._impl.filename_base}.*nb*"):
            path.unlink(missing_ok=True)


def _sources_are_unchanged() -> bool:
    """Return whether the files are still those that this process began to import.

    Kernels are handed addresses, which no type guards: code of one text must never run with the
    layouts of another. Where a file changed meanwhile, the cache is neither read nor written, and
    what this process imported is compiled in its memory.
    """
    unchanged = sources_hash() == source_stamp()
    if not unchanged:
        log.warning("a kernel's file has changed since it was imported; start again to use it")
    return unchanged


class NoCache(NullCache):  # type: ignore[misc]
    """Keeps nothing."""

    def holds(self, types: tuple[Any, ...], context: Any) -> bool:  # noqa: ARG002
        """Return False."""
        return False


# What a file raises that cannot be read or written, or that is not what was written.
_BROKEN = (OSError, EOFError, pickle.PickleError, ValueError, KeyError, AttributeError, ImportError)

# Made before any kernel is compiled: every file of kernels imports this one first.
_STAMP = sources_hash()
