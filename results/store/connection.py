"""The connections of an open store: one that writes, and as many that read as there are readers."""

import contextlib
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from configspace.errors import StoreError
from results.store.database import clear_errors, identity, open_engine


class Connections:
    """A database that is open as a store. It is written by one thread, and read by any."""

    def __init__(self, engine: sa.Engine, url: str) -> None:
        self.url = url
        self._engine = engine
        self._file = identity(engine.url)
        # As it was asked for, without the driver that was chosen.
        self._shown = engine.url.set(drivername=engine.dialect.name).render_as_string()
        self._writer: sa.Connection | None = None

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Self:
        """Open the store at a URL.

        Args:
            url: ``sqlite:///FILE`` or ``postgresql://…``.
            create: Whether to make a store where there is none, and to upgrade an older one.

        Raises:
            StoreError: If it cannot be opened, is not a store, or has a newer schema; or if
                ``create`` is false and it is missing or older.
        """
        return cls(open_engine(url, create=create), url)

    def close(self) -> None:
        """Let go of the database; closing twice does nothing."""
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
        """Give a connection on which every select sees one and the same moment."""
        self._check_presence()
        with clear_errors("read", self._shown):
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

    @contextlib.contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        """Give the writer's connection within a transaction that ends in a commit."""
        self._check_presence()
        with clear_errors("write to", self._shown):
            if self._writer is None:
                self._writer = self._engine.connect().execution_options(writes=True)
            try:
                with self._writer.begin():
                    yield self._writer
            except sa.exc.SQLAlchemyError:
                # The connection itself may be gone; the next write opens another.
                self._writer.close()
                self._writer = None
                raise

    def _check_presence(self) -> None:
        """Notice that the file was removed: SQLite would go on writing to what nobody can read."""
        if self._file is not None and identity(self._engine.url) != self._file:
            raise StoreError(
                f"store {self._shown} is gone: its file was removed or replaced while it was in "
                "use; put it back and start again, or begin anew with another --store"
            )
