"""What a master is doing at one moment, for whoever looks on."""

from dataclasses import dataclass

from configspace.protocol import EvaluationProgress
from master.sources.base import SourceProgress


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A live worker."""

    name: str
    host: str
    pid: int
    device: str
    engine: str
    job: str | None
    """The evaluation it has on lease, such as ``(3, 0, 7)@17``."""
    attempt: int | None
    """Which lease of that evaluation it is, from 1."""
    progress: EvaluationProgress | None
    """Phase, epochs done and epochs in all of that evaluation, as last reported."""
    silent_seconds: float
    """Seconds since it was last heard of."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far the study has come, and who works on it."""

    progress: SourceProgress
    running: int
    """Evaluations on lease."""
    queued: int
    """Evaluations ready for the next worker."""
    workers: tuple[WorkerView, ...]
    elapsed_seconds: float
    """Since this master began to run."""
    epochs_done_here: int
    """Epochs finished since this master began to run, from which the time left follows."""
