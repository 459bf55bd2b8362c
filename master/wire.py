"""The one object that workers call, over Pyro4: everything they may ask of a master.

Only built-in types cross the wire, serialised by serpent: nothing is ever unpickled. What a
client sends is checked here; a message that is not what it should be is refused by an answer
that says why, and is logged with its origin.

With credentials the connection is encrypted and both sides show certificates, by Pyro4's own
settings. What Pyro4 leaves open is settled here: hands are shaken in the thread that serves the
connection, not in the one that accepts all of them; and whether a certificate is revoked is looked
up with every message.
"""

import contextlib
import functools
import inspect
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import Pyro4
import Pyro4.message
import Pyro4.util
from Pyro4 import socketutil
from Pyro4.errors import SecurityError

from configspace.errors import ServiceError, WireError
from configspace.job import Failure, Outcome
from configspace.versions import versions
from master.admission import Folder, Revocations, check_exposure
from master.exchange import Exchange
from master.roster import Progress, WorkerInfo, check_versions

log = logging.getLogger(__name__)

OBJECT = "dartboard"
MAX_MESSAGE_BYTES = 128 * 2**20
SPARE_CONNECTIONS = 8
"""Threads beyond one a worker, so that a worker that reconnects finds one."""
HANDSHAKE_SECONDS = 10.0
"""How long a client may take to say who it is."""
REFUSED = "refused: "
"""How the answer begins to a client that need not try again."""

GOODBYE_POLL_SECONDS = 0.01
CLOSE_SECONDS = 1.0
"""The longest that closing the port waits for Pyro4 to end its threads."""


def _answering(method: Callable[..., Any]) -> Any:
    """Expose a method, and let it answer a malformed message with ``{"refused": why}``."""
    signature = inspect.signature(method)

    @functools.wraps(method)
    def answer(*arguments: Any, **named: Any) -> Any:
        try:
            try:
                signature.bind(*arguments, **named)
            except TypeError as error:
                raise WireError(str(error)) from error
            return method(*arguments, **named)
        except WireError as error:
            origin = Pyro4.current_context.client_sock_addr
            log.warning("refused %s from %s: %s", method.__name__, origin, error)
            return {"refused": str(error)}

    return Pyro4.expose(answer)


@Pyro4.behavior(instance_mode="single")
class Dartboard:
    """What a worker may call. Each method but ``heartbeat`` answers with a dict."""

    def __init__(self, exchange: Exchange, settings: dict[str, Any]) -> None:
        self._exchange = exchange
        self._settings = settings

    @_answering
    def join(self, info: dict[str, Any]) -> dict[str, Any]:
        """Enter a worker; answers with the name it has here, and the service's periods.

        ``beside`` says, here and with each job, how many workers share its machine.
        """
        known = WorkerInfo.from_wire(info)
        check_versions(known, versions())
        name, beside = self._exchange.join(known)
        return {"worker": name, "beside": beside, **self._settings}

    @_answering
    def claim(self, worker: str, ready: bool = True) -> dict[str, Any]:
        """Ask for a job: ``{"job", "token"}``, ``{"idle"}``, ``{"done"}`` or ``{"join"}``.

        A worker that is not ready to begin gets no job: it shows that it lives, and hears when all
        is done. It leaves when it has heard that.
        """
        if not isinstance(ready, bool):
            raise WireError(f"wanted true or false for 'ready', got {type(ready).__name__}")
        return self._exchange.claim(_text("worker", worker), ready=ready)

    @_answering
    def heartbeat(
        self, worker: str, token: str, progress: list[Any] | None = None
    ) -> str | dict[str, Any]:
        """Say that a job goes on; answers "continue" or "stop"."""
        going_on = self._exchange.heartbeat(
            _text("worker", worker), _text("token", token), _progress(progress)
        )
        return "continue" if going_on else "stop"

    @_answering
    def finish(
        self, worker: str, token: str, study: str, outcome: dict[str, Any]
    ) -> dict[str, Any]:
        """Deliver an outcome; answers once it is stored: ``{"accepted"}`` or ``{"retry"}``."""
        _text("token", token)  # any valid outcome is welcome, whatever became of the lease
        return self._exchange.deliver(
            _text("worker", worker), _text("study", study), Outcome.from_wire(outcome)
        )

    @_answering
    def fail(self, worker: str, token: str, study: str, failure: dict[str, Any]) -> dict[str, Any]:
        """Say why a job brought no outcome; answers as ``finish`` does."""
        return self._exchange.fail(
            _text("worker", worker),
            _text("token", token),
            _text("study", study),
            Failure.from_wire(failure),
        )

    @_answering
    def leave(self, worker: str) -> dict[str, Any]:
        """Say goodbye, and give back what is on lease."""
        self._exchange.leave(_text("worker", worker))
        return {}


