"""Runs one study, injects one fault many times, and judges the result."""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from configspace.job import loss
from configspace.study import Study
from master.sources.study import BohbSource
from tests.drill.evaluations import TRANSIENT, id_of, misbehaves, name_of
from tests.drill.fault import Fault
from tests.drill.network import distance
from tests.drill.record import longest_stall, run_twice
from tests.drill.scene import HungError, Process, Scene
from tests.worker.noop import outcome_of

STALL_LIMIT = 2.0
"""Seconds for which an undamaged worker may have no job, on an idle machine."""
TIME_LIMIT, LONG_TIME_LIMIT = 2.0, 60.0
"""Time limits of an evaluation in seconds: if some never return, and in all other scenes."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The effect of a fault on a study."""

    fault: str
    parallel: int
    times: int
    evaluations: int
    lost: list[str]
    """Evaluations that did not end as they should."""
    twice: list[str]
    """Evaluations that were leased again after they had ended."""
    recoveries: list[float]
    """Seconds that each recovery took."""
    stall: float | None
    """Longest stall in seconds; None if all workers were damaged, or had too few jobs."""
    same: bool | None
    """Whether the result equals that of an undisturbed run; None if the order may differ."""
    hung: str
    """The event that did not happen in time; empty if all did."""
    stall_limit: float = STALL_LIMIT
    """Seconds from which a stall counts as harm."""

    @property
    def good(self) -> bool:
        """Whether the fault did no harm."""
        harmed = self.lost or self.twice or self.hung or self.same is False
        return not harmed and (self.stall is None or self.stall < self.stall_limit)


def drill(
    fault: Fault,
    folder: Path,
    *,
    parallel: int,
    times: int,
    seed: int,
    stall_limit: float = STALL_LIMIT,
) -> Verdict:
    """Inject a fault into a study many times, and wait until the study is done.

    Args:
        fault: The fault.
        folder: Folder for all files of the study; created here.
        parallel: 1: one job at a time, and a comparison with an undisturbed run; 0: four workers.
        times: How often to inject the fault.
        seed: Seed of the random instants at which damage is done.
        stall_limit: Seconds from which a stall of the other workers counts as harm.
    """
    count = 2 if parallel else 4
    study = study_of(parallel or count - fault.spare, times, fault.way)
    hung = ""
    recovered_at: list[float] = []  # when the study had recovered from each
    with (
        distance(fault.far) as far,
        Scene(
            folder,
            study,
            seed=seed,
            way=fault.way,
            host=far.host,
            max_workers=fault.max_workers,
            credentials=fault.credentials,
        ) as scene,
    ):
        scene.die, scene.far = fault.die, far
        try:
            scene.start_master(fault.die)
            far.reach(scene.address)
            for number in range(count):
                within, address = far.place(number, scene.address)
                scene.start_worker(within=within, address=address)
            scene.wait_for(lambda: len(scene.ended()) >= count, "first outcomes")
            for number in range(times):
                if number == times - 1:
                    scene.die = "never"
                scene.wait_for_recovery(fault.inject(scene))
                recovered_at.append(time.time())
            until = time.time()
            scene.wait_for(partial(_all_are_there, scene), "evaluation on every worker")
            _finish(scene)
        except HungError as error:
            hung, until = str(error), time.time()
        seen, ends = scene.spans(), scene.ended()
    expected = undisturbed(study, fault.way)
    found = {name: (one.state, one.loss) for name, one in ends.items()}
    recoveries = [hit.recovery(seen, ends) for hit in scene.hits]
    stalls = [
        longest_stall(hit, end, seen)
        for hit, end in zip(scene.hits, [*recovered_at, until], strict=False)
        if hit.others
    ]
    return Verdict(
        fault=fault.name,
        parallel=parallel,
        times=len(scene.hits),
        evaluations=len(ends),
        lost=[name for name, (state, _) in found.items() if state not in _right_ends(name, fault)]
        + [name for name in {one.evaluation for one in seen.attempts} if name not in ends]
        + ["?"] * max(0, len(expected) - len(found)),
        twice=run_twice(seen, ends),
        recoveries=[seconds for seconds in recoveries if seconds is not None],
        stall=None if parallel or fault.spare else max(stalls, default=None),
        same=found == expected if parallel == 1 else None,
        hung=hung,
        stall_limit=stall_limit,
    )


def _right_ends(name: str, fault: Fault) -> tuple[str, ...]:
    """Return the states in which an evaluation may end."""
    id = id_of(name)
    fails = fault.way not in TRANSIENT and misbehaves(id, fault.way)
    return ("crashed",) if fails else ("finished",)


def study_of(parallel: int, times: int, way: str = "behaves") -> Study:
    """Return a study that is just long enough for the damage."""
    return Study.model_validate(
        {
            "name": "drill",
            "objective": "final",
            "architecture": {"layers": 2},
            "evaluation": {
                "time_limit": TIME_LIMIT if way == "never_returns" else LONG_TIME_LIMIT,
                "memory_limit": 250 * 2**20,
            },
            "bohb": {
                "iterations": (8 if parallel == 1 else 16) * max(times, 3),
                "min_epochs": 1.0,
                "max_epochs": 9.0,
                "parallel": parallel,
            },
        }
    )


def undisturbed(study: Study, way: str) -> dict[str, tuple[str, float | None]]:
    """Return how a study's evaluations end without damage, with one job at a time."""
    source = BohbSource(study)
    ends: dict[str, tuple[str, float | None]] = {}
    while (submission := source.next()) not in ("done", "pending"):
        assert not isinstance(submission, str)
        job = submission.job
        if way not in TRANSIENT and misbehaves(job.id, way):
            source.failed(job, "crashed")
            ends[name_of(job.id)] = "crashed", None
        else:
            value = loss(outcome_of(job), job.objective, submission.aggregate)
            source.finished(job, value)
            ends[name_of(job.id)] = "finished", value
    return ends


def _finish(scene: Scene) -> None:
    """Wait until the study is done: the master and every worker exit with status 0."""
    scene.set_pace(0.0)
    master = scene.master
    assert master is not None
    while master.poll() is None:
        # On a slow machine, too: progress means that nothing hangs.
        known = scene.count()
        scene.wait_for(
            lambda known=known: master.poll() is not None or scene.count() > known,  # type: ignore[misc]
            "further evaluation, or end of the study",
        )
    if master.returncode != 0:
        raise HungError(f"the master exited with status {master.returncode}")
    for worker in scene.workers:
        scene.wait_for(partial(_has_ended, worker), "end of a worker")
        if worker.returncode != 0:
            raise HungError(f"a worker exited with status {worker.returncode}")


def _all_are_there(scene: Scene) -> bool:
    """Return whether every worker has begun an evaluation since the last damage.

    A worker that joins after the master is done would wait for another master.
    """
    since = max((hit.at for hit in scene.hits), default=0.0)
    begun = {one.worker for one in scene.spans().attempts if one.begin > since}
    return {one.pid for one in scene.workers} <= begun


def _has_ended(process: Process) -> bool:
    return process.poll() is not None
