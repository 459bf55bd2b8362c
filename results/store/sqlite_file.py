"""The file of a SQLite store: where it is, which file it is, and whether SQLite can keep it safe.

SQLite keeps the newest changes in files next to the database, which it finds by the database's
name. A database with two names, by a hard link or because it alone is mounted, has two such sets,
and each hides the other's changes. Symbolic links do no harm: SQLite follows them, as is done here.
"""

import errno
import os
import stat
from pathlib import Path

import sqlalchemy as sa

from configspace.errors import StoreError

LONGEST_PATH = 504
"""Bytes in the longest path of a database; SQLite itself says only that it cannot open it."""
LONGEST_NAME = 247
"""Bytes in the longest name of a database. Its journal has eight more, and file systems allow
255."""
_MOUNTS = Path("/proc/self/mountinfo")


def database_file(url: sa.URL) -> Path:
    """Return the absolute path of a SQLite store's file, without symbolic links."""
    return Path(os.path.realpath(str(url.database)))


def identity(path: Path) -> tuple[int, int]:
    """Return device and inode of a file; (0, 0) if it is missing."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def kind(path: Path) -> str:
    """Return what is at a path, for messages: ``file``, ``nothing``, ``a pipe``, …"""
    try:
        return _KINDS[stat.S_IFMT(path.stat().st_mode)]
    except OSError as error:
        return "a link to itself" if error.errno == errno.ELOOP else "nothing"


def last_change(path: Path) -> tuple[int, int]:
    """Return the time of a file's last change in ns, and its size; (0, 0) if it is missing."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def companions(path: Path) -> tuple[Path, Path]:
    """Return the files that SQLite keeps next to a database in use: its log, and the log's index.

    They may be missing.
    """
    return Path(f"{path}-wal"), Path(f"{path}-shm")


def is_pending(path: Path) -> bool:
    """Return whether SQLite's log next to a database may have changes that are not in it yet."""
    try:
        return companions(path)[0].stat().st_size > 0
    except OSError:
        return False


def check_file(path: Path, shown: str, *, create: bool) -> None:
    """Check that SQLite can use a file, and report precisely what it would report vaguely.

    Args:
        path: Path of the file, without symbolic links.
        shown: URL of the store, for messages.
        create: Whether the file may be missing.

    Raises:
        StoreError: If the file cannot be a store, has another name, or is missing.
    """
    if len(os.fsencode(path)) > LONGEST_PATH or len(os.fsencode(path.name)) > LONGEST_NAME:
        raise StoreError(
            f"expected a store whose path has at most {LONGEST_PATH} bytes and whose name has at "
            f"most {LONGEST_NAME}, got {len(os.fsencode(path))} and "
            f"{len(os.fsencode(path.name))} in {shown}",
            advice="choose a shorter path with --store",
        )
    try:
        found = path.stat()
    except FileNotFoundError:
        if not create:
            raise StoreError(
                f"no store {shown}", advice="'dartboard run STUDY.toml' creates one"
            ) from None
        if not path.parent.is_dir():
            raise StoreError(
                f"cannot create store {shown}: there is no folder {str(path.parent)!r}",
                advice="make the folder, or choose another store with --store",
            ) from None
        return
    except OSError as error:
        raise StoreError(
            f"cannot open store {shown}: {error.strerror}",
            advice="check the path, and that you may read its folders",
        ) from error
    if (what := kind(path)) != "file":
        raise StoreError(
            f"expected a store that is a file, got {what}: {str(path)!r}",
            advice="choose another one with --store",
        )
    if not os.access(path, os.R_OK):
        raise StoreError(
            f"cannot open store {shown}: {os.strerror(errno.EACCES)}",
            advice="ask its owner for permission to read it",
        )
    if create and not os.access(path, os.W_OK):
        # Before SQLite opens it, and makes files next to it that its owner cannot write.
        raise StoreError(
            f"cannot write to store {shown}: {os.strerror(errno.EACCES)}",
            advice="ask its owner for permission to write it, or choose another with --store",
        )
    if found.st_nlink > 1:
        raise StoreError(
            f"expected a store with one name, got {str(path)!r} with {found.st_nlink} names (hard "
            "links), and two programs that use different names would damage it",
            advice=f"remove the others, which 'find FOLDER -samefile {path.name}' lists, or make a "
            "copy with cp",
        )


def check_not_mounted_alone(path: Path) -> None:
    """Check that a database is not mounted without its folder.

    Raises:
        StoreError: If it is; nothing that is written there is safe.
    """
    escaped = "".join(f"\\{ord(c):03o}" if c in " \t\n\\" else c for c in str(path))
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:  # not Linux
        return
    if any(line.split(" ")[4] == escaped for line in lines):
        raise StoreError(
            f"expected a store in a mounted folder, got {str(path)!r}, a file that is mounted "
            "alone; SQLite's files next to it would be lost",
            advice="mount its folder",
        )
