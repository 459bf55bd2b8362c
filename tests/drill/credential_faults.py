"""What clients do that have no credentials, another authority's, or ones that were revoked.

The study runs under credentials meanwhile. Each client tries every method, in the name of a worker
that lives, at a study that runs and an evaluation that is under way. It speaks Pyro4's protocol by
itself: what Pyro4 knows of encryption is one for the whole process, and other scenes have none.
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

_FORBIDDEN = (message.MSG_CONNECTOK, message.MSG_RESULT, message.MSG_PING)


def unauthenticated(scene: Scene) -> Hit:
    """Try everything without a certificate: with encryption, and without."""
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
    """Try everything with a certificate that is revoked amid a connection, then on others."""
    assert scene.credentials is not None
    name = f"doomed-{len(scene.hits)}"
    certificate = scene.folder / f"{name}.pem"
    certificate.write_text(issue(scene.credentials, name))
    context = _trusting(scene)
    context.load_cert_chain(certificate)
    scene.pause()
    calls = list(_calls(scene))
    with _let_in(scene, context, len(calls)) as before:
        hit = scene.hit()
        revoke(scene.credentials, name)
        for connection, (target, method, arguments) in zip(before, calls, strict=True):
            must_be_refused(connection, [invocation(target, method, arguments)], method)
    _try_everything(scene, context)
    return hit


def _try_everything(scene: Scene, context: ssl.SSLContext | None) -> None:
    """Call each method on a connection of its own: after a greeting, and without."""
    for target, method, arguments in _calls(scene):
        call = invocation(target, method, arguments)
        for messages in ([greeting(), call], [call]):
            with suppress(OSError), _connected(scene, context) as connection:
                must_be_refused(connection, messages, method)
    if found := touched(scene.store, worker=INTRUDER, loss=-FORGED_PSNR):
        raise HungError(f"a stranger has touched {', '.join(found)}")


def _calls(scene: Scene) -> Iterator[tuple[str, str, Sequence[Any]]]:
    """Yield all that there is to call: object, method and arguments."""
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
    """Send messages; the answer has to be an error, or an end."""
    try:
        for one in messages:
            connection.send(one)
        answer = message.Message.recv(connection)
    except (OSError, PyroError):
        return
    if answer.type in _FORBIDDEN and not answer.flags & message.FLAGS_EXCEPTION:
        _complain(method)


def _complain(method: str) -> NoReturn:
    raise HungError(f"a stranger may call {method!r}")


def _trusting(scene: Scene) -> ssl.SSLContext:
    """Return a client that trusts this master, and shows no certificate so far."""
    assert scene.credentials is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(scene.credentials.authority)
    return context


@contextmanager
def _let_in(
    scene: Scene, context: ssl.SSLContext, count: int
) -> Iterator[list[socketutil.SocketConnection]]:
    """Open connections that the master has greeted."""
    opened = []
    try:
        for _ in range(count):
            made = _connect(scene, context)
            opened.append(made)
            made.send(greeting())
            if message.Message.recv(made).type != message.MSG_CONNECTOK:
                raise HungError("good credentials were refused")
        yield opened
    except (OSError, PyroError) as error:
        raise HungError(f"good credentials were refused: {error}") from error
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


def greeting() -> bytes:
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
