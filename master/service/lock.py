"""One master per study: a lock that is released when the process that holds it dies.

With SQLite, this is a kernel lock on a file next to the database; with PostgreSQL, an advisory
lock of a connection. Neither can go stale, as a timestamp could. Symbolic links to a database are
followed, and its device and inode are recorded, so that no other name leads to a second lock.
"""

import contextlib
import errno
import fcntl
import glob
import json
import logging
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from configspace.errors import ServiceError, StoreError
from configspace.logs import about
from master.service.settings import LEASE_SECONDS
from results.store.database import parse_url, shown_url
from results.store.locks import advisory_key, is_held, lock_file
from results.store.sqlite_file import check_not_mounted_alone, database_file, identity, kind

if TYPE_CHECKING:
    from results.store.store import Store

log = logging.getLogger(__name__)

_APPLICATION = "dartboard master, "
"""Start of the name of a master's connection in the views of PostgreSQL; its process follows."""


@contextmanager
def study_lock(url: str, study: str) -> Iterator[None]:
    """Hold the lock of a study, so that no other master can serve it.

    Args:
        url: URL of the store.
        study: Name of the study or campaign.

    Raises:
        ServiceError: If another process holds the lock; the message names it and its start time.
        StoreError: If the URL is wrong, or the lock cannot be made.
    """
    parsed = parse_url(url)
    lock: AbstractContextManager[None]
    if parsed.get_backend_name() == "sqlite":
        lock = _file_lock(database_file(parsed), study)
    else:
        lock = _advisory_lock(parsed, study)
    with lock:
        yield


def check_silent(store: "Store", study: str) -> None:
    """Check that no master without a lock file serves a study, as after somebody removed the file.

    A master that was killed leaves its file, and one that ends sets another state. Call it before
    `study_lock`, which makes the file.

    Args:
        store: The store of the study.
        study: Name of the study or campaign.

    Raises:
        ServiceError: If the study is running, has no lock file, and was changed within a lease.
    """
    parsed = parse_url(store.url)
    if parsed.get_backend_name() != "sqlite":  # its server has the lock
        return
    path, sign = lock_file(database_file(parsed), study), store.last_sign(study)
    if sign is None or path.exists():
        return
    silent = (datetime.now(UTC) - sign).total_seconds()
    if silent < LEASE_SECONDS:
        raise ServiceError(
            f"study {study!r} may have a master: it is running and was changed {silent:.0f} s ago, "
            f"but its lock file {str(path)!r} is missing",
            advice=f"stop the master, or wait until it has been silent for {LEASE_SECONDS:g} s",
        )


def keep_locks() -> None:
    """Lock the studies again whose lock files are gone; masters call it while they serve.

    Without its file, a lock protects nothing: commands would take the study for interrupted.

    Raises:
        ServiceError: If another process has locked one of them since.
        StoreError: If a lock cannot be made again.
    """
    for lock in tuple(_HELD):
        lock.keep()


class _FileLock:
    """A lock on a file next to a SQLite database."""

    def __init__(self, database: Path, study: str) -> None:
        self._study = study
        self._path = lock_file(database, study)
        self._database = identity(database)
        self._file = self._lock()

    def keep(self) -> None:
        """Lock again if the file was removed or replaced."""
        if _is_at(self._file, self._path):
            return
        try:
            again = self._lock()
        except ServiceError as error:
            raise ServiceError(
                f"the lock file {str(self._path)!r} was removed while it was in use, and "
                f"{error.problem}",
                advice="do not remove it while a master runs; all finished results are kept",
            ) from error
        self._file.close()
        self._file = again
        log.warning(
            "study %s: its lock file %s was removed while it was in use, and is there again",
            *(self._study, self._path),
            extra=about(self._study),
        )

    def release(self) -> None:
        """Remove the file, then close it; only then is the lock free."""
        if _is_at(self._file, self._path):
            # While the lock is still held: a process that has opened the file sees that it is gone.
            self._path.unlink(missing_ok=True)
        self._file.close()

    def _lock(self) -> FileIO:
        file = _open_and_lock(self._path, self._study, self._database)
        device, inode = self._database
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}
        record = json.dumps(holder | {"device": device, "inode": inode}).encode()
        try:
            try:
                file.truncate(0)
                file.write(record)
            except OSError as error:
                raise _unusable(self._path, error) from error
            # After the record: of two masters that start at once, at least one sees the other.
            _check_other_names(self._path, self._study, self._database)
        except BaseException:
            self._path.unlink(missing_ok=True)
            file.close()
            raise
        return file


_HELD: list[_FileLock] = []
"""The locks that this process holds on files."""


