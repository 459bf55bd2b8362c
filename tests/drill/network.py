"""The network between the master and half of its workers: direct, interrupted or delayed."""

import itertools
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

from tests.drill.distance import Distance
from tests.drill.fault import Fault
from tests.drill.record import Hit
from tests.drill.scene import Scene

NUMBERS = itertools.count(1)
DELAY = 0.25
"""Seconds by which each message is delayed, in each direction."""


class Namespace(Distance):
    """A network namespace with a link to this machine that can be taken down."""

    def __init__(self) -> None:
        number = next(NUMBERS)
        self._space = f"dartboard-drill-{number}"
        self._far_end, self._near_end = f"dart-far-{number}", f"dart-near-{number}"
        self._far_host, self.host = f"10.213.{number}.2", f"10.213.{number}.1"

    def make(self) -> None:
        """Create the namespace and its link."""
        # A killed drill may have left one.
        subprocess.run(["ip", "netns", "del", self._space], capture_output=True, check=False)
        _ip(f"netns add {self._space}")
        _ip(f"link add {self._near_end} type veth peer name {self._far_end} netns {self._space}")
        _ip(f"addr add {self.host}/30 dev {self._near_end}")
        _ip(f"link set {self._near_end} up")
        _ip(f"netns exec {self._space} ip addr add {self._far_host}/30 dev {self._far_end}")
        _ip(f"netns exec {self._space} ip link set {self._far_end} up")

    def close(self) -> None:
        """Remove the namespace, and both ends of the link with it."""
        _ip(f"netns del {self._space}")

    def place(self, number: int, address: str) -> tuple[Sequence[str], str]:
        """Put every second worker into the namespace."""
        return (("ip", "netns", "exec", self._space) if number % 2 else ()), address

    def drop(self, seconds: float) -> None:
        """Take the link down for a while."""
        self._set("down")
        time.sleep(seconds)
        self._set("up")

    def _set(self, state: str) -> None:
        _ip(f"netns exec {self._space} ip link set {self._far_end} {state}")


class Proxy(Distance):
    """A proxy that forwards all bytes after a delay, or blocks them."""

    def __init__(self) -> None:
        self._address = ("", 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = threading.Event()
        self._open.set()
        self.delay = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    def reach(self, address: str) -> None:
        """Forward to a master."""
        host, _, port = address.rpartition(":")
        self._address = host, int(port)

    def place(self, number: int, address: str) -> tuple[Sequence[str], str]:
        """Connect every second worker through the proxy."""
        return (), f"127.0.0.1:{self._listener.getsockname()[1]}" if number % 2 else address

    def drop(self, seconds: float) -> None:
        """Block all bytes for some seconds."""
        self._open.clear()
        time.sleep(seconds)
        self._open.set()

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._address)
            except OSError:
                near.close()  # there is no master at the moment
                continue
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError), closing(target):
            while chunk := source.recv(2**16):
                # Calls and answers alternate, so nothing queues behind a sleep.
                time.sleep(self.delay)
                self._open.wait()
                target.sendall(chunk)


@contextmanager
def distance(kind: str) -> Iterator[Distance]:
    """Set up the network between the master and half of the workers; remove it at the end."""
    if kind == "namespace" and _has_namespaces():
        namespace = Namespace()
        namespace.make()
        try:
            yield namespace
        finally:
            namespace.close()
    elif kind:
        proxy = Proxy()
        try:
            yield proxy
        finally:
            proxy.close()
    else:
        yield Distance()


def _has_namespaces() -> bool:
    """Return whether this process can create a network namespace; otherwise a proxy replaces it."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    test = ["ip", "netns", "exec", "dartboard-drill-test", "true"]
    subprocess.run([*test[:2], "add", test[3]], capture_output=True, check=False)
    entered = subprocess.run(test, capture_output=True, check=False).returncode == 0
    subprocess.run([*test[:2], "del", test[3]], capture_output=True, check=False)
    return entered


def drop_the_link(scene: Scene) -> Hit:
    """Disconnect half of the workers for longer than a lease."""
    scene.pause()
    far = scene.workers[1::2]
    hit = scene.hit(*far)
    scene.far.drop(scene.random.uniform(1.2, 1.8))
    up = time.time()
    scene.wait_for(
        lambda: (
            {one.pid for one in far}
            <= {one.worker for one in scene.spans().attempts if one.begin > up}
        ),
        "reconnected worker",
    )
    return hit


def delay_messages(scene: Scene) -> Hit:
    """Delay all messages to and from half of the workers for some seconds."""
    scene.pause()
    hit = scene.hit(*scene.workers[1::2])
    proxy = scene.far
    assert isinstance(proxy, Proxy)
    proxy.delay = DELAY
    time.sleep(scene.random.uniform(1.2, 1.8))
    proxy.delay = 0.0
    return hit


def _ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True)


FAULTS = (
    Fault("network link down for longer than the lease", drop_the_link, far="namespace"),
    Fault("network delays by 250 ms each way", delay_messages, far="proxy"),
)
