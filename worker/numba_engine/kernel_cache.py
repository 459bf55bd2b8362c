"""The cache of compiled code on disk.

Numba's cache checks only the file of the called function, and fails if its directory cannot be
written. The cache here is stamped with the text of all kernels. If its directory cannot be written,
it uses the user's cache directory. If that cannot be written either, or a file is broken, the
kernels are compiled in memory.
"""

import functools
import logging
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core.caching import CompileResultCacheImpl, FunctionCache, NullCache, _CacheLocator
from numba.misc.appdirs import AppDirs

from worker.numba_engine.source_files import source_stamp, sources_are_unchanged

log = logging.getLogger(__name__)

_FOLDER = Path(__file__).parent


@functools.cache
def cache_directory() -> Path | None:
    """Return the first directory that can be written: next to this file, or the user's."""
    user = Path(AppDirs(appname="dartboard", appauthor=False).user_cache_dir)
    for directory in (_FOLDER / "__pycache__", user):
        if _is_writable(directory):
            return directory
    log.warning(
        "cannot write to %s or %s: each process compiles the kernels again; "
        "make one of them writable",
        _FOLDER / "__pycache__",
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


class _Locator(_CacheLocator):  # type: ignore[misc]
    """Gives Numba the directory and the stamp of the cache."""

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
    """The cache of one entry on disk; if it fails, the entry is compiled again.

    A file is written under another name and then renamed, so that two processes can start at once.
    """

    _impl_class = _Implementation

    def holds(self, types: tuple[Any, ...], context: Any) -> bool:
        """Return whether up-to-date code is on disk.

        Args:
            types: Numba types of the arguments.
            context: Numba's target context.
        """
        key = self._index_key(types, context.codegen())
        try:
            return key in self._cache_file._load_index() and sources_are_unchanged()
        except _BROKEN:
            return False

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code; None if there is no up-to-date code on disk.

        Args:
            sig: Signature of the entry.
            target_context: Numba's target context.
        """
        if not sources_are_unchanged():
            return None
        try:
            return super().load_overload(sig, target_context)
        except _BROKEN as error:
            log.warning("cannot read compiled code in %s (%s)", self.cache_path, error)
            self._remove()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write compiled code to disk, unless a source file has changed since the import.

        Args:
            sig: Signature of the entry.
            data: Numba's result of the compilation.
        """
        if not sources_are_unchanged():
            return
        try:
            super().save_overload(sig, data)
        except _BROKEN as error:
            log.warning("cannot write compiled code to %s (%s)", self.cache_path, error)

    def _remove(self) -> None:
        for path in Path(self.cache_path).glob(f"{self._impl.filename_base}.*nb*"):
            path.unlink(missing_ok=True)


class NoCache(NullCache):  # type: ignore[misc]
    """A cache that stores nothing."""

    def holds(self, types: tuple[Any, ...], context: Any) -> bool:  # noqa: ARG002
        """Return False."""
        return False


def cache_of(function: Callable[..., Any]) -> KernelCache | NoCache:
    """Return the cache of an entry.

    Args:
        function: The Python function of the entry.
    """
    return KernelCache(function) if cache_directory() else NoCache()


# Raised for a file that cannot be read or written, or whose content is broken.
_BROKEN = (OSError, EOFError, pickle.PickleError, ValueError, KeyError, AttributeError, ImportError)
