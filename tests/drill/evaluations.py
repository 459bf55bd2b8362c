"""Evaluations for the drill: they wait a while, say when they begin and end, and may misbehave.

They run in a real child without torch. What they need to know is in a folder that the
environment names: the file ``pace`` holds their mean duration in seconds, ``way`` how some of
them misbehave, ``log`` what happened when.
"""

import contextlib
import hashlib
import os
import time
from pathlib import Path

import numpy as np

from configspace.job import EvaluationId, Job, Outcome
from tests.worker import noop
from worker.service.child import OnProgress

FOLDER = "DARTBOARD_DRILL_FOLDER"
TRANSIENT = frozenset({"segfaults", "allocates", "never_returns"})
"""Ways that may be a machine's fault: an evaluation misbehaves so only the first time."""


@noop.evaluator
def evaluate(job: Job, progress: OnProgress) -> Outcome:
    """Bring scores that are a function of the job alone, after a while."""
    folder = Path(os.environ[FOLDER])
    note(folder, "begin", os.getppid(), name_of(job.id))
    progress("search", 0, job.epochs)
    pace = float((folder / "pace").read_text())
    time.sleep(pace * (0.5 + _fraction(job.id, "pace")))
    way = (folder / "way").read_text()
    # Once a study is only seen through, what would end well all the same need not take its time.
    if misbehaves(job.id, way) and (
        way not in TRANSIENT or (pace > 0 and _is_first(folder, job.id))
    ):
        note(folder, "misbehave", os.getppid(), name_of(job.id))
        outcome = _misbehave(way, job, progress)
    else:
        outcome = noop.outcome_of(job)
    note(folder, "end", os.getppid(), name_of(job.id))
    return outcome


@noop.evaluator
def evaluate_at_once(job: Job, progress: OnProgress) -> Outcome:
    """Bring scores at once, and leave no trace."""
    return noop.outcome_of(job)


def misbehaves(id: EvaluationId, way: str) -> bool:
    """Return whether an evaluation is one of those that do: one in six."""
    return way != "behaves" and _fraction(id, "way") < 1 / 6


def name_of(id: EvaluationId) -> str:
    """Return an evaluation's name, without spaces."""
    return ",".join(map(str, (*id.configuration, id.epochs)))


def id_of(name: str) -> EvaluationId:
    """Return whose name it is."""
    *configuration, epochs = map(int, name.split(","))
    return EvaluationId.from_wire({"configuration": configuration, "epochs": epochs})


def note(folder: Path, event: str, pid: int, evaluation: str) -> None:
    """Append a line to the log; lines this short are written whole, whoever else writes."""
    log = os.open(folder / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(log, f"{time.time():.6f} {event} {pid} {evaluation}\n".encode())
    finally:
        os.close(log)


def _misbehave(way: str, job: Job, progress: OnProgress) -> Outcome:
    if way == "numpy_scalar":
        outcome = noop.outcome_of(job)
        trial = outcome.trials[0].model_copy(update={"architecture_psnr": np.float32(12.5)})
        return outcome.model_copy(update={"trials": (trial, *outcome.trials[1:])})
    made: noop.Noop = getattr(noop, way)(device="cpu", engine="noop", threads=1)
    return made(job, progress)


def _is_first(folder: Path, id: EvaluationId) -> bool:
    with contextlib.suppress(FileExistsError):
        os.close(os.open(folder / f"seen-{name_of(id)}", os.O_CREAT | os.O_EXCL))
        return True
    return False


def _fraction(id: EvaluationId, what: str) -> float:
    """Return a number in [0, 1) that is the evaluation's own."""
    digest = hashlib.sha256(f"{name_of(id)} {what}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32
