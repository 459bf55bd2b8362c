"""A worker's credentials: one file with its key, its certificate and the authority's."""

import re
import ssl
from pathlib import Path

from configspace.errors import ServiceError

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)

_MAX_BYTES = 1_000_000


def load_context(path: Path) -> ssl.SSLContext:
    """Return the TLS context of a worker's credentials.

    The master must show a certificate for the host name or address that the worker uses, signed by
    the authority in the file. No other authority is trusted.

    Raises:
        ServiceError: If the file cannot be read, or is not a credentials file.
    """
    if path.exists() and not path.is_file() and not path.is_dir():  # it may never end
        raise ServiceError(f"expected a file of credentials, got {str(path)!r}, a device or a pipe")
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise _not_credentials(path, f"it has more than {_MAX_BYTES:,} bytes")
        text = path.read_text(encoding="ascii")
        _, authority = _CERTIFICATE.findall(text)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_cert_chain(path, password="")  # dartboard's keys need no password
        context.load_verify_locations(cadata=authority)
    except ssl.SSLError as error:
        raise _not_credentials(path, "its key or a certificate is damaged") from error
    except IsADirectoryError as error:
        raise ServiceError(
            f"expected a file of credentials, got the folder {str(path)!r}",
            advice="name the file; Docker makes such a folder if the file to mount does not exist",
        ) from error
    except OSError as error:
        raise ServiceError(
            f"cannot read credentials {str(path)!r}: {error.strerror}",
            advice="name the file that 'dartboard credentials issue' made on the master's machine",
        ) from error
    except ValueError as error:
        raise _not_credentials(path, "it does not contain two certificates") from error
    return context


def _not_credentials(path: Path, reason: str) -> ServiceError:
    return ServiceError(
        f"{str(path)!r} is not a worker's credentials file: {reason}",
        advice="make one with 'dartboard credentials issue'",
    )
