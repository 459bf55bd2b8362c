"""One master a study: a lock that its holder's death releases.

SQLite: a kernel lock on a file beside the database. PostgreSQL: an advisory lock of a connection.
Neither can go stale, as a timestamp would.
"""

import fcntl
import hashlib
import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from configspace.errors import ServiceError, StoreError

log = logging.getLogger(__name__)

_APPLICATION = "dartboard master, "
"""What a master's connection is called in PostgreSQL's own views, before its process."""


@contextmanager
def study_lock(url: str, study: str) -> Iterator[None]:
    """Hold a study of a store, so that no other master can.

    Args:
        url: The store's.
        study: The study's name.

    Raises:
        ServiceError: If another process holds it; says which, and since when.
    """
    parsed = sa.make_url(url)
    lock: AbstractContextManager[None]
    match parsed.get_backend_name(), parsed.database:
        case "sqlite", None | "" | ":memory:":
            lock = nullcontext()  # no other process sees it
        case "sqlite", str(database):
            lock = _file_lock(Path(f"{database}.{study}.lock"), study)
        case "postgresql", _:
            lock = _advisory_lock(parsed, study)
        case backend, _:
            raise StoreError(f"wanted a store on sqlite or postgresql, got {backend!r}")
    with lock:
        yield


@contextmanager
def _file_lock(path: Path, study: str) -> Iterator[None]:
    file = _open_and_lock(path, study)
    try:
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}
        file.truncate(0)
        file.write(json.dumps(holder))
        file.flush()
        yield
    finally:
        # While it is still held: whoever opened the file meanwhile sees that it is gone.
        path.unlink(missing_ok=True)
        file.close()


def _open_and_lock(path: Path, study: str) -> IO[str]:
    while True:
        try:
            file = path.open("a+")
        except OSError as error:
            raise StoreError(f"cannot write {str(path)!r}: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read()
            file.close()
            raise ServiceError(_refusal(study, _told(holder))) from error
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
        file.close()  # its holder removed it before letting go: take the new one


def _told(holder: str) -> str:
    try:
        known = json.loads(holder)
        return f"process {known['pid']} on {known['host']}, since {known['since']}"
    except (ValueError, KeyError, TypeError):  # its holder is just about to write it
        return "another process"


@contextmanager
def _advisory_lock(url: sa.URL, study: str) -> Iterator[None]:
    key = int.from_bytes(hashlib.sha256(f"dartboard {study}".encode()).digest()[:8], "big") >> 1
    name = f"{_APPLICATION}process {os.getpid()} on {socket.gethostname()}"[:63]
    engine = sa.create_engine(
        url, poolclass=sa.pool.NullPool, connect_args={"application_name": name}
    )
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.scalar(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
                raise ServiceError(_refusal(study, _connection_holding(connection, key)))
            yield  # the end of the connection releases it
    except sa.exc.OperationalError as error:
        shown = url.render_as_string(hide_password=True)
        raise StoreError(f"cannot lock study {study!r} in {shown}: {error.orig}") from error
    finally:
        engine.dispose()


def _connection_holding(connection: sa.Connection, key: int) -> str:
    holder = connection.execute(
        sa.text(
            "SELECT a.application_name AS name, a.backend_start AS since FROM pg_locks AS l "
            "JOIN pg_stat_activity AS a ON a.pid = l.pid WHERE l.locktype = 'advisory' "
            "AND l.granted AND l.objsubid = 1 AND l.classid::bigint = :high "
            "AND l.objid::bigint = :low"
        ),
        {"high": key >> 32, "low": key & 0xFFFFFFFF},
    ).one_or_none()
    if holder is None:
        return "another process"
    return f"{holder.name.removeprefix(_APPLICATION)}, since {_shown(holder.since)}"


def _refusal(study: str, holder: str) -> str:
    return (
        f"study {study!r} has a master already: {holder}; stop that one, or wait until it is done"
    )


def _now() -> str:
    return _shown(datetime.now(UTC))


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
