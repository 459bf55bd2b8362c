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
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from configspace.errors import ServiceError, StoreError
from results.store.database import parse_url
from results.store.locks import advisory_key, is_held, lock_file
from results.store.sqlite_file import check_not_mounted_alone, database_file, identity

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


@contextmanager
def _file_lock(database: Path, study: str) -> Iterator[None]:
    check_not_mounted_alone(database)
    device, inode = identity(database)
    path = lock_file(database, study)
    file = _open_and_lock(path, study, (device, inode))
    try:
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}
        file.truncate(0)
        file.write(json.dumps(holder | {"device": device, "inode": inode}))
        file.flush()
        # After the record: of two masters that start at once, at least one sees the other.
        _check_other_names(path, study, (device, inode))
        yield
    finally:
        # While the lock is still held: a process that has opened the file sees that it is gone.
        path.unlink(missing_ok=True)
        file.close()


def _open_and_lock(path: Path, study: str, database: tuple[int, int]) -> IO[str]:
    while True:
        try:
            file = path.open("a+")
        except OSError as error:
            raise StoreError(
                f"cannot write {str(path)!r}: {error.strerror}",
                advice="use a store in a folder that can be written"
                if error.errno != errno.ENAMETOOLONG
                else "use a shorter name for the store or the study",
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read()
            file.close()
            if not is_held(path):  # it was only looked at, by a command such as status
                time.sleep(0.001)
                continue
            raise _held(study, _describe(holder, database)) from error
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
        file.close()  # its holder removed it before the release: lock the new file


def _check_other_names(path: Path, study: str, database: tuple[int, int]) -> None:
    """Check that no master serves the study in this database under an earlier name.

    Raises:
        ServiceError: If one does, because the database was renamed after the master started.
    """
    for other in path.parent.glob(f"*.{glob.escape(study)}.lock"):
        if other == path or not is_held(other):
            continue
        with contextlib.suppress(OSError):  # its holder removed it just now
            holder = other.read_text()
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
        shown = url.render_as_string(hide_password=True)
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


def _now() -> str:
    return _shown(datetime.now(UTC))


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
