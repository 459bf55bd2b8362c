"""The cache of compiled code on disk.

Numba's cache checks only the file of the called function, and fails if its directory cannot be
written. The cache here is stamped with the text of all kernels. If its directory cannot be written,
it uses the user's cache directory. If that cannot be written either, or a file is broken, the
kernels are compiled in memory. The directory next to this file is read in any case: an image has
kernels there that were compiled when it was built, and an installation those of its owner.
"""

import functools
import logging
import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    _CacheLocator,
)
from numba.misc.appdirs import AppDirs

from worker.numba_engine.source_files import source_stamp, sources_are_unchanged

log = logging.getLogger(__name__)

_NEXT_TO_THIS_FILE = Path(__file__).parent / "__pycache__"


@functools.cache
def cache_directory() -> Path | None:
    """Return the first directory that can be written: next to this file, or the user's.

    The path of a user without a home would start with "~", so it is left out.
    """
    for directory in (_NEXT_TO_THIS_FILE, _of_the_user()):
        if directory.is_absolute() and _is_writable(directory):
            return directory
    return None


def warn_of_no_directory() -> None:
    """Log that compiled kernels cannot be written, and what to do."""
    user, advice = _of_the_user(), "make one of them writable"
    places = f"{_NEXT_TO_THIS_FILE} or {user}"
    if not user.is_absolute():
        variable = "XDG_CACHE_HOME" if "XDG_CACHE_HOME" in os.environ else "HOME"
        places = f"{_NEXT_TO_THIS_FILE}"
        advice = f"set {variable} to the absolute path of a folder that can be written"
    log.warning("cannot write to %s: each process compiles the kernels again; %s", places, advice)


def _of_the_user() -> Path:
    return Path(AppDirs(appname="dartboard", appauthor=False).user_cache_dir)


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
        return str(cache_directory() or _NEXT_TO_THIS_FILE)

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

    Without a directory that can be written, it only reads.

    A file is written under another name and then renamed, so that two processes can start at once.
    """

    _impl_class = _Implementation

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._image = IndexDataCacheFile(
            str(_NEXT_TO_THIS_FILE), self._impl.filename_base, source_stamp()
        )

    def holds(self, types: tuple[Any, ...], context: Any) -> bool:
        """Return whether up-to-date code is on disk.

        Args:
            types: Numba types of the arguments.
            context: Numba's target context.
        """
        key = self._index_key(types, context.codegen())
        try:
            files = (self._cache_file, self._image)
            return any(key in file._load_index() for file in files) and sources_are_unchanged()
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
            if cache_directory() is not None:
                self._remove()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write compiled code to disk, unless a source file has changed since the import.

        Args:
            sig: Signature of the entry.
            data: Numba's result of the compilation.
        """
        if cache_directory() is None or not sources_are_unchanged():
            return
        try:
            super().save_overload(sig, data)
        except _BROKEN as error:
            log.warning("cannot write compiled code to %s (%s)", self.cache_path, error)

    def _load_overload(self, sig: Any, target_context: Any) -> Any:
        found = super()._load_overload(sig, target_context)
        if found is not None:
            return found
        data = self._image.load(self._index_key(sig, target_context.codegen()))
        return None if data is None else self._impl.rebuild(target_context, data)

    def _remove(self) -> None:
        for path in Path(self.cache_path).glob(f"{self._impl.filename_base}.*nb*"):
            path.unlink(missing_ok=True)


# Raised for a file that cannot be read or written, or whose content is broken.
_BROKEN = (OSError, EOFError, pickle.PickleError, ValueError, KeyError, AttributeError, ImportError)
