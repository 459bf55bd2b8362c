"""X.509 certificates and keys: made, signed, written and read.

The certificate of a master is valid only for a server with its names and addresses; that of a
worker only for a client. Keys are on the curve P-256.
"""

import datetime
import ipaddress
import re
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from configspace.errors import ServiceError
from master.credentials.folder import Folder

AUTHORITY_DAYS = 3650
"""Validity of the certificate of an authority."""
_SKEW = datetime.timedelta(days=1)
"""Certificates are valid from a day before they are made: the clock of a worker may be slow."""
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_-]+)*\.?")


def load_certificate(path: Path) -> x509.Certificate:
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


def hosts_of(path: Path) -> tuple[str, ...]:
    """Return the names and addresses for which a certificate of a master is valid.

    Raises:
        ServiceError: If the file cannot be read.
    """
    names = (
        load_certificate(path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    )
    return (
        *names.get_values_for_type(x509.DNSName),
        *(str(address) for address in names.get_values_for_type(x509.IPAddress)),
    )


def authority_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """Return the certificate of a new authority, signed with its own key."""
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


def signed_certificate(
    folder: Folder,
    key: ec.EllipticCurvePrivateKey,
    name: str,
    *,
    usage: x509.ObjectIdentifier,
    days: int,
    names: Sequence[x509.GeneralName] = (),
) -> x509.Certificate:
    """Return a certificate that the authority of a folder has signed.

    Args:
        folder: Folder of the authority.
        key: Key of the master or worker.
        name: Common name.
        usage: Usage of the certificate: by a server, or by a client.
        days: Number of days for which it is valid.
        names: Names and addresses of a server.

    Raises:
        ServiceError: If the authority or its key cannot be read.
    """
    authority = load_certificate(folder.authority)
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


def general_name(host: str) -> x509.GeneralName:
    """Return a name or address of a server as certificates have it.

    Raises:
        ServiceError: If it is neither a name nor an address of one machine.
    """
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


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def common_name(one: x509.Certificate) -> str:
    """Return the common name of a certificate."""
    return str(one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a new key."""
    return ec.generate_private_key(ec.SECP256R1())


def pem(value: ec.EllipticCurvePrivateKey | x509.Certificate) -> str:
    """Return a key or a certificate as text of a PEM file."""
    if isinstance(value, x509.Certificate):
        return value.public_bytes(serialization.Encoding.PEM).decode()
    return value.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