class Port:
    """An open port behind which the object answers, in daemon threads."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        host: str,
        port: int,
        max_workers: int,
        heartbeat_seconds: float,
        credentials: Folder | None = None,
        insecure: bool = False,
    ) -> None:
        self._target = Dartboard(exchange, {"heartbeat_seconds": heartbeat_seconds})
        self._heartbeat_seconds = heartbeat_seconds
        self._host, self._port, self._max_workers = host, port, max_workers
        self._credentials, self._insecure = credentials, insecure
        self._daemon: _Daemon | None = None

    def open(self) -> str:
        """Listen; returns the address, as ``host:port``.

        Raises:
            ServiceError: If the port cannot be had, the credentials cannot be used, or there are
                none and others than this machine could connect.
        """
        check_exposure(self._host, self._credentials, insecure=self._insecure)
        _use(self._credentials, self._host)
        Pyro4.config.SERVERTYPE = "thread"
        Pyro4.config.SERIALIZER = "serpent"
        Pyro4.config.SERIALIZERS_ACCEPTED = {"serpent"}
        Pyro4.config.THREADPOOL_SIZE = self._max_workers + SPARE_CONNECTIONS
        Pyro4.config.COMMTIMEOUT = max(30.0, 3 * self._heartbeat_seconds)
        Pyro4.config.MAX_MESSAGE_SIZE = MAX_MESSAGE_BYTES
        try:
            self._daemon = _Daemon(
                self._host,
                self._port,
                self._max_workers,
                None if self._credentials is None else Revocations(self._credentials.revoked),
            )
        except ssl.SSLError as error:
            raise ServiceError(
                f"the credentials in {str(getattr(self._credentials, 'path', None))!r} cannot be "
                f"used: {error.reason or error}; 'dartboard credentials init' renews them"
            ) from error
        except OSError as error:
            raise ServiceError(
                f"cannot listen on {self._host}:{self._port}: {error.strerror or error}; choose "
                "another --port, or stop what uses it"
            ) from error
        self._daemon.register(self._target, OBJECT)
        threading.Thread(target=self._daemon.requestLoop, name="port", daemon=True).start()
        host, port = self._daemon.sock.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def wait_for_goodbyes(self, patience: float) -> None:
        """Wait, up to ``patience`` seconds, until everybody has hung up.

        A worker does so once it has heard that all is done; to cut it off before might be to cut
        that answer off.
        """
        deadline = time.monotonic() + patience
        while self._daemon is not None and self._daemon.is_in_use and time.monotonic() < deadline:
            time.sleep(GOODBYE_POLL_SECONDS)

    def close(self) -> None:
        """Stop listening and cut every connection."""
        if self._daemon is not None:
            self._daemon.cut()
            # Pyro closes its sockets at once, but then waits up to 5 s for its accept loop, which
            # on a busy machine may have missed that it was woken. Nobody needs that loop any more.
            closing = threading.Thread(target=self._daemon.shutdown, name="closing", daemon=True)
            closing.start()
            closing.join(CLOSE_SECONDS)
            self._daemon = None


def _use(credentials: Folder | None, host: str) -> None:
    """Tell Pyro4 what to serve with."""
    Pyro4.config.SSL = credentials is not None
    # Pyro4 keeps the first context that it makes, and would serve with it whatever is set later.
    socketutil.__ssl_server_context = None
    if credentials is None:
        return
    from master.credentials import check_host  # not needed on loopback, and slow to import

    credentials.check()
    check_host(credentials, host)
    Pyro4.config.SSL_REQUIRECLIENTCERT = True
    Pyro4.config.SSL_SERVERCERT = str(credentials.certificate)
    Pyro4.config.SSL_SERVERKEY = str(credentials.key)
    Pyro4.config.SSL_SERVERKEYPASSWD = ""
    Pyro4.config.SSL_CACERTS = str(credentials.authority)


class _Daemon(Pyro4.Daemon):  # type: ignore[misc]  # Pyro4 is untyped
    """Pyro's daemon, which knows its connections, and whom not to let in."""

    def __init__(
        self, host: str, port: int, max_workers: int, revocations: Revocations | None
    ) -> None:
        self._max_workers = max_workers
        self._revocations = revocations
        self._connections: set[Any] = set()
        super().__init__(host=host, port=port)
        if revocations is not None:
            # Else a client that connects and says nothing keeps the accept loop, and so all others.
            self.sock.do_handshake_on_connect = False

    def validateHandshake(self, conn: Any, data: Any) -> str:  # noqa: N802, ARG002
        """Let a client in, or raise the reason why not; part of Pyro's interface."""
        if self._revocations is not None:
            self._check_every_message(conn, self._revocations)
        self._connections.add(conn)
        return "hello"

    def clientDisconnect(self, conn: Any) -> None:  # noqa: N802
        """Note that a client is gone; part of Pyro's interface."""
        self._connections.discard(conn)

    def _handshake(self, conn: Any, denied_reason: str | None = None) -> Any:
        """Get to know a client; called in its own thread, or in the accept loop to deny it."""
        conn.sock.settimeout(HANDSHAKE_SECONDS)
        if denied_reason is not None:
            log.warning(
                "refused a connection from %s: all places for %d workers are taken; raise "
                "--max-workers",
                _origin(conn),
                self._max_workers,
            )
            # A client that says nothing must not hold the accept loop up.
            conn.sock.settimeout(0.5)
        if self._revocations is not None:
            try:
                conn.sock.do_handshake()
            except OSError as error:  # a certificate's fault, and silence, are among them
                log.warning("refused a connection from %s: %s", _origin(conn), _reason(error))
                if denied_reason is None:
                    _let_it_read_why(conn.sock, error)
                return False
        welcome = super()._handshake(conn, denied_reason)
        conn.sock.settimeout(Pyro4.config.COMMTIMEOUT)
        return welcome

    def _check_every_message(self, conn: Any, revocations: Revocations) -> None:
        """Refuse a revoked client now, and as soon as it is, whatever it calls."""
        certificate = conn.getpeercert()
        serial = int(certificate["serialNumber"], 16)
        name = dict(part[0] for part in certificate["subject"]).get("commonName", "?")
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
            check()  # a claim may have waited for its job meanwhile
            send(data)

        check()
        # Below Pyro4's requests, so that there is none it does not hold for.
        conn.recv, conn.send = checked_recv, checked_send

    @property
    def is_in_use(self) -> bool:
        """Whether a client is connected."""
        return bool(self._connections)

    def cut(self) -> None:
        """Close every connection, so that the threads behind them end."""
        for connection in list(self._connections):
            connection.close()


