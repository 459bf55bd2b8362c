"""Connections of an open store: one that writes, and one for each read."""

import contextlib
import os
from collections.abc import Collection, Iterator
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from configspace.errors import StoreError
from results.store.database import open_engine, shown_url
from results.store.database_errors import store_errors
from results.store.locks import held_files, held_keys
from results.store.sqlite_file import database_file, identity, is_pending, last_change


class Connections:
    """Connections of a store to its database. One thread writes; any thread reads.

    Attributes:
        url: URL with which the store was opened.
    """

    def __init__(self, engine: sa.Engine, url: str) -> None:
        self.url = url
        self._engine = engine
        sqlite = engine.dialect.name == "sqlite"
        self._file = database_file(engine.url) if sqlite else None
        self._immutable = bool(engine.get_execution_options().get("immutable", False))
        self._opened = self._current()
        self._shown = shown_url(engine.url)
        self._writer: sa.Connection | None = None

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Self:
        """Open the store at a URL.

        Args:
            url: ``sqlite:///FILE`` or ``postgresql://…``.
            create: Whether to create a store that is missing and to upgrade one that is older.

        Raises:
            StoreError: If the database cannot be opened, is not a dartboard store, or has a newer
                schema; or, without ``create``, if it is missing or has an older schema.
        """
        return cls(open_engine(url, create=create), url)

    @property
    def read_only(self) -> bool:
        """Whether this process may only read the store; False if a server decides that."""
        if self._file is None:
            return False
        writable = all(os.access(path, os.W_OK) for path in (self._file, self._file.parent))
        return self._immutable or not writable

    def close(self) -> None:
        """Close all connections; closing twice has no effect."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection on which all selects read one snapshot of the database.

        Raises:
            StoreError: If the database cannot be read, or its file was removed or replaced.
        """
        self._check_presence()
        with store_errors("read", self._shown, self._file):
            options = (
                {"isolation_level": "REPEATABLE READ"}
                if self._engine.dialect.name == "postgresql"
                else {}
            )
            with (
                self._engine.connect().execution_options(**options) as connection,
                connection.begin(),
            ):
                yield connection
        if self._immutable:  # nobody was kept from writing
            self._check_presence()

    def _served(self, names: Collection[str]) -> set[str]:
        """Return those studies and campaigns that a master serves now."""
        if self._file is not None:
            return held_files(self._file, names)
        with self.reading() as connection:
            return held_keys(connection, names)

    @contextlib.contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        """Yield the writer's connection in a transaction that is committed at the end.

        Raises:
            StoreError: If the database cannot be written, or its file was removed or replaced.
        """
        self._check_presence()
        with store_errors("write to", self._shown, self._file):
            if self._writer is None:
                self._writer = self._engine.connect().execution_options(writes=True)
            try:
                with self._writer.begin():
                    yield self._writer
            except sa.exc.SQLAlchemyError:
                # The connection itself may be broken; the next write opens another.
                self._writer.close()
                self._writer = None
                raise

    def _current(self) -> tuple[object, ...]:
        """Return which file the store is now, and for an immutable one, also its content."""
        if self._file is None:
            return ()
        if not self._immutable:
            return identity(self._file)
        return *identity(self._file), *last_change(self._file), is_pending(self._file)

    def _check_presence(self) -> None:
        """Check that the file is the one that was opened.

        SQLite would continue to write to a removed file, which nobody else can read.
        """
        if self._current() != self._opened:
            if self._immutable:
                raise StoreError(
                    f"store {self._shown} was changed while it was read",
                    advice="run the command again",
                )
            raise StoreError(
                f"store {self._shown} was removed or replaced while it was in use",
                advice="restore the file and start again, or choose another store with --store",
            )
