"""The one object that workers call, over Pyro4: everything they may ask of a master.

Only built-in types cross the wire, serialized by serpent: nothing is ever unpickled. The object
checks what a client sends. It answers a malformed message with a `Refused` that says why, and logs
it with its origin.

With credentials the connection is encrypted and both sides show certificates, by Pyro4's own
settings; `master.network.daemon` decides which clients may connect.
"""

import functools
import inspect
import ipaddress
import logging
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import Pyro4
from Pyro4 import socketutil

from configspace.errors import ServiceError, WireError
from configspace.foreign_text import cleaned
from configspace.job import Failure, Outcome
from configspace.protocol import (
    OBJECT,
    Continue,
    Done,
    EvaluationProgress,
    Idle,
    Joined,
    Lease,
    Left,
    Received,
    Refused,
    Rejoin,
    Reply,
    Resend,
    Stop,
    WorkerInfo,
)
from configspace.threads import died, start_thread
from configspace.versions import versions
from master.credentials.folder import Folder, Revocations, check_exposure
from master.dispatch.exchange import Exchange
from master.dispatch.roster import check_versions
from master.network.daemon import Daemon

log = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 128 * 2**20
SPARE_CONNECTIONS = 8
"""Threads in addition to one per worker, so that a worker that reconnects finds one."""
DISCONNECT_POLL_SECONDS = 0.01
CLOSE_SECONDS = 1.0
"""Longest time that closing the port waits for Pyro4 to end its threads."""


def _answering(method: Callable[..., Reply]) -> Any:
    """Expose a method: send its reply in wire form, and refuse a malformed message."""
    signature = inspect.signature(method)

    @functools.wraps(method)
    def answer(port: "Dartboard", /, *arguments: Any, **named: Any) -> dict[str, Any]:
        try:
            try:
                signature.bind(port, *arguments, **named)
            except TypeError as error:
                raise WireError(str(error)) from error
            return method(port, *arguments, **named).to_wire()
        except WireError as error:
            origin = Pyro4.current_context.client_sock_addr
            log.warning("refused %s from %s: %s", method.__name__, origin, error)
            return Refused(problem=error.problem, advice=error.advice).to_wire()
        except Exception:
            raise  # Pyro4 sends it to the worker, and the daemon logs it
        except BaseException as error:
            port.broken(died(f"answer to {method.__name__!r}", error))
            raise

    return Pyro4.expose(answer)


@Pyro4.behavior(instance_mode="single")
class Dartboard:
    """The object that workers call; `configspace.protocol` lists its methods and their replies."""

    def __init__(self, exchange: Exchange, *, heartbeat_seconds: float) -> None:
        self._exchange = exchange
        self._heartbeat_seconds = heartbeat_seconds

    @_answering
    def join(self, info: dict[str, Any]) -> Joined:
        """Put a worker on the roster, unless it would compute different results."""
        known = WorkerInfo.from_wire(info)
        check_versions(known, versions())
        name, sharing = self._exchange.join(_as_seen_here(known))
        return Joined(worker=name, sharing=sharing, heartbeat_seconds=self._heartbeat_seconds)

    @_answering
    def claim(
        self, worker: str, ready: bool = True, progress: list[Any] | None = None
    ) -> Lease | Idle | Done | Rejoin:
        """Ask for a job.

        A worker that is not ready to begin gets no job. With the call it shows that it is
        alive and how far it is, and learns when the master is done.
        """
        if not isinstance(ready, bool):
            raise WireError(f"expected true or false for 'ready', got {type(ready).__name__}")
        return self._exchange.claim(_text("worker", worker), _progress(progress), ready=ready)

    @_answering
    def heartbeat(
        self, worker: str, token: str, progress: list[Any] | None = None
    ) -> Continue | Stop:
        """Renew a lease, and report how far its evaluation is."""
        return self._exchange.heartbeat(
            _text("worker", worker),
            _text("token", token),
            _progress(progress),
        )

    @_answering
    def finish(
        self, worker: str, token: str, study: str, outcome: dict[str, Any]
    ) -> Received | Resend:
        """Deliver an outcome; the reply comes when it is stored."""
        _text("token", token)  # any valid outcome is welcome, even if the lease has expired
        return self._exchange.deliver(
            _text("worker", worker), _text("study", study), Outcome.from_wire(outcome)
        )

    @_answering
    def fail(
        self, worker: str, token: str, study: str, failure: dict[str, Any]
    ) -> Received | Resend:
        """Report why a job has no outcome; the reply comes when that is stored."""
        return self._exchange.fail(
            _text("worker", worker),
            _text("token", token),
            _text("study", study),
            Failure.from_wire(failure),
        )

    @_answering
    def leave(self, worker: str) -> Left:
        """Take a worker off the roster, and take back the job that it has on lease."""
        self._exchange.leave(_text("worker", worker))
        return Left()

    def broken(self, error: ServiceError) -> None:
        """End the master with the reason for which a thread died."""
        self._exchange.broken(error)


