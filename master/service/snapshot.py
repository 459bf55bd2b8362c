"""The state of a master at one moment, for displays and metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from configspace.protocol import PREPARING, EvaluationProgress
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
    """Number of the lease of that evaluation, from 1."""
    progress: EvaluationProgress | None
    """How far it is in that evaluation, or in preparing for one, as last reported."""
    silent_seconds: float
    """Seconds since its last heartbeat."""
    target: str = ""
    """Processors for which the engine's code is compiled; empty if unknown."""
    phase_seconds: float = 0.0
    """Seconds since the phase of its progress began."""
    phases: Mapping[str, int] = field(default_factory=dict)
    """Cost of each phase of the evaluation it has on lease, in their order, in epochs per trial;
    empty without one."""

    @property
    def preparing(self) -> str | None:
        """What keeps it from evaluating, and for how long; None if nothing does."""
        if self.progress is None or self.progress.phase not in PREPARING:
            return None
        return f"{self.progress.phase}, {self.phase_seconds:.0f} s"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far the study is, and which workers evaluate it."""

    progress: SourceProgress
    running: int
    """Evaluations on lease."""
    queued: int
    """Evaluations ready for the next worker."""
    workers: tuple[WorkerView, ...]
    elapsed_seconds: float
    """Seconds since this master started."""
    working_seconds: float
    """Seconds since this master had its first evaluation on lease; 0 before that."""
    ended_here: int
    """Evaluations that ended since this master started."""
    epochs_done_here: int
    """Epochs finished since this master started; the estimate of the time left uses them."""
