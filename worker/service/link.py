"""A worker's one connection to its master, over Pyro4."""

import ipaddress
import logging
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

import Pyro4
from Pyro4 import socketutil
from Pyro4.errors import CommunicationError, ProtocolError, PyroError

from configspace.errors import ServiceError
from configspace.protocol import OBJECT, REFUSED, Method, Refused, Reply
from worker.service.credentials import load_context

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
CALL_SECONDS = {"finish": 90.0, "fail": 90.0, "claim": 20.0}
"""Longest duration of some calls: a result waits for the master's store, a claim for a job."""
ANSWER_SECONDS = 10.0
"""Longest duration of every other call. It is short because nothing checks the limits of the
evaluation while a heartbeat waits for a broken network."""

R = TypeVar("R", bound=Reply)

# Pyro4 logs each failed attempt to connect as an error. This is expected while a master is down,
# and the worker reports it once.
logging.getLogger("Pyro4.core").setLevel(logging.CRITICAL)


class UnreachableError(Exception):
    """The master does not answer: it is down, or the network is broken."""


class Link:
    """A connection to a master, which can be opened again after it broke."""

    def __init__(self, address: str, *, credentials: Path | None = None) -> None:
        """Remember where the master is, without connecting.

        Args:
            address: Address of the master, as ``host:port``.
            credentials: The worker's credentials file, for a master that needs one.

        Raises:
            ServiceError: If the address has another form, or the file is not a credentials file.
        """
        check_address(address)
        self._address = address
        self._uri = f"PYRO:{OBJECT}@{address}"
        self._context = None if credentials is None else load_context(credentials)
        self._proxy: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether there is a connection; it may have broken since its last use."""
        return self._proxy is not None

    def open(self) -> None:
        """Connect.

        Raises:
            UnreachableError: If the master cannot be reached.
            ServiceError: If the credentials do not fit the master, so that another attempt would
                fail as well.
        """
        self.close()
        Pyro4.config.SERIALIZER = "serpent"
        _use(self._context)
        proxy = Pyro4.Proxy(self._uri)
        proxy._pyroTimeout = CONNECT_SECONDS
        try:
            proxy._pyroBind()
        except PyroError as error:
            if (refusal := self._refusal(error)) is not None:
                raise refusal from error
            if any(isinstance(cause, ProtocolError) for cause in _causes(error)):
                raise UnreachableError(
                    f"what answers at {self._address} is not a dartboard master"
                ) from error
            raise UnreachableError(str(error)) from error
        self._proxy = proxy

    def call(self, method: Method[R], *arguments: object) -> R:
        """Call one of the master's methods and return its reply.

        Raises:
            UnreachableError: If there is no connection, or it breaks.
            ServiceError: If the master refuses the call, or an error ends its answer.
            WireError: If the reply is not one of the method's.
        """
        if self._proxy is None:
            raise UnreachableError("not connected")
        self._proxy._pyroTimeout = CALL_SECONDS.get(method.name, ANSWER_SECONDS)
        try:
            answer = self._proxy._pyroInvoke(method.name, arguments, {})
        except CommunicationError as error:
            self.close()
            raise UnreachableError(str(error)) from error
        except Exception as error:  # it was raised there, such as MemoryError
            raise ServiceError(
                f"the master failed to answer {method.name!r}: {type(error).__name__}: {error}",
                advice="the log of the master says more",
            ) from error
        reply = method.reply_from_wire(answer)
        if isinstance(reply, Refused):
            raise ServiceError(
                f"the master refused {method.name!r}: {reply.problem}", advice=reply.advice
            )
        return reply

    def close(self) -> None:
        """Drop the connection, if there is one."""
        if self._proxy is not None:
            self._proxy._pyroRelease()
            self._proxy = None

    def _refusal(self, error: PyroError) -> ServiceError | None:
        """Return why another attempt would fail as well; None if it may succeed."""

        def refusal(reason: str, advice: str = "") -> ServiceError:
            return ServiceError(
                f"cannot work for the master at {self._address}: {reason}", advice=advice
            )

        # A denied handshake carries nothing but a text, which Pyro4 puts into that of its exception
        # ("connection to … rejected: …"). This is the only place that reads a message.
        _, refused, reason = str(error).partition(f" rejected: {REFUSED}")
        if refused:
            return refusal(reason)
        for cause in _causes(error):
            if isinstance(cause, ssl.SSLCertVerificationError):
                return refusal(
                    "its certificate is not accepted here "
                    f"({cause.verify_message.rstrip('.')}); it must be signed by the authority "
                    "that issued this worker's credentials, made with this name or address as "
                    "--host, and valid at this machine's date"
                )
            if not isinstance(cause, ssl.SSLError) or not cause.reason:
                continue
            if "ALERT" in cause.reason and ("CERT" in cause.reason or "CA" in cause.reason):
                alert = cause.reason.partition("ALERT_")[2].replace("_", " ").lower()
                return refusal(
                    f"it does not accept this worker's credentials ({alert})",
                    "make new ones with 'dartboard credentials issue'",
                )
            if cause.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
                return refusal(
                    "it does not encrypt", "leave --credentials out if you trust the network"
                )
        return None


def check_address(address: str) -> None:
    """Check the form of a master's address.

    Args:
        address: Name or address and port, as ``host:port`` or ``[IPv6 address]:port``.

    Raises:
        ServiceError: If it has another form.
    """
    host, _, port = address.rpartition(":")
    advice = ""
    if host.startswith("[") and host.endswith("]"):
        valid, advice = _is_ipv6(host[1:-1]), "give an IPv6 address in the brackets"
        if "%" in host:  # Pyro4 cannot connect to it
            valid, advice = False, "use a name, or an address without a scope such as %eth0"
    elif ":" in host:
        valid, advice = False, "put an IPv6 address in brackets, as in [::1]:9090"
    else:
        valid = _is_name(host)
    if not valid or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ServiceError(
            f"expected the master's address as HOST:PORT, such as 192.168.0.7:9090, got "
            f"{address!r}",
            advice=advice,
        )


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _is_name(text: str) -> bool:
    try:
        text.encode("idna")  # as the look-up does; it refuses parts that are too long
    except UnicodeError:
        return False
    return re.fullmatch(r"[^\s@/\[\]%]+", text) is not None


def _use(context: ssl.SSLContext | None) -> None:
    """Tell Pyro4 how to connect.

    The context that Pyro4 makes from its settings would also trust the system's authorities. So
    this function puts the given context where Pyro4 keeps its own.
    """
    Pyro4.config.SSL = context is not None
    socketutil.__ssl_client_context = context


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
