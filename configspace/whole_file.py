"""Files that are replaced as a whole or not at all."""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

_SQLITE = b"SQLite format 3\0"
"""First bytes of a SQLite database."""
_ENDINGS = ("-wal", "-shm", "-journal")
"""What SQLite appends to a database's name for the files that it keeps next to it."""


def write_whole(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file so that the earlier one stays if anything fails, such as on a full disk.

    The content goes to a temporary file in the same folder, which then takes the place of the
    earlier one and keeps its permissions, and its owner and group where that is allowed. A symbolic
    link stays, and the file that it leads to is made or replaced. What cannot be replaced is
    written in place: a device or a pipe, a file in a folder where no file can be made, and one that
    is mounted alone. A SQLite database and the files that belong to it are never replaced: a store
    may be the work of weeks.

    Args:
        path: Path of the file.
        content: Content of the file.
        private: Whether only the owner may read the file, at every moment. The owner is then this
            process's user.

    Raises:
        OSError: If the file cannot be written, or belongs to a database.
    """
    if path.is_symlink() and (path.is_file() or not path.exists()):
        path = Path(os.path.realpath(path))  # not of a device: a pipe's is no path
    found = _status(path)
    if found is not None and not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        path.write_bytes(content)
        return
    if found is not None and stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if found is not None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    check_no_database(path)
    new = path.with_name(f".{secrets.token_hex(8)}.new")
    try:
        try:
            _write(new, content, 0o600 if private else 0o666)
            if found is not None and not private:
                _resemble(new, found)
            new.replace(path)
        except OSError as error:
            in_place = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY)
            if found is None or not in_place:
                raise OSError(error.errno, error.strerror, str(path)) from error
            path.write_bytes(content)
            if private:
                path.chmod(0o600)
    finally:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)


def make_folders(folder: Path) -> None:
    """Make a folder and those that contain it, unless they exist.

    Raises:
        NotADirectoryError: If one of them is a file; the error names it.
        OSError: If a folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        # A link to nothing exists only as a link.
        files = [path for path in (folder, *folder.parents) if os.path.lexists(path)]
        reason = f"{str(files[0])!r} is not a folder"
        raise NotADirectoryError(errno.ENOTDIR, reason, str(folder)) from error


def check_no_database(path: Path) -> None:
    """Check that a file is no SQLite database, and no file that belongs to one.

    Raises:
        FileExistsError: If it is one, or belongs to one; the error says so.
        OSError: If a file that exists cannot be read.
    """
    path = Path(os.path.realpath(path))
    if _is_database(path):
        raise FileExistsError(errno.EEXIST, "it is a SQLite database", str(path))
    for database in filter(_is_database, _databases(path)):
        reason = f"it belongs to the SQLite database {database.name!r}"
        raise FileExistsError(errno.EEXIST, reason, str(path))


def _databases(path: Path) -> Iterator[Path]:
    """Yield the databases to which a file would belong by its name, whether they exist or not."""
    for ending in _ENDINGS:
        if path.name.endswith(ending):
            yield path.with_name(path.name.removesuffix(ending) or path.name)
    *parts, last = path.name.split(".")
    if last == "lock":  # a master's, named DATABASE.STUDY.lock; both names may contain dots
        yield from (path.with_name(".".join(parts[:count])) for count in range(1, len(parts)))


def _is_database(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _write(path: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # before the name leads to it: a power failure loses neither file


def _resemble(path: Path, earlier: os.stat_result) -> None:
    """Give a file the permissions of an earlier one, and its owner and group where allowed."""
    try:
        os.chown(path, earlier.st_uid, earlier.st_gid)
    except OSError:
        with contextlib.suppress(OSError):
            os.chown(path, -1, earlier.st_gid)  # a user may give a file to another of his groups
    path.chmod(stat.S_IMODE(earlier.st_mode))  # last, because a new owner clears some of them


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
