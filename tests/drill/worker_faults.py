"""Faults of workers."""

import os
import signal
import time
from pathlib import Path

from tests.drill.fault import Fault
from tests.drill.record import Hit
from tests.drill.scene import HungError, Process, Scene

LEASE = 1.0
"""Seconds of a lease in all scenes."""


def kill_busy(scene: Scene) -> Hit:
    """Kill a worker in the middle of a job, and start another."""
    for _ in range(20):
        scene.pause()
        victim = scene.random.choice(scene.wait_for(scene.busy, "worker at work"))
        hit = scene.hit(victim)
        scene.end(victim, signal.SIGKILL)
        scene.start_worker()
        if victim.pid in scene.spans().running():
            return hit
        scene.hits.remove(hit)  # its job had just ended
        scene.wait_for_recovery(hit)
    raise HungError("no worker was caught in the middle of a job")


def kill_idle(scene: Scene) -> Hit:
    """Kill a worker that waits for a job, and start another."""

    def idle() -> list[Process]:
        joined = {one.worker for one in scene.spans().attempts}
        busy = scene.busy()
        return [one for one in scene.workers if one.pid in joined and one not in busy]

    scene.pause()
    victim = scene.random.choice(scene.wait_for(idle, "idle worker"))
    hit = scene.hit(victim)
    scene.end(victim, signal.SIGKILL)
    scene.start_worker()
    return hit


def suspend(scene: Scene) -> Hit:
    """Suspend a worker, or it and its child, for longer than its lease; then resume it."""
    scene.pause()
    victim = scene.random.choice(scene.wait_for(scene.busy, "worker at work"))
    both = [victim.pid, *(_children(victim.pid) if scene.random.random() < 0.5 else [])]
    hit = scene.hit(victim)
    _signal(both, signal.SIGSTOP)
    time.sleep(scene.random.uniform(1.2, 1.8) * LEASE)
    _signal(both, signal.SIGCONT)
    return hit


def kill_all(scene: Scene) -> Hit:
    """Kill every worker, and start as many others."""
    scene.pause()
    scene.wait_for(scene.busy, "worker at work")
    victims = list(scene.workers)
    hit = scene.hit(*victims)
    for victim in victims:
        victim.kill()
    for victim in victims:
        scene.end(victim, signal.SIGKILL)
    for _ in victims:
        scene.start_worker()
    return hit


def interrupt_twice(scene: Scene) -> Hit:
    """Press Ctrl-C twice on a worker, which then exits at once; start another."""
    scene.pause()
    victim = scene.random.choice(scene.wait_for(scene.busy, "worker at work"))
    hit = scene.hit(victim)
    victim.send_signal(signal.SIGINT)
    scene.pause(0.0, 0.05)
    scene.end(victim, signal.SIGINT)
    scene.start_worker()
    return hit


def terminate(scene: Scene) -> Hit:
    """Ask a worker to leave, which returns its job; start another."""
    scene.pause()
    victim = scene.random.choice(scene.wait_for(scene.busy, "worker at work"))
    hit = scene.hit(victim)
    if (code := scene.end(victim, signal.SIGTERM)) != 0:
        raise HungError(f"worker {victim.pid} exited with status {code}")
    scene.start_worker()
    return hit


def join(scene: Scene) -> Hit:
    """Start one more worker during the study, and stop it after it has begun a job."""
    return _join(scene, None)


def join_of_the_same_name(scene: Scene) -> Hit:
    """Start one more worker with the name of another."""
    if len(scene.hits) == 0:
        scene.start_worker(name="twin")
    return _join(scene, "twin")


def _join(scene: Scene, name: str | None) -> Hit:
    scene.pause()
    hit = scene.hit()
    new = scene.start_worker(name=name)
    scene.wait_for(
        lambda: new.pid in {one.worker for one in scene.spans().attempts}, "job for a new worker"
    )
    scene.end(new, signal.SIGTERM)
    return hit


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def _signal(pids: list[int], signum: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, signum)


FAULTS = (
    Fault("worker killed mid-job", kill_busy),
    Fault("idle worker killed", kill_idle, spare=True),
    Fault("worker suspended for longer than its lease", suspend),
    Fault("all workers killed, others started", kill_all),
    Fault("worker terminated", terminate),
    Fault("Ctrl-C twice on a worker", interrupt_twice),
    Fault("new worker during the study", join),
    Fault("two workers of the same name", join_of_the_same_name),
)
