"""Names of the masters' locks, and which of them are held.

`master.service.lock` takes them. With SQLite a lock is a file next to the database, never the
database itself: to close a descriptor of that would release the locks that SQLite holds on it.
"""

import fcntl
import hashlib
from collections.abc import Collection
from pathlib import Path

import sqlalchemy as sa

from results.store.sqlite_file import kind

HELD_KEYS = (
    "SELECT classid::bigint << 32 | objid::bigint FROM pg_locks WHERE locktype = 'advisory' "
    "AND granted AND objsubid = 1 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""Keys of the advisory locks that are held in a database of PostgreSQL."""


def lock_file(database: Path, name: str) -> Path:
    """Return the lock file of a study or campaign.

    Args:
        database: Path of the SQLite database, without symbolic links.
        name: Name of the study or campaign.
    """
    return database.with_name(f"{database.name}.{name}.lock")


def advisory_key(name: str) -> int:
    """Return the key of the advisory lock of a study or campaign in PostgreSQL."""
    return int.from_bytes(hashlib.sha256(f"dartboard {name}".encode()).digest()[:8], "big") >> 1


def is_held(path: Path) -> bool:
    """Return whether a process holds a lock file; also True if that cannot be found out."""
    if kind(path) != "file":  # to open a pipe would wait for its other end
        return False
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:  # held, or not readable
        return True
    return False


def held_files(database: Path, names: Collection[str]) -> set[str]:
    """Return those studies and campaigns in a SQLite database that a master serves now."""
    return {name for name in names if is_held(lock_file(database, name))}


def held_keys(connection: sa.Connection, names: Collection[str]) -> set[str]:
    """Return those studies and campaigns in a PostgreSQL database that a master serves now."""
    if connection.scalar(sa.text("SELECT pg_is_in_recovery()")):
        return set(names)  # a copy does not know the locks of its original
    held = set(connection.scalars(sa.text(HELD_KEYS)))
    return {name for name in names if advisory_key(name) in held}
