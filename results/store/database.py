"""Opening a database as a store: check of the URL, check of the contents, migrations.

Three decisions about SQLite:

- The write-ahead log lets any number of readers read while the master writes.
- A store that can only be read is opened as ``immutable``, if it has no log that is pending.
- ``synchronous = NORMAL`` passes every commit to the operating system before the call returns, so
  a process that is killed at any point loses nothing that it committed. Only a crash of the whole
  machine can lose the newest commits. The store is then in an earlier state without gaps. The
  master, which knew more, ended in the same crash, and a replay continues from that state.
  ``FULL`` would add a wait for the disk to each of the three commits of an evaluation, and would
  protect against nothing else.
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event

from configspace.errors import StoreError
from results.store.database_errors import damaged, not_a_store, primary_code, store_errors
from results.store.schema import OLDEST_READABLE, SCHEMA, VERSION_TABLE, metadata
from results.store.sqlite_file import (
    check_file,
    companions,
    database_file,
    is_pending,
    last_change,
)

MIGRATIONS = Path(__file__).with_name("migrations")
_BUSY_SECONDS = 30.0
_UNWRITABLE = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
)
"""Why SQLite cannot make the files next to a database, without which it reads only a finished one:
a read-only folder, or a full disk."""
_MIGRATING = threading.Lock()
"""Alembic keeps its state in module globals, so only one migration may run at a time."""


def open_engine(url: str, *, create: bool) -> sa.Engine:
    """Connect to a store; create or upgrade its tables on request.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://…``.
        create: Whether to create a store that is missing and to upgrade one that is older.

    Raises:
        StoreError: If the URL is wrong, the database cannot be opened, contains other tables, or
            has a newer schema than this version of dartboard; or, without ``create``, if the store
            is missing or has a schema older than `OLDEST_READABLE`.
    """
    parsed = parse_url(url)
    shown = shown_url(parsed)
    file = database_file(parsed) if parsed.get_backend_name() == "sqlite" else None
    if file is not None:
        check_file(file, shown, create=create)
    try:
        engine = _engine(parsed)
    except ModuleNotFoundError as error:
        raise StoreError(
            f"store {shown} needs the package {error.name!r}",
            advice="install it: pip install 'psycopg[binary]'",
        ) from error
    with store_errors("open", shown, file):
        if file is not None and not create and _must_not_touch(file):
            return _immutable(parsed, file, shown)
        try:
            with _no_empty_file(file):
                return _prepared(engine, shown, create=create)
        except sa.exc.OperationalError as error:
            if file is None or create or primary_code(error.orig) not in _UNWRITABLE:
                raise
            return _immutable(parsed, file, shown)


@contextlib.contextmanager
def _no_empty_file(file: Path | None) -> Iterator[None]:
    """Remove a database that SQLite has just made and cannot write, as on a full disk."""
    made = file is not None and not file.exists()
    try:
        yield
    except (sa.exc.OperationalError, sqlite3.OperationalError) as error:
        full = primary_code(getattr(error, "orig", error)) in (
            sqlite3.SQLITE_FULL,
            sqlite3.SQLITE_IOERR,
        )
        if full and made and file is not None and last_change(file)[1] == 0:
            file.unlink(missing_ok=True)
        raise


def _must_not_touch(file: Path) -> bool:
    """Return whether reading a database as usual would make files that its owner cannot write.

    SQLite makes the files next to a database that are missing, also for a reader. Those of a reader
    who may not write the database keep everyone else from writing it, its owner included.
    """
    return not os.access(file, os.W_OK) and (
        not is_pending(file) or not all(path.exists() for path in companions(file))
    )


def _immutable(url: sa.URL, file: Path, shown: str) -> sa.Engine:
    """Open a database that can only be read, without any file next to it.

    Raises:
        StoreError: If its newest changes are not in it yet.
    """
    if is_pending(file):
        raise StoreError(
            f"cannot open store {shown}: its newest changes are in '{file}-wal', which "
            "cannot be read here",
            advice="run 'dartboard status' where the store can be written, or copy its "
            "files to a folder of yours",
        )
    return _prepared(_engine(url, immutable=True), shown, create=False)


def _prepared(engine: sa.Engine, shown: str, *, create: bool) -> sa.Engine:
    try:
        _prepare(engine, shown, create=create)
    except BaseException:
        engine.dispose()
        raise
    return engine


def parse_url(url: str) -> sa.URL:
    """Return the parts of a store's URL, with the driver that dartboard uses.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://…``.

    Raises:
        StoreError: If it is not such a URL.
    """
    expected = "expected a store such as 'sqlite:///dartboard.db' or 'postgresql://host/name'"
    try:
        url.encode()  # fails for a path that is not UTF-8, which SQLAlchemy does not support
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
    except (sa.exc.ArgumentError, ValueError) as error:
        raise StoreError(f"{expected}, got {url!r}") from error
    if backend not in ("sqlite", "postgresql"):
        raise StoreError(f"{expected}, got {parsed.render_as_string(hide_password=True)!r}")
    if backend == "sqlite":
        if "?" in url:  # SQLAlchemy drops what follows it if it is not an option
            raise StoreError(
                f"{expected}, with a path without '?', got {url!r}", advice="rename the file"
            )
        if parsed.database in (None, "", ":memory:") or parsed.host or parsed.username:
            raise StoreError(
                f"{expected}, with a plain file after three slashes for SQLite, got {url!r}"
            )
        return parsed.set(drivername="sqlite")
    return parsed.set(drivername="postgresql+psycopg")


def shown_url(url: sa.URL) -> str:
    """Return a URL for messages: without a password, and without dartboard's choice of a driver."""
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)


