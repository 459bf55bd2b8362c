"""The authority of a master: it issues, lists and revokes the credentials of workers.

Both sides of a connection show a certificate that the authority signed.
"""

import datetime
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from configspace.errors import ServiceError
from configspace.names import nearest
from configspace.whole_file import write_whole
from master.credentials.certificates import (
    authority_certificate,
    common_name,
    general_name,
    hosts_of,
    load_certificate,
    new_key,
    pem,
    signed_certificate,
)
from master.credentials.folder import Folder, read_revoked, write_secret

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Names and addresses in every certificate of a master."""
DAYS = 730
"""Validity of a certificate of a master or of a worker."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class Issued:
    """The credentials of a worker, as recorded by the authority."""

    name: str
    serial: int
    expires: datetime.datetime
    state: Literal["valid", "revoked", "expired"]


def initialize(folder: Folder, hosts: Sequence[str]) -> bool:
    """Make a certificate for the master, and an authority if the folder has no authority yet.

    A second call renews the master's certificate for the hosts of that call. The credentials of
    workers stay valid, since the authority stays the same.

    Args:
        folder: Folder to write to.
        hosts: Names and addresses by which workers reach the master, in addition to loopback.

    Returns:
        Whether the authority is new.

    Raises:
        ServiceError: If a host is not a name or an address, or the folder cannot be used.
    """
    names = [general_name(host) for host in dict.fromkeys([*hosts, *LOOPBACK])]
    try:
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.issued.mkdir(mode=0o700, exist_ok=True)
        folder.revoked.touch(exist_ok=True)
        new = not folder.authority.exists()
        if new:
            key = new_key()
            # The key first: an authority without its key would never be replaced.
            write_secret(folder.authority_key, pem(key), replace=True)
            write_whole(folder.authority, pem(authority_certificate(key)).encode())
        key = new_key()
        certificate = signed_certificate(
            folder,
            key,
            "dartboard master",
            usage=ExtendedKeyUsageOID.SERVER_AUTH,
            days=DAYS,
            names=names,
        )
        write_secret(folder.key, pem(key), replace=True)
        write_secret(folder.certificate, pem(certificate), replace=True)
    except OSError as error:
        raise ServiceError(
            f"cannot make credentials in {str(folder.path)!r}: {error.strerror}",
            advice="choose another --folder",
        ) from error
    return new


def issue(folder: Folder, name: str, *, days: int = DAYS) -> str:
    """Make the credentials of a worker: its key, its certificate, and the authority's certificate.

    Args:
        folder: Folder of the authority.
        name: Name of the worker.
        days: Number of days for which the credentials are valid.

    Returns:
        The content of the worker's file. No copy of the key is kept.

    Raises:
        ServiceError: If the name is not allowed or in use, or the authority cannot sign.
    """
    if not _NAME.fullmatch(name):
        raise ServiceError(
            f"expected a name of letters, digits, '.', '_' and '-' for a worker, got {name!r}",
            advice="choose a name such as laptop-2",
        )
    if any(one.name == name and one.state == "valid" for one in issued(folder)):
        raise ServiceError(
            f"{name!r} already has credentials",
            advice=f"choose another name, or run 'dartboard credentials revoke {name}' first",
        )
    key = new_key()
    certificate = signed_certificate(
        folder, key, name, usage=ExtendedKeyUsageOID.CLIENT_AUTH, days=days
    )
    try:
        # Before the key is returned: a certificate that is not recorded cannot be revoked.
        record = folder.issued / f"{certificate.serial_number:x}.pem"
        write_whole(record, pem(certificate).encode())
        authority = folder.authority.read_text()
    except OSError as error:
        raise ServiceError(
            f"cannot record the credentials: {error}", advice="check the folder of the credentials"
        ) from error
    return pem(key) + pem(certificate) + authority


def revoke(folder: Folder, name: str) -> int:
    """Revoke all credentials of a name. The master refuses a running worker at its next call.

    Returns:
        Number of certificates revoked.

    Raises:
        ServiceError: If the name has no valid credentials, or the list cannot be written.
    """
    known = issued(folder)
    ended = [one for one in known if one.name == name and one.state != "revoked"]
    if not ended:
        names = sorted({one.name for one in known if one.state == "valid"})
        raise ServiceError(
            f"{name!r} has no credentials to revoke",
            advice=f"names with credentials: {nearest(name, names) or 'none'}",
        )
    today = datetime.datetime.now(datetime.UTC).date()
    try:
        # As a whole: a master refuses every worker if a line of the list is cut off.
        lines = folder.revoked.read_bytes().decode()
        lines += "".join(f"{one.serial:x} {name} {today}\n" for one in ended)
        write_whole(folder.revoked, lines.encode())
    except OSError as error:
        raise ServiceError(
            f"cannot write {str(folder.revoked)!r}: {error.strerror}",
            advice="fix its permissions, then revoke again",
        ) from error
    return len(ended)


def issued(folder: Folder) -> list[Issued]:
    """Return all credentials that were issued, sorted by name and then by age.

    Raises:
        ServiceError: If the folder has no authority, or a file in it is not a certificate.
    """
    folder.check()
    try:
        revoked = read_revoked(folder.revoked)
        found = [
            x509.load_pem_x509_certificate(path.read_bytes())
            for path in folder.issued.glob("*.pem")
        ]
    except (OSError, ValueError) as error:
        raise ServiceError(
            f"cannot read the credentials in {str(folder.path)!r}: {error}",
            advice="restore the folder, or make a new one with 'dartboard credentials init'",
        ) from error
    found.sort(key=lambda one: (common_name(one), one.not_valid_before_utc))
    return [
        Issued(common_name(one), one.serial_number, one.not_valid_after_utc, _state(one, revoked))
        for one in found
    ]


def check_host(folder: Folder, host: str) -> None:
    """Check that the master's certificate is valid today, and for the address of the master.

    Raises:
        ServiceError: If workers would refuse it.
    """
    known, expires = (
        hosts_of(folder.certificate),
        load_certificate(folder.certificate).not_valid_after_utc,
    )
    if expires < datetime.datetime.now(datetime.UTC):
        raise ServiceError(
            f"the master's certificate expired on {expires:%Y-%m-%d}",
            advice="renew it with 'dartboard credentials init' and its --host names",
        )
    try:
        every = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        every = not host
    if not every and host.lower() not in known:
        raise ServiceError(
            f"the master's certificate is for {', '.join(known)}, not for {host!r}",
            advice=f"add it with 'dartboard credentials init --host {host}', and repeat the others",
        )


def _state(
    one: x509.Certificate, revoked: frozenset[int]
) -> Literal["valid", "revoked", "expired"]:
    if one.serial_number in revoked:
        return "revoked"
    return "expired" if one.not_valid_after_utc < datetime.datetime.now(datetime.UTC) else "valid"
