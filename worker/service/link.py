"""A worker's one connection to its master, over Pyro4."""

import logging
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import Pyro4
from Pyro4 import socketutil
from Pyro4.errors import CommunicationError, PyroError

from configspace.errors import ServiceError
from worker.service.credentials import load_context

log = logging.getLogger(__name__)

OBJECT = "dartboard"
CONNECT_SECONDS = 10.0
CALL_SECONDS = {"finish": 90.0, "fail": 90.0, "claim": 20.0}
"""The longest a call may take: an end waits for the master's store, a claim for a job."""
ANSWER_SECONDS = 10.0
"""The longest any other call may take. While a heartbeat waits for a network that swallows it,
nobody looks at the evaluation."""

# Pyro4 logs each failed attempt to connect as an error; while a master is away that is expected,
# and is reported here once.
logging.getLogger("Pyro4.core").setLevel(logging.CRITICAL)


class AwayError(Exception):
    """The master does not answer: it is down, or the network is."""


class Link:
    """A connection that is made when it is first needed, and again after it broke."""

    def __init__(self, address: str, *, credentials: Path | None = None) -> None:
        """Remember where the master is.

        Args:
            address: ``host:port``.
            credentials: The worker's file, for a master that wants one.

        Raises:
            ServiceError: If it is not an address, or the file is not one of credentials.
        """
        host, colon, port = address.rpartition(":")
        if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ServiceError(
                f"wanted the master's address as HOST:PORT, such as 192.168.0.7:9090, got "
                f"{address!r}"
            )
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
        """Whether there is a connection, as far as is known."""
        return self._proxy is not None

    def open(self) -> None:
        """Connect.

        Raises:
            AwayError: If the master cannot be reached.
            ServiceError: If it is not the one that the credentials are for, or does not accept
                them.
        """
        self.close()
        Pyro4.config.SERIALIZER = "serpent"
        _use(self._context)
        proxy = Pyro4.Proxy(self._uri)
        proxy._pyroTimeout = CONNECT_SECONDS
        try:
            proxy._pyroBind()
        except PyroError as error:
            if (refusal := _refusal(error)) is not None:
                raise ServiceError(
                    f"cannot work for the master at {self._address}: {refusal}"
                ) from error
            raise AwayError(str(error)) from error
        self._proxy = proxy

    def call(self, method: str, *arguments: Any) -> Any:
        """Call one of the master's methods and return its answer.

        Raises:
            AwayError: If there is no connection, or it breaks.
            ServiceError: If the master does not accept the call.
        """
        if self._proxy is None:
            raise AwayError("not connected")
        self._proxy._pyroTimeout = CALL_SECONDS.get(method, ANSWER_SECONDS)
        try:
            answer = self._proxy._pyroInvoke(method, arguments, {})
        except CommunicationError as error:
            self.close()
            raise AwayError(str(error)) from error
        if isinstance(answer, dict) and "refused" in answer:
            raise ServiceError(f"the master refused {method!r}: {answer['refused']}")
        return answer

    def close(self) -> None:
        """Drop the connection, if there is one."""
        if self._proxy is not None:
            self._proxy._pyroRelease()
            self._proxy = None


def _use(context: ssl.SSLContext | None) -> None:
    """Tell Pyro4 how to connect.

    The context that Pyro4 makes from its settings would trust the system's authorities, too; so
    ours is put where Pyro4 keeps its own.
    """
    Pyro4.config.SSL = context is not None
    socketutil.__ssl_client_context = context


def _refusal(error: PyroError) -> str | None:
    """Say why trying again would not help; None if it may."""
    _, rejected, reason = str(error).partition(" rejected: refused: ")
    if rejected:
        return reason
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not accepted here ({cause.verify_message.rstrip('.')}); it "
                "must be of the authority that issued this worker's credentials, made with this "
                "name or address as --host, and good on this machine's date"
            )
        if isinstance(cause, ssl.SSLError) and cause.reason:
            if "ALERT" in cause.reason and ("CERT" in cause.reason or "CA" in cause.reason):
                told = cause.reason.partition("ALERT_")[2].replace("_", " ").lower()
                return (
                    f"it does not accept this worker's credentials ({told}); "
                    "'dartboard credentials issue' makes others"
                )
            if cause.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
                return "it does not encrypt; leave --credentials out if you trust the network"
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