@contextmanager
def _file_lock(database: Path, study: str) -> Iterator[None]:
    check_not_mounted_alone(database)
    lock = _FileLock(database, study)
    _HELD.append(lock)
    try:
        yield
    finally:
        _HELD.remove(lock)
        lock.release()


def _open_and_lock(path: Path, study: str, database: tuple[int, int]) -> FileIO:
    while True:
        try:
            file = FileIO(path, "a+", opener=_opener)
        except OSError as error:
            raise _unusable(path, error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().decode(errors="replace")
            file.close()
            if not is_held(path):  # it was only looked at, by a command such as status
                time.sleep(0.001)
                continue
            raise _held(study, _describe(holder, database)) from error
        if _is_at(file, path):
            return file
        file.close()  # its holder removed it before the release: lock the new file


def _is_at(file: FileIO, path: Path) -> bool:
    """Return whether an open file is still the one at a path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def _check_other_names(path: Path, study: str, database: tuple[int, int]) -> None:
    """Check that no master serves the study in this database under an earlier name.

    Raises:
        ServiceError: If one does, because the database was renamed after the master started.
    """
    for other in path.parent.glob(f"*.{glob.escape(study)}.lock"):
        if other == path or not is_held(other):
            continue
        with contextlib.suppress(OSError):  # its holder removed it just now
            holder = other.read_text(errors="replace")
            if _served(holder) == database != (0, 0):
                raise _held(study, _describe(holder, database))


def _describe(holder: str, database: tuple[int, int]) -> str:
    try:
        known = json.loads(holder)
        who = f"process {known['pid']} on {known['host']}, since {known['since']}"
    except (ValueError, KeyError, TypeError):  # its holder has not written it yet
        return "another process"
    replaced = _served(holder) not in (None, database)
    return f"{who}, on an earlier file of this name" if replaced else who


def _served(holder: str) -> tuple[int, int] | None:
    """Return device and inode of a holder's database; None if it did not record them."""
    try:
        known = json.loads(holder)
        return known["device"], known["inode"]
    except (ValueError, KeyError, TypeError):
        return None


@contextmanager
def _advisory_lock(url: sa.URL, study: str) -> Iterator[None]:
    key = advisory_key(study)
    name = f"{_APPLICATION}process {os.getpid()} on {socket.gethostname()}"[:63]
    engine = sa.create_engine(
        url, poolclass=sa.pool.NullPool, connect_args={"application_name": name}
    )
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.scalar(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
                raise _held(study, _connection_holding(connection, key))
            yield  # the lock is released when the connection closes
    except sa.exc.OperationalError as error:
        shown = shown_url(url)
        raise StoreError(
            f"cannot lock study {study!r} in {shown}: {error.orig}",
            advice="check that the server runs and can be reached",
        ) from error
    finally:
        engine.dispose()


def _connection_holding(connection: sa.Connection, key: int) -> str:
    holder = connection.execute(
        sa.text(
            "SELECT a.application_name AS name, a.backend_start AS since FROM pg_locks AS l "
            "JOIN pg_stat_activity AS a ON a.pid = l.pid WHERE l.locktype = 'advisory' "
            "AND l.granted AND l.objsubid = 1 AND l.classid::bigint = :high "
            "AND l.objid::bigint = :low "
            "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ),
        {"high": key >> 32, "low": key & 0xFFFFFFFF},
    ).one_or_none()
    if holder is None:
        return "another process"
    return f"{holder.name.removeprefix(_APPLICATION)}, since {_shown(holder.since)}"


def _held(study: str, holder: str) -> ServiceError:
    return ServiceError(
        f"study {study!r} already has a master: {holder}",
        advice="stop that one, or wait until it is done",
    )


def _opener(path: str, flags: int) -> int:
    """Open a file without waiting, as a pipe would; only an ordinary file can be a lock."""
    descriptor = os.open(path, flags | os.O_NONBLOCK, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), path)
    return descriptor


def _unusable(path: Path, error: OSError) -> StoreError:
    """Return the error for a lock file that cannot be opened or written."""
    if (found := kind(path)) not in ("file", "nothing"):
        return StoreError(f"expected a lock file {str(path)!r}, got {found}", advice="remove it")
    match error.errno:
        case errno.ENAMETOOLONG:
            advice = "use a shorter name for the store or the study"
        case errno.ENOSPC | errno.EDQUOT:
            advice = "check that the disk has free space"
        case errno.EACCES if found == "file":
            advice = "ask its owner for permission to write it"
        case _:
            advice = "use a store in a folder that can be written"
    return StoreError(f"cannot write {str(path)!r}: {error.strerror}", advice=advice)


def _now() -> str:
    return _shown(datetime.now(UTC))


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
