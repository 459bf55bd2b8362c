"""Evaluations for the drill: they sleep, log when they begin and end, and may misbehave.

They run in a real child process without torch. An environment variable names a folder with their
settings: the file ``pace`` holds their mean duration in seconds, and ``way`` how some of them
misbehave. They write events with times to the file ``log``.
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
"""Ways that may be the machine's fault: an evaluation does these only the first time."""


@noop.evaluator
def evaluate(job: Job, progress: OnProgress) -> Outcome:
    """Sleep, then return scores that depend only on the job."""
    folder = Path(os.environ[FOLDER])
    note(folder, "begin", os.getppid(), name_of(job.id))
    progress("search", 0, job.epochs)
    began = time.monotonic()
    while True:
        pace = float((folder / "pace").read_text())  # it may change during the evaluation
        left = began + pace * (0.5 + _fraction(job.id, "pace")) - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(left, 0.05))
    way = (folder / "way").read_text()
    # At the end of a study the pace is 0. Transient ways only cost time then, and are skipped.
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
    """Return scores at once, without a log."""
    return noop.outcome_of(job)


def misbehaves(id: EvaluationId, way: str) -> bool:
    """Return whether an evaluation is one of the one in six that misbehave."""
    return way != "behaves" and _fraction(id, "way") < 1 / 6


def name_of(id: EvaluationId) -> str:
    """Return an evaluation's name, without spaces."""
    return ",".join(map(str, (*id.configuration, id.epochs)))


def id_of(name: str) -> EvaluationId:
    """Return the evaluation that has a name."""
    *configuration, epochs = map(int, name.split(","))
    return EvaluationId.from_wire({"configuration": configuration, "epochs": epochs})


def note(folder: Path, event: str, pid: int, evaluation: str) -> None:
    """Append a line to the log; a line this short is written in one piece next to other writers."""
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
    """Return a pseudorandom number in [0, 1) that depends on the evaluation and on ``what``."""
    digest = hashlib.sha256(f"{name_of(id)} {what}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32
