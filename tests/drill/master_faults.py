"""Faults of the master."""

import signal
import time

from tests.drill.fault import Fault
from tests.drill.record import Hit
from tests.drill.scene import PACE, HungError, Process, Scene


def kill(scene: Scene) -> Hit:
    """Kill the master while evaluations run, and start it again."""
    scene.pause(0.3, 1.0)
    scene.wait_for(scene.busy, "worker at work")
    hit = scene.hit(all_workers=True)
    scene.end(_master(scene), signal.SIGKILL)
    scene.start_master()
    return hit


def wait_for_self_kill(scene: Scene) -> Hit:
    """Wait until the master kills itself at its preset moment, and start it again."""
    master = _master(scene)
    scene.wait_for(lambda: master.poll() is not None, "death of the master")
    hit = scene.hit(all_workers=True)
    scene.start_master(scene.die)
    return hit


def terminate(scene: Scene) -> Hit:
    """Ask the master to stop, and start it again."""
    scene.pause(0.3, 1.0)
    scene.wait_for(scene.busy, "worker at work")
    hit = scene.hit(all_workers=True)
    if (code := scene.end(_master(scene), signal.SIGTERM)) != 130:
        raise HungError(f"the master stopped with status {code}")
    scene.start_master()
    return hit


def interrupt_twice(scene: Scene) -> Hit:
    """Press Ctrl-C twice on the master, which then exits at once, and start it again."""
    scene.pause(0.3, 1.0)
    scene.wait_for(scene.busy, "worker at work")
    hit = scene.hit(all_workers=True)
    master = _master(scene)
    master.send_signal(signal.SIGINT)
    scene.pause(0.0, 0.2)
    # The kernel merges two signals if the first is not handled yet: then the master stops normally.
    code = scene.end(master, signal.SIGINT)
    if code not in (-signal.SIGINT, 130):
        raise HungError(f"the master exited with status {code}")
    scene.start_master()
    return hit


def start_it_last(scene: Scene) -> Hit:
    """Stop the master and the workers; start workers, and some time later the master."""
    scene.pause(0.3, 1.0)
    hit = scene.hit(all_workers=True)
    count = len(scene.workers)
    for worker in list(scene.workers):
        scene.end(worker, signal.SIGTERM)
    scene.end(_master(scene), signal.SIGTERM)
    for _ in range(count):
        scene.start_worker()
    time.sleep(scene.random.uniform(0.1, 1.0))
    scene.start_master()
    return hit


def start_a_second_by_symlink(scene: Scene) -> Hit:
    """Start a second master on a symbolic link to the store, which must refuse to run."""
    folder = scene.folder / "elsewhere"
    folder.mkdir(exist_ok=True)
    link = folder / "link.db"
    if not link.is_symlink():
        link.symlink_to(scene.folder / "store.db")
    return start_a_second(scene, f"sqlite:///{link}")


def start_a_second(scene: Scene, url: str | None = None) -> Hit:
    """Start a second master on the same store, which must refuse to run."""
    scene.pause()
    hit = scene.hit()
    before = _messages(scene)
    scene.set_pace(_LONG)  # the study must last longer than a process takes to start
    second = scene.start_master(port=1, url=url)
    scene.wait_for(lambda: second.poll() is not None, "refusal of a second master")
    scene.set_pace(PACE)
    said = _messages(scene)[len(before) :]
    if second.returncode != 1 or f"already has a master: process {_master(scene).pid} on" not in (
        said
    ):
        raise HungError(
            f"expected the refusal of a second master, got exit status {second.returncode}"
        )
    return hit


def _master(scene: Scene) -> Process:
    assert scene.master is not None
    return scene.master


def _messages(scene: Scene) -> str:
    return (scene.folder / "messages").read_text()


_LONG = 30.0
"""Mean seconds per evaluation while a process starts; half as much again is within the limit."""

FAULTS = (
    Fault("master killed mid-job", kill),
    Fault("master killed as it stores", wait_for_self_kill, die="storing"),
    Fault("master killed as it samples", wait_for_self_kill, die="sampling"),
    Fault("master terminated", terminate),
    Fault("Ctrl-C twice on the master", interrupt_twice),
    Fault("workers started before the master", start_it_last),
    Fault("second master", start_a_second),
    Fault("second master by symlink", start_a_second_by_symlink),
)