def _origin(conn: Any) -> str:
    try:
        return "{}:{}".format(*conn.sock.getpeername())
    except OSError:
        return "a client that is gone"


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return f"it said nothing for {HANDSHAKE_SECONDS:g} s"
    return str(getattr(error, "verify_message", None) or getattr(error, "reason", None) or error)


def _let_it_read_why(sock: ssl.SSLSocket, error: OSError) -> None:
    """Close in such a way that a client gets to read why.

    Closed with something unread, a connection is reset, and what was sent last may be lost: the
    alert of a handshake that failed, or what is said here to a client that does not encrypt.
    """
    with contextlib.suppress(OSError):
        sock.settimeout(0.5)
        if getattr(error, "reason", None) == "WRONG_VERSION_NUMBER":
            socket.socket.sendall(sock, _answer_in_plain_text())  # below the encryption
        sock.shutdown(socket.SHUT_WR)
        for _ in range(16):  # enough for a first message; not for one that never ends
            if not sock.recv(2**16):
                break


def _answer_in_plain_text() -> bytes:
    serializer = Pyro4.util.get_serializer("serpent")
    text = f"{REFUSED}it wants --credentials FILE, made by 'dartboard credentials issue'"
    data, _ = serializer.serializeData(text)
    answer = Pyro4.message.Message(
        Pyro4.message.MSG_CONNECTFAIL, data, serializer.serializer_id, 0, 0
    )
    return bytes(answer.to_bytes())


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > 300:
        raise WireError(f"wanted a short text for {name!r}, got {type(value).__name__}")
    return value


def _progress(value: object) -> Progress | None:
    match value:
        case None:
            return None
        case [str(phase), int(done), int(total)] if len(phase) < 100:
            return phase, done, total
        case _:
            raise WireError("wanted progress as [phase, epochs done, epochs in all]")
