"""Making credentials: an authority, the master's certificate, and a small file for each worker.

Both sides of a connection show a certificate that the authority signed. The master's certificate
is valid only for a server with its names and addresses; a worker's only for a client. Keys are on
the curve P-256, in files that only their owner can read.
"""

import datetime
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from configspace.errors import ServiceError
from master.credentials.folder import Folder, read_revoked, write_secret

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Names and addresses in every certificate of a master."""
AUTHORITY_DAYS = 3650
DAYS = 730
"""Validity of a certificate of a master or of a worker."""
_SKEW = datetime.timedelta(days=1)
"""Certificates are valid from a day before they are made: the clock of a worker may be slow."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_-]+)*\.?")


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
    names = [_general_name(host) for host in dict.fromkeys([*hosts, *LOOPBACK])]
    try:
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.issued.mkdir(mode=0o700, exist_ok=True)
        folder.revoked.touch(exist_ok=True)
        new = not folder.authority.exists()
        if new:
            key = _new_key()
            # The key first: an authority without its key would never be replaced.
            write_secret(folder.authority_key, _pem(key), replace=True)
            folder.authority.write_text(_pem(_authority(key)))
        key = _new_key()
        certificate = _signed(
            folder,
            key,
            "dartboard master",
            usage=ExtendedKeyUsageOID.SERVER_AUTH,
            days=DAYS,
            names=names,
        )
        write_secret(folder.key, _pem(key), replace=True)
        write_secret(folder.certificate, _pem(certificate), replace=True)
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
            f"{name!r} has credentials already",
            advice=f"choose another name, or run 'dartboard credentials revoke {name}' first",
        )
    key = _new_key()
    certificate = _signed(folder, key, name, usage=ExtendedKeyUsageOID.CLIENT_AUTH, days=days)
    try:
        # Before the key is returned: a certificate that is not recorded cannot be revoked.
        (folder.issued / f"{certificate.serial_number:x}.pem").write_text(_pem(certificate))
        authority = folder.authority.read_text()
    except OSError as error:
        raise ServiceError(
            f"cannot record the credentials: {error}", advice="check the folder of the credentials"
        ) from error
    return _pem(key) + _pem(certificate) + authority


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
            advice=f"names with credentials: {', '.join(names) or 'none'}",
        )
    today = datetime.datetime.now(datetime.UTC).date()
    try:
        with folder.revoked.open("a", encoding="utf-8") as file:
            file.write("".join(f"{one.serial:x} {name} {today}\n" for one in ended))
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
    found.sort(key=lambda one: (_common_name(one), one.not_valid_before_utc))
    return [
        Issued(_common_name(one), one.serial_number, one.not_valid_after_utc, _state(one, revoked))
        for one in found
    ]


def hosts_of(path: Path) -> tuple[str, ...]:
    """Return the names and addresses for which a certificate of a master is valid.

    Raises:
        ServiceError: If the file cannot be read.
    """
    names = load(path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        *names.get_values_for_type(x509.DNSName),
        *(str(address) for address in names.get_values_for_type(x509.IPAddress)),
    )


def check_host(folder: Folder, host: str) -> None:
    """Check that the master's certificate is valid today, and for the address of the master.

    Raises:
        ServiceError: If workers would refuse it.
    """
    known, expires = hosts_of(folder.certificate), load(folder.certificate).not_valid_after_utc
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


def load(path: Path) -> x509.Certificate:
    """Return the first certificate in a file.

    Raises:
        ServiceError: If the file cannot be read, or has no certificate.
    """
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ServiceError(
            f"cannot read a certificate from {str(path)!r}: {error}",
            advice="use a file made by 'dartboard credentials'",
        ) from error


# ---- parts


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _subject("dartboard authority")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _certificate(name, name, key.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def _signed(
    folder: Folder,
    key: ec.EllipticCurvePrivateKey,
    name: str,
    *,
    usage: x509.ObjectIdentifier,
    days: int,
    names: Sequence[x509.GeneralName] = (),
) -> x509.Certificate:
    authority = load(folder.authority)
    try:
        signer = serialization.load_pem_private_key(folder.authority_key.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise ServiceError(
            f"cannot read the authority's key {str(folder.authority_key)!r}: {error}",
            advice="run this on the machine that has the key, or restore it",
        ) from error
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise ServiceError(
            f"expected a key made by dartboard, got {str(folder.authority_key)!r}",
            advice="restore it, or make a new folder with 'dartboard credentials init'",
        )
    public = signer.public_key()
    builder = (
        _certificate(_subject(name), authority.subject, key.public_key(), days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _certificate(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if not _HOST.fullmatch(host) or re.fullmatch(r"[\d.]+", host):
            raise ServiceError(
                f"expected a name or address for --host, got {host!r}",
                advice="use one such as desk.example.org or 192.168.0.7",
            ) from None
        return x509.DNSName(host.lower())
    if address.is_unspecified:
        raise ServiceError(
            f"expected a name or address of this machine for --host, got {host}, which means all",
            advice="use the names and addresses by which workers reach the master",
        )
    return x509.IPAddress(address)


def _state(
    one: x509.Certificate, revoked: frozenset[int]
) -> Literal["valid", "revoked", "expired"]:
    if one.serial_number in revoked:
        return "revoked"
    return "expired" if one.not_valid_after_utc < datetime.datetime.now(datetime.UTC) else "valid"


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _common_name(one: x509.Certificate) -> str:
    return str(one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(value: ec.EllipticCurvePrivateKey | x509.Certificate) -> str:
    if isinstance(value, x509.Certificate):
        return value.public_bytes(serialization.Encoding.PEM).decode()
    return value.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
