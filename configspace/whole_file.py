"""Files that are replaced as a whole or not at all."""

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path


def write_whole(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file so that the earlier one stays if anything fails, such as on a full disk.

    The content goes to a temporary file in the same folder, which then takes the place of the
    earlier one and keeps its permissions. A symbolic link stays, and the file that it leads to is
    replaced. What cannot be replaced is written in place: a device or a pipe, a file in a folder
    where no file can be made, and one that is mounted alone.

    Args:
        path: Path of the file.
        content: Content of the file.
        private: Whether only the owner may read the file, at every moment.

    Raises:
        OSError: If the file cannot be written.
    """
    path = Path(os.path.realpath(path)) if path.is_symlink() and path.is_file() else path
    found = _status(path)
    if found is not None and not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        path.write_bytes(content)
        return
    if found is not None and stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if found is not None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    new = path.with_name(f".{secrets.token_hex(8)}.new")
    try:
        try:
            _write(new, content, 0o600 if private else 0o666)
            if found is not None and not private:
                new.chmod(stat.S_IMODE(found.st_mode))
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


def _write(path: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # before the name leads to it: a power failure loses neither file


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
