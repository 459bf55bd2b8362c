"""The server behind the master's port: handshakes, certificates, and malformed messages.

It adds three things to Pyro4's daemon. The handshake happens in the thread that serves the
connection, not in the one that accepts all connections. Every message is checked against the list
of revoked certificates. Every refused client is logged with its origin.
"""

import contextlib
import logging
import socket
import ssl
import time
import warnings
from typing import Any

import Pyro4
import Pyro4.message
import Pyro4.util
from Pyro4.errors import CommunicationError, ConnectionClosedError, SecurityError

from configspace.errors import ServiceError
from configspace.protocol import REFUSED
from master.credentials.folder import Revocations

log = logging.getLogger(__name__)

HANDSHAKE_SECONDS = 10.0
"""Longest time that a client may take for its handshake."""
_SILENCE = "it sent nothing for {:g} s"


class Daemon(Pyro4.Daemon):  # type: ignore[misc]  # Pyro4 is untyped
    """Pyro's daemon, which also knows its connections and refuses revoked clients."""

    def __init__(
        self, host: str, port: int, max_workers: int, revocations: Revocations | None
    ) -> None:
        self._max_workers = max_workers
        self._revocations = revocations
        self._connections: set[Any] = set()
        # Pyro4 calls it in its accept loop, which would die of it under PYTHONWARNINGS=error.
        warnings.filterwarnings("ignore", r"isSet\(\) is deprecated", DeprecationWarning, "Pyro4")
        super().__init__(host=host, port=port)
        if revocations is not None:
            # Otherwise a client that connects and stays silent blocks the accept loop, and with
            # it all other clients.
            self.sock.do_handshake_on_connect = False

    def validateHandshake(self, conn: Any, data: Any) -> str:  # noqa: N802, ARG002
        """Accept a client, or raise the reason for refusing it; part of Pyro's interface."""
        conn.has_handshake = True
        if self._revocations is not None:
            self._check_every_message(conn, self._revocations)
        self._connections.add(conn)
        return "hello"

    def clientDisconnect(self, conn: Any) -> None:  # noqa: N802
        """Forget a client that has disconnected; part of Pyro's interface."""
        self._connections.discard(conn)

    def _handshake(self, conn: Any, denied_reason: str | None = None) -> Any:
        """Greet a client in its own thread, or deny it in the accept loop."""
        conn.sock.settimeout(HANDSHAKE_SECONDS)
        if denied_reason is not None:
            log.warning(
                "refused a connection from %s: all connections are in use (%d); raise "
                "--max-workers",
                _origin(conn),
                self._max_workers,
            )
            # A silent client must not block the accept loop.
            conn.sock.settimeout(0.5)
        if self._revocations is not None:
            try:
                conn.sock.do_handshake()
            except OSError as error:  # also raised for a bad certificate and for silence
                log.warning("refused a connection from %s: %s", _origin(conn), _reason(error))
                if denied_reason is None:
                    _close_after_reason(conn.sock, error)
                return False
        origin, began = _origin(conn), time.monotonic()
        accepted = False
        try:
            accepted = super()._handshake(conn, denied_reason)
        finally:
            if not (accepted or denied_reason or getattr(conn, "has_handshake", False)):
                waited = time.monotonic() - began
                log.warning(
                    "refused a connection from %s: %s",
                    origin,
                    _SILENCE.format(HANDSHAKE_SECONDS)
                    if waited >= HANDSHAKE_SECONDS
                    else "it did not send the first message of a worker",
                )
        conn.sock.settimeout(Pyro4.config.COMMTIMEOUT)
        return accepted

    def handleRequest(self, conn: Any) -> None:  # noqa: N802
        """Answer a call; part of Pyro's interface."""
        origin = _origin(conn)
        try:
            super().handleRequest(conn)
        except ConnectionClosedError as error:
            if getattr(error, "partialData", b""):
                log.warning("dropped the connection from %s: it broke during a message", origin)
            raise  # without partial data, the client has disconnected
        except CommunicationError as error:
            log.warning("dropped the connection from %s: %s", origin, error)
            raise

    def _sendExceptionResponse(  # noqa: N802
        self,
        connection: Any,
        seq: int,
        serializer_id: int,
        error: Exception,
        *more: Any,
        **named: Any,
    ) -> None:
        """Send a client the error of its call; part of Pyro's interface."""
        if not isinstance(error, SecurityError):  # a SecurityError is logged where it is raised
            reason = f"{type(error).__name__}: {error}"
            log.warning("refused a call from %s: %.300s", _origin(connection), reason)
        super()._sendExceptionResponse(connection, seq, serializer_id, error, *more, **named)

    def _check_every_message(self, conn: Any, revocations: Revocations) -> None:
        """Refuse a revoked client, now and at every later message, whatever it calls."""
        certificate = conn.getpeercert()
        serial = int(certificate["serialNumber"], 16)
        name = dict(part[0] for part in certificate["subject"]).get("commonName", "?")
        conn.credentials = name  # for the object that workers call
        receive, send = conn.recv, conn.send

        def check() -> None:
            try:
                revoked = serial in revocations
            except ServiceError as error:
                log.error("refused a call from %s: %s", _origin(conn), error)
                raise SecurityError(str(error)) from error
            if revoked:
                log.warning("refused a call from %s: %r is revoked", _origin(conn), name)
                raise SecurityError(f"{REFUSED}the credentials of {name!r} are revoked")

        def checked_recv(size: int) -> Any:
            received = receive(size)
            check()
            return received

        def checked_send(data: Any) -> None:
            check()  # the client may have been revoked while its claim waited for a job
            send(data)

        check()
        # The check sits below Pyro4's requests, so that it covers all of them.
        conn.recv, conn.send = checked_recv, checked_send

    @property
    def is_in_use(self) -> bool:
        """Whether any client is connected."""
        return bool(self._connections)

    def cut(self) -> None:
        """Close every connection, so that the threads that serve them end."""
        for connection in list(self._connections):
            connection.close()


def _origin(conn: Any) -> str:
    try:
        return "{}:{}".format(*conn.sock.getpeername())
    except OSError:
        return "a client that has disconnected"


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return _SILENCE.format(HANDSHAKE_SECONDS)
    return str(getattr(error, "verify_message", None) or getattr(error, "reason", None) or error)


def _close_after_reason(sock: ssl.SSLSocket, error: OSError) -> None:
    """Close a connection in such a way that the client can read the reason.

    A connection that is closed with unread data is reset, and the last data that was sent may be
    lost: the alert of a failed handshake, or the text for a client that does not encrypt.
    """
    with contextlib.suppress(OSError):
        sock.settimeout(0.5)
        if getattr(error, "reason", None) == "WRONG_VERSION_NUMBER":
            socket.socket.sendall(sock, _answer_in_plain_text())  # below the encryption
        sock.shutdown(socket.SHUT_WR)
        for _ in range(16):  # enough for a first message, but not for an endless one
            if not sock.recv(2**16):
                break


def _answer_in_plain_text() -> bytes:
    serializer = Pyro4.util.get_serializer("serpent")
    text = f"{REFUSED}it needs --credentials FILE, made by 'dartboard credentials issue'"
    data, _ = serializer.serializeData(text)
    answer = Pyro4.message.Message(
        Pyro4.message.MSG_CONNECTFAIL, data, serializer.serializer_id, 0, 0
    )
    return bytes(answer.to_bytes())
