"""A worker's credentials: one file with its key, its certificate, and the authority's."""

import re
import ssl
from pathlib import Path

from configspace.errors import ServiceError

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def load_context(path: Path) -> ssl.SSLContext:
    """Return how to connect with a worker's credentials.

    The master must show a certificate for the name by which it is called, signed by the authority
    in the file; no other authority is trusted.

    Raises:
        ServiceError: If the file cannot be read, or is not one of credentials.
    """
    try:
        text = path.read_text(encoding="ascii")
        _, authority = _CERTIFICATE.findall(text)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_cert_chain(path, password="")  # a key of ours has none; never ask for one
        context.load_verify_locations(cadata=authority)
    except ssl.SSLError as error:
        raise ServiceError(_complaint(path, error.reason or str(error))) from error
    except OSError as error:
        raise ServiceError(f"cannot read credentials {str(path)!r}: {error.strerror}") from error
    except ValueError as error:
        raise ServiceError(_complaint(path, "it does not hold two certificates")) from error
    return context


def _complaint(path: Path, reason: str) -> str:
    return (
        f"{str(path)!r} is not a worker's credentials, made by 'dartboard credentials issue': "
        f"{reason}"
    )
