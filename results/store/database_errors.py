"""Errors of a database as store errors of one line: what happened, and what to do."""

import contextlib
import os
import pwd
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from configspace.errors import StoreError
from results.store.sqlite_file import companions, is_pending


@contextlib.contextmanager
def store_errors(action: str, shown: str, file: Path | None) -> Iterator[None]:
    """Turn errors of a database, and of values that it returns, into store errors of one line.

    Args:
        action: Verb that completes "cannot … store", such as ``write to``.
        shown: URL of the store, for the message.
        file: Path of a SQLite database; None for a server.

    Raises:
        StoreError: Instead of an error of SQLAlchemy, of SQLite, or of a value.
    """
    try:
        yield
    except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
        origin = getattr(error, "orig", None) or error
        reason = (str(origin).splitlines() or [type(origin).__name__])[0]
        code = primary_code(origin)
        if code == sqlite3.SQLITE_NOTADB:
            raise not_a_store(shown, "the file is not a SQLite database") from error
        if code == sqlite3.SQLITE_CORRUPT:
            raise damaged(shown, reason) from error
        raise StoreError(
            f"cannot {action} store {shown}: {reason}", advice=_advice(error, code, file)
        ) from error
    except UnicodeEncodeError as error:  # a name on the command line that is not UTF-8
        raise StoreError(
            f"cannot {action} store {shown}: expected text in UTF-8, got {error.object!r}"
        ) from error
    except ValueError as error:  # a cell that has another type, such as JSON that was cut off
        raise damaged(shown, f"{error}") from error


def damaged(shown: str, reason: str) -> StoreError:
    """Return the error for a store whose contents cannot be right."""
    return StoreError(f"store {shown} is damaged: {reason}", advice="restore a backup of it")


def not_a_store(shown: str, reason: str) -> StoreError:
    """Return the error for something else where a store should be."""
    return StoreError(
        f"{shown} is not a dartboard store: {reason}", advice="choose another one with --store"
    )


def primary_code(error: object) -> int | None:
    """Return SQLite's code of an error without its details; None for another error."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _advice(error: Exception, code: int | None, file: Path | None) -> str:
    """Return what to do about an error of a database."""
    match code:
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY:
            return _permission_advice(file)
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
            return "check that the disk has free space"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "end the program that keeps it locked, then start again"
        case None if isinstance(error, sa.exc.OperationalError):  # a server has no such code
            return "check its address, and that the server runs and can be reached"
        case _:
            return ""


def _permission_advice(file: Path | None) -> str:
    """Return what to do about a database that cannot be opened or written."""
    kept = [
        path
        for path in (companions(file) if file is not None else ())
        if path.exists() and not os.access(path, os.W_OK)
    ]
    if not kept:
        return "check that the file and its folder can be written"
    listed = " and ".join(repr(str(path)) for path in kept)
    owner = _owner(kept[0])
    if file is not None and is_pending(file):  # to remove its log would lose results
        return f"ask {owner} for permission to write {listed}"
    return f"remove {listed} of {owner}, or ask for that, if no dartboard uses the store now"


def _owner(path: Path) -> str:
    number = path.stat().st_uid
    try:
        return f"user {pwd.getpwuid(number).pw_name!r}"
    except KeyError:  # a user of another machine or container
        return f"user {number}"
