"""Faults by clients without credentials, with another authority's, or with revoked ones.

The study uses credentials. Each client tries every method in the name of a live worker, with the
name of the running study and of an evaluation that is running. The clients implement Pyro4's
protocol themselves, because Pyro4 has one encryption setting per process, and other scenes run
without encryption in the same process.
"""

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from Pyro4 import message, socketutil, util
from Pyro4.errors import PyroError

from configspace.protocol import OBJECT
from configspace.versions import versions
from master.credentials.authority import initialize, issue, revoke
from master.credentials.folder import Folder
from tests.drill.evaluations import id_of
from tests.drill.fault import Fault
from tests.drill.record import Hit, touched
from tests.drill.scene import HungError, Scene

INTRUDER = "intruder"
FORGED_PSNR = 999.0
PATIENCE = 10.0
"""Seconds of silence after which a connection counts as refused."""

_FORBIDDEN = (message.MSG_CONNECTOK, message.MSG_RESULT, message.MSG_PING)


def unauthenticated(scene: Scene) -> Hit:
    """Try everything without a certificate: first with encryption, then without."""
    scene.pause()
    hit = scene.hit()
    for context in (_trusting(scene), None):
        _try_everything(scene, context)
    return hit


def of_another_authority(scene: Scene) -> Hit:
    """Try everything with a certificate that another authority issued."""
    other = Folder(scene.folder / "another")
    certificate = scene.folder / "foreign.pem"
    if not other.authority.exists():
        initialize(other, [])
        certificate.write_text(issue(other, "foreign"))
    context = _trusting(scene)
    context.load_cert_chain(certificate)
    scene.pause()
    hit = scene.hit()
    _try_everything(scene, context)
    return hit


def revoked(scene: Scene) -> Hit:
    """Revoke a certificate during a connection, then try everything there and on new ones."""
    assert scene.credentials is not None
    name = f"doomed-{len(scene.hits)}"
    certificate = scene.folder / f"{name}.pem"
    certificate.write_text(issue(scene.credentials, name))
    context = _trusting(scene)
    context.load_cert_chain(certificate)
    scene.pause()
    calls = list(_calls(scene))
    with _accepted(scene, context, len(calls)) as before:
        hit = scene.hit()
        revoke(scene.credentials, name)
        for connection, (target, method, arguments) in zip(before, calls, strict=True):
            must_be_refused(connection, [invocation(target, method, arguments)], method)
    _try_everything(scene, context)
    return hit


def _try_everything(scene: Scene, context: ssl.SSLContext | None) -> None:
    """Call each method on a new connection: once after a first message, once without."""
    for target, method, arguments in _calls(scene):
        call = invocation(target, method, arguments)
        for messages in ([first_message(), call], [call]):
            with suppress(OSError), _connected(scene, context) as connection:
                must_be_refused(connection, messages, method)
    if found := touched(scene.store, worker=INTRUDER, loss=-FORGED_PSNR):
        raise HungError(f"an unauthorized client changed {', '.join(found)}")


def _calls(scene: Scene) -> Iterator[tuple[str, str, Sequence[Any]]]:
    """Yield every possible call: object, method and arguments."""
    newest = scene.spans().attempts[-1]
    name = f"{socket.gethostname()}-{newest.worker}"
    id = id_of(newest.evaluation)
    trial = {"seed": 1, "one_shot_psnr": FORGED_PSNR, "architecture_psnr": FORGED_PSNR}
    outcome = {"id": id.to_wire(), "trials": [trial], "engine": "noop", "device": "cpu"}
    failure = {"id": id.to_wire(), "kind": "exception", "message": INTRUDER}
    info = {
        "name": INTRUDER,
        "instance": "0",
        "pid": 1,
        "host": "h",
        "device": "cpu",
        "engine": "noop",
        "versions": versions(),
    }
    yield OBJECT, "join", (info,)
    yield OBJECT, "claim", (name,)
    yield OBJECT, "heartbeat", (name, "t", ["search", 1, 2])
    yield OBJECT, "finish", (INTRUDER, "t", scene.study.name, outcome)
    yield OBJECT, "fail", (name, "t", scene.study.name, failure)
    yield OBJECT, "leave", (name,)
    yield "Pyro.Daemon", "ping", ()
    yield "Pyro.Daemon", "registered", ()
    yield "Pyro.Daemon", "get_metadata", (OBJECT,)


def must_be_refused(
    connection: socketutil.SocketConnection, messages: Sequence[bytes], method: str
) -> None:
    """Send messages; check that the answer is an error, or that the connection is closed."""
    try:
        for one in messages:
            connection.send(one)
        answer = message.Message.recv(connection)
    except (OSError, PyroError):
        return
    if answer.type in _FORBIDDEN and not answer.flags & message.FLAGS_EXCEPTION:
        _fail(method)


def _fail(method: str) -> NoReturn:
    raise HungError(f"an unauthorized client can call {method!r}")


def _trusting(scene: Scene) -> ssl.SSLContext:
    """Return a client's TLS context: it trusts this master, and has no certificate yet."""
    assert scene.credentials is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(scene.credentials.authority)
    return context


@contextmanager
def _accepted(
    scene: Scene, context: ssl.SSLContext, count: int
) -> Iterator[list[socketutil.SocketConnection]]:
    """Open connections that the master accepts."""
    opened = []
    try:
        for _ in range(count):
            made = _connect(scene, context)
            opened.append(made)
            made.send(first_message())
            if message.Message.recv(made).type != message.MSG_CONNECTOK:
                raise HungError("the master refused good credentials")
        yield opened
    except (OSError, PyroError) as error:
        raise HungError(f"the master refused good credentials: {error}") from error
    finally:
        for made in opened:
            made.close()


@contextmanager
def _connected(
    scene: Scene, context: ssl.SSLContext | None
) -> Iterator[socketutil.SocketConnection]:
    made = _connect(scene, context)
    try:
        yield made
    finally:
        made.close()


def _connect(scene: Scene, context: ssl.SSLContext | None) -> socketutil.SocketConnection:
    host, _, port = scene.address.rpartition(":")
    try:
        bare = socket.create_connection((host, int(port)), timeout=PATIENCE)
    except OSError as error:
        raise HungError(f"no connection: {error}") from error
    if context is None:
        return socketutil.SocketConnection(bare)
    try:
        return socketutil.SocketConnection(context.wrap_socket(bare, server_hostname=host))
    except OSError:
        bare.close()
        raise


def first_message() -> bytes:
    """Return a client's first message."""
    return _message(
        message.MSG_CONNECT,
        util.get_serializer("serpent").dumps({"handshake": "hello", "object": OBJECT}),
    )


def invocation(target: str, method: str, arguments: Sequence[Any]) -> bytes:
    """Return the message that calls a method of an object."""
    serializer = util.get_serializer("serpent")
    return _message(message.MSG_INVOKE, serializer.dumpsCall(target, method, list(arguments), {}))


def _message(kind: int, data: bytes) -> bytes:
    serpent = util.get_serializer("serpent").serializer_id
    made: bytes = message.Message(kind, data, serpent, 0, 0).to_bytes()
    return made


FAULTS = (
    Fault("unauthenticated client tries every method", unauthenticated, credentials=True),
    Fault("client of another authority tries every method", of_another_authority, credentials=True),
    Fault("revoked client tries every method", revoked, credentials=True),
)
