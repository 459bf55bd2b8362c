"""Who may talk to a master: where its credentials are, whose were revoked, and who is let in bare.

Making credentials is `master.credentials.authority`; this module only reads them.
"""

import ipaddress
import os
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

from configspace.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of credentials, and the names of what is in it."""

    path: Path

    @property
    def authority(self) -> Path:
        """The certificate of the authority, by which both sides know each other."""
        return self.path / "authority.pem"

    @property
    def authority_key(self) -> Path:
        """The authority's key: needed to issue, not to serve."""
        return self.path / "authority.key"

    @property
    def certificate(self) -> Path:
        """The master's certificate."""
        return self.path / "master.pem"

    @property
    def key(self) -> Path:
        """The master's key."""
        return self.path / "master.key"

    @property
    def issued(self) -> Path:
        """A folder with the certificate, not the key, of each worker."""
        return self.path / "issued"

    @property
    def revoked(self) -> Path:
        """The serial numbers that are not accepted any more, a line each."""
        return self.path / "revoked.txt"

    def check(self) -> None:
        """Check that a master can serve with it.

        Raises:
            ServiceError: If something that it needs is missing or cannot be read.
        """
        for path in (self.authority, self.certificate, self.key, self.revoked):
            try:
                path.open("rb").close()
            except OSError as error:
                raise ServiceError(
                    f"cannot read {str(path)!r}: {error.strerror}; 'dartboard credentials init "
                    "--host NAME' makes a folder of credentials"
                ) from error


class Revocations:
    """The list of revoked serial numbers, read again whenever its file changes; for any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._serials: frozenset[int] = frozenset()

    def __contains__(self, serial: int) -> bool:
        """Return whether a serial number is revoked.

        Raises:
            ServiceError: If the list cannot be read; then nobody is known to be welcome.
        """
        try:
            with self._lock:
                found = self._path.stat()
                stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
                if stamp != self._stamp:
                    self._serials = read_revoked(self._path)
                    self._stamp = stamp  # from before the reading: a later change is seen next time
                return serial in self._serials
        except (OSError, ValueError) as error:
            raise ServiceError(
                f"cannot read the list of revoked credentials {str(self._path)!r}: {error}"
            ) from error


def read_revoked(path: Path) -> frozenset[int]:
    """Return the serial numbers of a list: the first word of each line, hexadecimal.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If a line is none of it.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(int(line.split()[0], 16) for line in lines if line.strip())


def check_exposure(host: str, credentials: Folder | None, *, insecure: bool) -> None:
    """Check that a master may listen on an address: on loopback, or with credentials.

    Args:
        host: The address or name to listen on.
        credentials: What it would serve with.
        insecure: Whether the user waives them.

    Raises:
        ServiceError: If anybody on the network could give and take results.
    """
    if credentials is None and not insecure and not is_loopback(host):
        raise ServiceError(
            f"a master on {host!r} can be reached from other machines: give it --credentials DIR, "
            f"made by 'dartboard credentials init --host {host}', or --insecure where everybody on "
            "the network is trusted"
        )


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address; a name is looked up.

    Raises:
        ServiceError: If it is neither an address nor a name that is known.
    """
    if not host:  # to a socket, all addresses
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServiceError(
            f"wanted a name or address of this machine to listen on, got {host!r} ({reason})"
        ) from error
    return all(ipaddress.ip_address(str(entry[4][0])).is_loopback for entry in found)


def write_secret(path: Path, text: str, *, replace: bool = False) -> None:
    """Write a file that only its owner can read, from its first byte on.

    Args:
        path: Where.
        text: What.
        replace: Whether a file that is there is replaced, in one step.

    Raises:
        OSError: If it cannot be written, or is there and not to be replaced.
    """
    new = path.with_name(f"{path.name}.new") if replace else path
    if replace:
        new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    if replace:
        new.replace(path)
