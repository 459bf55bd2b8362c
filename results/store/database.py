"""Opening a database as a store: its URL, what it must hold, and its migrations.

Two decisions on SQLite:

- The write-ahead log lets any number of readers look on while the master writes.
- ``synchronous = NORMAL`` hands every commit to the operating system before the call returns, so
  a process killed at any point loses nothing it had committed. Only when the whole machine stops
  may the newest commits be missing, and then the store is as it was a moment before, without a
  gap: no master has survived that heard more, and a replay goes on from there. ``FULL`` would add
  a wait for the disk to each of the three commits of an evaluation and guard against nothing else.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from configspace.errors import StoreError
from results.store.schema import SCHEMA, VERSION_TABLE, metadata

MIGRATIONS = Path(__file__).with_name("migrations")
_BUSY_SECONDS = 30.0
_MIGRATING = threading.Lock()
"""Alembic keeps what it works on in module globals: one migration at a time in a process."""


def open_engine(url: str, *, create: bool) -> sa.Engine:
    """Connect to a store, making or upgrading its tables if wanted.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://…``.
        create: Whether to make a store where there is none, and to upgrade an older one.

    Raises:
        StoreError: If the URL is wrong, the database cannot be opened, it holds something else,
            its schema is newer than this dartboard's, or ``create`` is false and it is missing or
            older.
    """
    parsed = _parse(url)
    shown = parsed.render_as_string(hide_password=True)
    if parsed.get_backend_name() == "sqlite":
        _check_file(Path(str(parsed.database)), shown, create=create)
    try:
        engine = _engine(parsed)
    except ModuleNotFoundError as error:
        raise StoreError(
            f"store {shown} needs the package {error.name!r}: pip install 'psycopg[binary]'"
        ) from error
    try:
        with clear_errors("open", shown):
            _prepare(engine, shown, create=create)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextlib.contextmanager
def clear_errors(doing: str, shown: str) -> Iterator[None]:
    """Turn a database's error into one clear line.

    Raises:
        StoreError: Instead of SQLAlchemy's errors.
    """
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        origin = getattr(error, "orig", None) or error
        reason = (str(origin).splitlines() or [type(origin).__name__])[0]
        if isinstance(origin, sqlite3.DatabaseError) and "not a database" in reason:
            raise StoreError(f"{shown} is not a store: the file is no SQLite database") from error
        raise StoreError(f"cannot {doing} store {shown}: {reason}") from error


def identity(url: sa.URL) -> tuple[int, int] | None:
    """Return which file a SQLite store is now; (0, 0) if it is missing, None for a server's."""
    if url.get_backend_name() != "sqlite":
        return None
    try:
        found = Path(str(url.database)).stat()
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def _parse(url: str) -> sa.URL:
    wanted = "wanted a store such as 'sqlite:///dartboard.db' or 'postgresql://host/name'"
    try:
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
    except (sa.exc.ArgumentError, ValueError) as error:
        raise StoreError(f"{wanted}, got {url!r}") from error
    if backend not in ("sqlite", "postgresql"):
        raise StoreError(f"{wanted}, got {parsed.render_as_string(hide_password=True)!r}")
    if backend == "sqlite":
        if parsed.database in (None, "", ":memory:") or parsed.query:
            raise StoreError(f"{wanted}, a plain file, got {url!r}")
        return parsed.set(drivername="sqlite")
    return parsed.set(drivername="postgresql+psycopg")


def _check_file(path: Path, shown: str, *, create: bool) -> None:
    """Say what SQLite would put as 'unable to open database file'."""
    try:
        exists, parent = path.exists(), path.absolute().parent.is_dir()
        if exists and not path.is_file():
            raise StoreError(f"{shown} is not a store: {str(path)!r} is not a file")
    except OSError as error:
        raise StoreError(f"cannot open store {shown}: {error.strerror}") from error
    if not exists and not create:
        raise StoreError(f"no store {shown}; 'dartboard run STUDY.toml' makes one")
    if not parent:
        raise StoreError(f"cannot make store {shown}: there is no folder {str(path.parent)!r}")


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True)
    engine = sa.create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    # Python's sqlite3 opens transactions by itself, and only for some statements. Here each
    # begins where SQLAlchemy says so: a migration is one transaction, so is a reader's snapshot,
    # and a writer takes the lock at once instead of failing half-way.
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
            raise StoreError(f"{shown} is not a store: it has no tables of dartboard's")
        raise StoreError(
            f"store {shown} is of an older dartboard (schema {revision}, here {SCHEMA}); "
            "'dartboard run' or 'dartboard master' upgrades it"
        )
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            # Kept in the file, and refused inside a transaction: hence the driver's connection.
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA journal_mode = WAL")
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":  # two masters may come to an empty database
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(0x64617274)))
        if _revision(connection, shown) != SCHEMA:
            _migrate(connection)


def _revision(connection: sa.Connection, shown: str) -> str | None:
    """Return a database's schema, or None if there is no store in it yet."""
    names = set(sa.inspect(connection).get_table_names())
    if VERSION_TABLE not in names:
        # A PostgreSQL database may well be shared with others; a file is one thing or another.
        others = names if connection.dialect.name == "sqlite" else names & set(metadata.tables)
        if others:
            listed = ", ".join(repr(name) for name in sorted(others)[:3])
            raise StoreError(f"{shown} is not a store: it holds other tables ({listed})")
        return None
    revision = connection.scalar(sa.text(f"SELECT version_num FROM {VERSION_TABLE}"))
    if revision is not None and str(revision) > SCHEMA:
        raise StoreError(
            f"store {shown} is of a newer dartboard (schema {revision}, here {SCHEMA}); "
            "upgrade dartboard to use it"
        )
    return None if revision is None else str(revision)


def _migrate(connection: sa.Connection) -> None:
    from alembic import command  # slow to import, and needed once in a store's life
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with _MIGRATING:
        command.upgrade(config, "head")
