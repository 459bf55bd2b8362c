"""What happened in a study, in order: all that a replay needs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId, FailureKind

EvaluationState = Literal["queued", "running", "finished", "crashed", "lost"]
"""``crashed``: the configuration's own fault; ``lost``: the machines'."""

StudyState = Literal["running", "stopped", "done"]


@dataclass(frozen=True, slots=True)
class Submitted:
    """An evaluation was committed, and could be leased from then on."""

    sequence: int
    id: EvaluationId
    hyperparameters: Hyperparameters
    model_based: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """An evaluation brought a loss: minus its aggregated PSNR, in dB."""

    sequence: int
    id: EvaluationId
    loss: float


@dataclass(frozen=True, slots=True)
class Failed:
    """An evaluation ended without a loss."""

    sequence: int
    id: EvaluationId
    state: Literal["crashed", "lost"]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An evaluation that has not ended: waiting, or on lease to a worker."""

    id: EvaluationId
    hyperparameters: Hyperparameters
    model_based: bool
    state: Literal["queued", "running"]
    attempts: int
    """Leases given so far, the open one included."""
    worker: str | None
    """Who has it on lease; of one that waits, on whom it failed."""
    token: str | None
    started: datetime | None
    """When the newest lease was given; UTC."""
    failure: FailureKind | None = None
    """How it failed once, if it did; then it is on its one retry."""


@dataclass(frozen=True, slots=True)
class SeenWorker:
    """A worker as its master saw it last; for those who look on."""

    name: str
    host: str
    pid: int
    device: str
    engine: str
    evaluation: str | None
    """What it has on lease, such as ``(3, 0, 7)@17``."""
    attempt: int | None
    """Which lease of that evaluation it is."""
    heard: datetime
    """When it was last heard of; UTC."""


@dataclass(frozen=True, slots=True)
class Part:
    """An evaluation of fixed trials: some of a re-run's, or of a condition's."""

    state: EvaluationState
    trials: int
    """How many it has, or would have had."""
