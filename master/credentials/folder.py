"""The credentials of a master: its files, the revoked workers, and when credentials are required.

This module only reads credentials; `master.credentials.authority` makes them.
"""

import errno
import ipaddress
import os
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

from configspace.errors import ServiceError
from configspace.whole_file import write_whole


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of credentials, with the paths of its files."""

    path: Path

    @property
    def authority(self) -> Path:
        """Certificate of the authority, with which master and workers verify each other."""
        return self.path / "authority.pem"

    @property
    def authority_key(self) -> Path:
        """Key of the authority. It is needed to issue credentials, not to serve."""
        return self.path / "authority.key"

    @property
    def certificate(self) -> Path:
        """Certificate of the master."""
        return self.path / "master.pem"

    @property
    def key(self) -> Path:
        """Key of the master."""
        return self.path / "master.key"

    @property
    def issued(self) -> Path:
        """Folder with the certificate, but not the key, of each worker."""
        return self.path / "issued"

    @property
    def revoked(self) -> Path:
        """List of the serial numbers that are no longer accepted, one per line."""
        return self.path / "revoked.txt"

    def check(self) -> None:
        """Check that a master can use the folder.

        Raises:
            ServiceError: If a file is missing or cannot be read.
        """
        for path in (self.authority, self.certificate, self.key, self.revoked):
            try:
                path.open("rb").close()
            except OSError as error:
                raise ServiceError(
                    f"cannot read {str(path)!r}: {error.strerror}",
                    advice="'dartboard credentials init --host NAME' makes a folder of credentials",
                ) from error


class Revocations:
    """List of revoked serial numbers, read again whenever its file changes. It is thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._serials: frozenset[int] = frozenset()

    def __contains__(self, serial: int) -> bool:
        """Return whether a serial number is revoked.

        Raises:
            ServiceError: If the list cannot be read. Then no worker may be accepted.
        """
        try:
            with self._lock:
                found = self._path.stat()
                stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
                if stamp != self._stamp:
                    self._serials = read_revoked(self._path)
                    self._stamp = (
                        stamp  # taken before the list was read: a later change is seen next time
                    )
                return serial in self._serials
        except (OSError, ValueError) as error:
            raise ServiceError(
                f"cannot read the list of revoked credentials {str(self._path)!r}: {error}",
                advice="restore it, or give the master permission to read it",
            ) from error


def read_revoked(path: Path) -> frozenset[int]:
    """Return the serial numbers of a list. Each is the first word of a line, in hexadecimal.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If a line does not start with a serial number.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(int(line.split()[0], 16) for line in lines if line.strip())


def check_exposure(host: str, credentials: Folder | None, *, insecure: bool) -> None:
    """Check that a master may listen on an address: only on loopback without credentials.

    Args:
        host: The address or name to listen on.
        credentials: The folder of credentials, if any.
        insecure: Whether the user accepts workers without credentials.

    Raises:
        ServiceError: If anyone on the network could take jobs and send results.
    """
    if credentials is None and not insecure and not is_loopback(host):
        raise ServiceError(
            f"expected credentials, since other machines can reach a master on {host!r}, got none",
            advice=f"use --credentials DIR, made by 'dartboard credentials init --host {host}', or "
            "--insecure on a network that you trust",
        )


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address. A name is looked up.

    Raises:
        ServiceError: If it is neither an address nor a known name.
    """
    if not host:  # means all addresses
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServiceError(
            f"expected a name or address of this machine for --host, got {host!r} ({reason})",
            advice="use 127.0.0.1 for this machine alone, or 0.0.0.0 for all its addresses",
        ) from error
    return all(ipaddress.ip_address(str(entry[4][0])).is_loopback for entry in found)


def write_secret(path: Path, text: str, *, replace: bool = False) -> None:
    """Write a file that only its owner can read, at every moment.

    Args:
        path: Path of the file.
        text: Content of the file.
        replace: Whether an existing file is replaced, in one step.

    Raises:
        OSError: If the file cannot be written, or exists and ``replace`` is false.
    """
    if path.exists() and not replace:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    write_whole(path, text.encode(), private=True)