def _engine(url: sa.URL, *, immutable: bool = False) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True)
    if immutable:
        uri = f"file:{quote(os.fsencode(database_file(url)))}?immutable=1"
        connect = partial(sqlite3.connect, uri, uri=True, check_same_thread=False)
        options = {"immutable": True}
        engine = sa.create_engine(url, creator=connect, execution_options=options)
    else:
        engine = sa.create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    # Python's sqlite3 opens transactions implicitly, and only for some statements. Here each begins
    # where SQLAlchemy begins it: a migration is one transaction, and so is a reader's snapshot. A
    # writer takes the lock at the beginning instead of failing halfway.
    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _prepare(engine: sa.Engine, shown: str, *, create: bool) -> None:
    with engine.connect() as connection:
        revision = _revision(connection, shown)
    if revision == SCHEMA:
        return
    if not create:
        if revision is None:
            raise not_a_store(shown, "it has no dartboard tables")
        if revision >= OLDEST_READABLE:
            return
        raise StoreError(
            f"expected a store with schema {SCHEMA}, got {shown} with schema {revision} of an "
            "older dartboard",
            advice="'dartboard run' or 'dartboard master' upgrades it",
        )
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            # The mode is stored in the file. SQLite refuses to change it in a transaction, so the
            # driver's connection is used directly.
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA journal_mode = WAL")
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":  # two masters may find an empty database
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(0x64617274)))
        if _revision(connection, shown) != SCHEMA:
            _migrate(connection)


def _revision(connection: sa.Connection, shown: str) -> str | None:
    """Return the schema of a database, or None if it does not contain a store yet.

    Raises:
        StoreError: If it contains other tables, a store with a newer schema, or a part of one.
    """
    names = set(sa.inspect(connection).get_table_names())
    if VERSION_TABLE not in names:
        # Other programs may share a PostgreSQL database, but not a SQLite file.
        others = names if connection.dialect.name == "sqlite" else names & set(metadata.tables)
        if others:
            listed = ", ".join(repr(name) for name in sorted(others)[:3])
            raise not_a_store(shown, f"it has other tables ({listed})")
        return None
    revision = connection.scalar(sa.text(f"SELECT version_num FROM {VERSION_TABLE}"))
    expected = set(metadata.tables)
    if revision is None and names & expected:
        raise damaged(shown, f"its table {VERSION_TABLE!r} is empty")
    if revision == SCHEMA and (missing := sorted(expected - names)):
        raise damaged(shown, f"it has no table {missing[0]!r}")
    if revision is not None and str(revision) > SCHEMA:
        raise StoreError(
            f"expected a store with schema {SCHEMA} or older, got {shown} with schema {revision} "
            "of a newer dartboard",
            advice="upgrade dartboard to use it",
        )
    return None if revision is None else str(revision)


def _migrate(connection: sa.Connection) -> None:
    from alembic import command  # slow to import, and rarely needed
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with _MIGRATING:
        command.upgrade(config, "head")
