"""The one object that workers call, over Pyro4: everything they may ask of a master.

Only built-in types cross the wire, serialized by serpent: nothing is ever unpickled. What a
client sends is checked here; a message that is not what it should be is refused by an answer
that says why, and is logged with its origin.

With credentials the connection is encrypted and both sides show certificates, by Pyro4's own
settings; who is let in is for `master.network.daemon` to say.
"""

import functools
import inspect
import logging
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import Pyro4
from Pyro4 import socketutil

from configspace.errors import ServiceError, WireError
from configspace.job import Failure, Outcome
from configspace.versions import versions
from master.credentials.folder import Folder, Revocations, check_exposure
from master.dispatch.exchange import Exchange
from master.dispatch.roster import Progress, WorkerInfo, check_versions
from master.network.daemon import Daemon

log = logging.getLogger(__name__)

OBJECT = "dartboard"
MAX_MESSAGE_BYTES = 128 * 2**20
SPARE_CONNECTIONS = 8
"""Threads beyond one a worker, so that a worker that reconnects finds one."""
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
        self._daemon: Daemon | None = None

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
            self._daemon = Daemon(
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
