"""Faults by clients that are not workers."""

import contextlib
import math
import random
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

import Pyro4.errors
from Pyro4 import message

from configspace.errors import ServiceError
from configspace.protocol import Method, Reply
from tests.drill.fault import Fault
from tests.drill.record import Hit
from tests.drill.scene import PATIENCE, HungError, Scene
from worker.service.link import Link, UnreachableError

MALFORMED = 200
"""Number of malformed messages per injection."""
IDLE = 200
"""Number of idle connections at once."""


def stall(scene: Scene) -> Hit:
    """Connect, send nothing or half a message, and stay connected for a while."""
    scene.pause()
    hit = scene.hit()
    half = scene.random.choice([b"", b"PY", _frame(b"x" * 100)[:-50]])
    client = _connected(scene)
    client.sendall(half)
    # It stays longer than a lease lasts; the drill continues meanwhile.
    threading.Timer(3.0, client.close).start()
    return hit


def send_malformed(scene: Scene) -> Hit:
    """Send messages that no worker would send."""
    scene.pause()
    hit = scene.hit()
    for number in range(MALFORMED):
        _MALFORMED[number % len(_MALFORMED)](scene)
    return hit


def hold_idle_connections(scene: Scene) -> Hit:
    """Hold 200 connections open at once, and do nothing with them."""
    scene.pause()
    hit = scene.hit()
    links = [Link(scene.address) for _ in range(IDLE)]
    try:
        for link in links:
            link.open()
        began = len(scene.ended())
        scene.wait_for(lambda: len(scene.ended()) >= began + 5, "outcomes next to idle connections")
    except UnreachableError as error:
        raise HungError(f"connection refused: {error}") from error
    finally:
        for link in links:
            link.close()
    return hit


# ---- malformed messages


def _random_bytes(scene: Scene) -> None:
    with _connected(scene) as client, contextlib.suppress(OSError):
        client.sendall(scene.random.randbytes(scene.random.randrange(1, 5000)))


def _truncated(scene: Scene) -> None:
    """Reset the connection in the middle of a message."""
    with _connected(scene) as client:
        client.sendall(_frame(b"x" * 100)[: scene.random.randrange(1, 60)])
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _enormous(scene: Scene) -> None:
    """Announce a message of 2 GB."""
    announced = message.Message(message.MSG_INVOKE, b"", 1, 0, 0)
    announced.data_size = 2**31 - 1
    with _connected(scene) as client, contextlib.suppress(OSError):
        client.sendall(announced.to_bytes())


def _another_serializer(scene: Scene) -> None:
    """Send a pickle, which the master must never load."""
    frame = _frame(b"cos\nsystem\n(S'touch pwned'\ntR.", serializer=4)
    with _connected(scene) as client, contextlib.suppress(OSError):
        client.sendall(frame)


def _call(method: str, make: Callable[[random.Random], tuple[Any, ...]]) -> Callable[..., None]:
    def send(scene: Scene) -> None:
        with Link(scene.address) as link:
            link.open()
            with contextlib.suppress(
                ServiceError, UnreachableError, AttributeError, Pyro4.errors.PyroError
            ):
                link.call(Method[Reply](method, ()), *make(scene.random))
                raise HungError(f"the master accepted a malformed {method!r}")

    return send


def _outcome(value: Any) -> tuple[Any, ...]:
    trial = {"seed": 1, "one_shot_psnr": value, "architecture": ["gradient"]}
    id = {"configuration": [0, 0, 0], "epochs": 1}
    return "w", "t", "drill", {"id": id, "trials": [trial], "engine": "e", "device": "d"}


_MALFORMED: tuple[Callable[[Scene], None], ...] = (
    _random_bytes,
    _truncated,
    _enormous,
    _another_serializer,
    _call("no_such_method", lambda _: ()),
    _call("__class__", lambda _: ()),
    _call("join", lambda _: ("me",)),
    _call("join", lambda _: ()),
    _call("claim", lambda _: (17,)),
    _call("claim", lambda random: ("x" * random.randrange(301, 10**6),)),
    _call("heartbeat", lambda _: ("w", "t", ["search", "1", 2])),
    _call("fail", lambda _: ("w", "t", "drill", {"kind": "none"})),
    _call("finish", lambda _: _outcome(math.nan)),
    _call("finish", lambda _: _outcome("12.5")),
    _call("finish", lambda _: _outcome(None)[:3]),
    _call("finish", lambda _: ("w", "t", "drill", _nested(90))),
)


def _nested(depth: int) -> dict[str, Any]:
    return {"id": _nested(depth - 1)} if depth else {}


def _frame(data: bytes, *, serializer: int = 1) -> bytes:
    """Return a message as Pyro4 sends it; serializer 1 is serpent, 4 is pickle."""
    frame: bytes = message.Message(message.MSG_INVOKE, data, serializer, 0, 0).to_bytes()
    return frame


def _connected(scene: Scene) -> socket.socket:
    host, _, port = scene.address.rpartition(":")
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection((host, int(port)), timeout=PATIENCE)
        except OSError as error:
            if time.monotonic() > deadline:
                raise HungError(f"no connection: {error}") from error


FAULTS = (
    Fault("client that connects and stalls", stall),
    Fault(f"{MALFORMED} malformed messages", send_malformed),
    Fault(f"{IDLE} idle connections at once", hold_idle_connections, max_workers=IDLE + 10),
)