class Port:
    """A port at which the object answers, in daemon threads."""

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
        self._target = Dartboard(exchange, heartbeat_seconds=heartbeat_seconds)
        self._heartbeat_seconds = heartbeat_seconds
        self._host, self._port, self._max_workers = host, port, max_workers
        self._credentials, self._insecure = credentials, insecure
        self._daemon: Daemon | None = None

    def open(self) -> str:
        """Listen at the port.

        Returns:
            The address, as ``host:port``.

        Raises:
            ServiceError: If the port is not available, the credentials cannot be used, or without
                credentials other machines than this one could connect.
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
            self._daemon = Daemon(
                self._host,
                self._port,
                self._max_workers,
                None if self._credentials is None else Revocations(self._credentials.revoked),
            )
        except ssl.SSLError as error:
            raise ServiceError(
                f"the credentials in {str(getattr(self._credentials, 'path', None))!r} cannot be "
                f"used: {error.reason or error}",
                advice="renew them with 'dartboard credentials init'",
            ) from error
        except OSError as error:
            raise ServiceError(
                f"cannot listen on {self._host}:{self._port}: {error.strerror or error}",
                advice="choose another --port, or stop what uses it",
            ) from error
        self._daemon.register(self._target, OBJECT)
        start_thread("port", self._daemon.requestLoop, self._target.broken)
        host, port = self._daemon.sock.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def wait_for_disconnects(self, timeout: float) -> None:
        """Wait, up to ``timeout`` seconds, until all clients have disconnected.

        A worker disconnects once it knows that the master is done. To disconnect it earlier might
        lose that reply.
        """
        deadline = time.monotonic() + timeout
        while self._daemon is not None and self._daemon.is_in_use and time.monotonic() < deadline:
            time.sleep(DISCONNECT_POLL_SECONDS)

    def close(self) -> None:
        """Stop listening and close every connection."""
        if self._daemon is not None:
            self._daemon.cut()
            # Pyro closes its sockets at once, but then waits up to 5 s for its accept loop, which
            # on a busy machine may have missed its wake-up call. Nothing needs that loop any more.
            closing = threading.Thread(target=self._daemon.shutdown, name="closing", daemon=True)
            closing.start()
            closing.join(CLOSE_SECONDS)
            self._daemon = None


def _use(credentials: Folder | None, host: str) -> None:
    """Configure the credentials with which Pyro4 serves."""
    Pyro4.config.SSL = credentials is not None
    # Pyro4 keeps the first context that it makes, and would ignore later settings.
    socketutil.__ssl_server_context = None
    if credentials is None:
        return
    from master.credentials.authority import (
        check_host,  # not needed on loopback, and slow to import
    )

    credentials.check()
    check_host(credentials, host)
    Pyro4.config.SSL_REQUIRECLIENTCERT = True
    Pyro4.config.SSL_SERVERCERT = str(credentials.certificate)
    Pyro4.config.SSL_SERVERKEY = str(credentials.key)
    Pyro4.config.SSL_SERVERKEYPASSWD = ""
    Pyro4.config.SSL_CACERTS = str(credentials.authority)


def _as_seen_here(info: WorkerInfo) -> WorkerInfo:
    """Return a worker's description with what the master knows: credentials and address.

    In a container, the worker's own name and host are only an id.
    """
    credentials = getattr(Pyro4.current_context.client, "credentials", "")
    address = str(Pyro4.current_context.client_sock_addr[0])
    name = info.name if info.named or not credentials else credentials
    known = [credentials] if credentials and name.partition("~")[0] != credentials else []
    known += [] if ipaddress.ip_address(address).is_loopback else [address]
    host = f"{info.host} ({', '.join(known)})" if known else info.host
    return info.model_copy(update={"name": name, "host": host})


def _progress(value: object) -> EvaluationProgress | None:
    return None if value is None else EvaluationProgress.from_wire(value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise WireError(f"expected a short text for {name!r}, got {type(value).__name__}")
    if len(value) > 300:
        raise WireError(f"expected a short text for {name!r}, got {len(value)} characters")
    return cleaned(value)
