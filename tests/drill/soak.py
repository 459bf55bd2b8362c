"""Runs many evaluations, and kills a worker every second, or the master every 20 s.

Prints the counts. The exit status is 0 if all evaluations finished, none ran again after it had
ended, the master's memory grew by at most 2 kB per evaluation, and its number of open files stayed
the same; otherwise it is 1.
"""

import argparse
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console

from configspace.study import Study
from tests.drill.record import run_twice
from tests.drill.scene import Process, Scene

WORKERS = 16
EVALUATOR = "tests.drill.evaluations:evaluate_at_once"
LEASE = 5.0
WORKER_EVERY, MASTER_EVERY = 1.0, 20.0
GROWTH_LIMIT = 2000.0
"""Bytes of memory per evaluation by which the master may grow."""
HANDLES_LIMIT = 4 * WORKERS
"""Open files by which the master may grow: workers come and go with their connections."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A measurement of the master."""

    evaluations: int
    """Number of evaluations that have ended."""
    resident: int
    """Resident memory in bytes."""
    handles: int
    """Number of open files."""


def main() -> int:
    """Run the soak."""
    parser = argparse.ArgumentParser(prog="python -m tests.drill.soak", description=__doc__)
    parser.add_argument("--evaluations", type=int, default=20_000)
    parser.add_argument("--kill", choices=("workers", "master"), default="workers")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if soak(Path(folder), options) else 1


def soak(root: Path, options: argparse.Namespace) -> bool:
    """Run one soak, print the counts, and return whether all is well."""
    console = Console(highlight=False)
    began = time.monotonic()
    kills = 0
    samples: list[Sample] = []
    lives: list[list[Sample]] = [samples]
    with Scene(
        root / "soak",
        _study(options.evaluations),
        seed=options.seed,
        lease=LEASE,
        max_workers=4 * WORKERS,
        evaluator=EVALUATOR,
    ) as scene:
        master = scene.start_master()
        for _ in range(WORKERS):
            scene.start_worker()
        every = WORKER_EVERY if options.kill == "workers" else MASTER_EVERY
        due = time.monotonic() + every
        looked = printed = 0.0
        done = 0
        while master.poll() is None:
            time.sleep(0.2)
            if time.monotonic() >= looked + 1 and (sample := _look(scene, master)) is not None:
                looked = time.monotonic()
                samples.append(sample)
                if looked >= printed + 5:
                    printed = looked
                    console.print(
                        f"{printed - began:5.0f} s  {sample.evaluations} evaluations, "
                        f"{kills} killed, master {sample.resident / 2**20:.1f} MiB, "
                        f"{sample.handles} open files"
                    )
            if time.monotonic() < due or master.poll() is not None:
                continue
            if options.kill == "master" and scene.count() == done:
                continue  # on a busy machine it may still start up
            due = time.monotonic() + every
            kills += 1
            if options.kill == "workers":
                scene.end(scene.random.choice(scene.workers), signal.SIGKILL)
                scene.start_worker()
            else:
                scene.end(master, signal.SIGKILL)
                done = scene.count()
                master = scene.start_master()
                lives.append(samples := [])
        code, seconds = master.returncode, time.monotonic() - began
        ends = scene.ended()
        twice = run_twice(scene.spans(), ends)
        if code != 0:
            console.print((scene.folder / "messages").read_text()[-3000:], markup=False)
    unfinished = sum(one.state != "finished" for one in ends.values())
    growth, handles = _growth(lives), _handles(lives)
    console.print(
        f"{len(ends)} evaluations in {seconds:.0f} s with {kills} {options.kill} killed: "
        f"{unfinished} not finished, {len(twice)} run twice; the master grew by "
        f"{growth:.0f} bytes per evaluation, its open files by {handles}"
    )
    return (
        code == 0
        and len(ends) >= options.evaluations
        and not unfinished
        and not twice
        and growth <= GROWTH_LIMIT
        and handles <= HANDLES_LIMIT
    )


def _look(scene: Scene, master: Process) -> Sample | None:
    try:
        process = psutil.Process(master.pid)
        return Sample(scene.count(), process.memory_info().rss, process.num_fds())
    except psutil.NoSuchProcess:
        return None


def _growth(lives: list[list[Sample]]) -> float:
    """Return the slope of the memory over the evaluations, in the most productive life of a master.

    Raises:
        ValueError: If no master was measured at least three times at work.
    """
    late = _at_work(lives)
    if len(late) < 3:
        raise ValueError(f"expected at least 3 measurements of a master at work, got {len(late)}")
    counts = np.array([one.evaluations for one in late], float)
    return float(np.polyfit(counts, [one.resident for one in late], 1)[0])


def _handles(lives: list[list[Sample]]) -> int:
    handles = [one.handles for one in _at_work(lives)]
    return handles[-1] - min(handles)


def _at_work(lives: list[list[Sample]]) -> list[Sample]:
    """Return the measurements of the master with the most evaluations, while it works.

    The first fifth of the evaluations is left out: there the master starts, replays, accepts its
    workers, and does every kind of work for the first time.
    """

    def done(samples: list[Sample]) -> int:
        return samples[-1].evaluations - samples[0].evaluations if samples else 0

    life = max(lives, key=done)
    first, last = life[0].evaluations, life[-1].evaluations
    return [one for one in life if first + done(life) / 5 <= one.evaluations < last]


def _study(evaluations: int) -> Study:
    """Return a study of at least ``evaluations``; three iterations have 20."""
    bohb = {"iterations": -(-evaluations // 20) * 3, "min_epochs": 1.0, "max_epochs": 9.0}
    return Study.model_validate(
        {"name": "drill", "objective": "final", "architecture": {"layers": 2}, "bohb": bohb}
    )


if __name__ == "__main__":
    sys.exit(main())
