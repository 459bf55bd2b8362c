"""A lock on the compilation of kernels, so that each kernel is compiled once per machine."""

import contextlib
import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

log = logging.getLogger(__name__)


@contextlib.contextmanager
def alone(directory: Path | None, kernels: str, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock on the compilation of some kernels, so that no two processes compile them.

    The system releases the lock when its holder ends. If the file system has no locks, the kernels
    may be compiled twice.

    Args:
        directory: The directory of the compiled code; None if no directory can be written.
        kernels: Name of the kernels.
        on_wait: Called if another process has the lock, before waiting for it.
    """
    file = None if directory is None else _open(directory / f"{kernels}.lock")
    try:
        if file is not None:
            _lock(file, on_wait)
        yield
    finally:
        if file is not None:
            os.close(file)


def _open(path: Path) -> int | None:
    try:
        # Read-only: the file may be another user's. Not created if it exists: in a folder that all
        # users may write to, the system then refuses to open a file of another user.
        return os.open(path, os.O_RDONLY if path.exists() else os.O_RDONLY | os.O_CREAT)
    except OSError as error:
        log.debug("cannot open %s (%s)", path, error)
        return None


def _lock(file: int, on_wait: Callable[[], None]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        on_wait()
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        log.debug("cannot lock the compilation of the kernels (%s)", error)
