"""Values that the store returns: the events of a study, evaluations that are open, workers.

The events of a study, in order of their sequence numbers, are all that a replay needs.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from configspace.hyperparameters import Hyperparameters
from configspace.job import CandidateScores, EvaluationId, FailureKind

EvaluationState = Literal["queued", "running", "finished", "crashed", "lost"]
"""State of an evaluation. ``crashed`` is a failure of the configuration; ``lost`` is a failure of
machines."""

StudyState = Literal["running", "stopped", "done"]
"""State of a study as its master stored it; ``running`` also after its master was killed."""

ShownState = Literal["running", "interrupted", "stopped", "done"]
"""State of a study as it is shown; ``interrupted`` after its master was killed."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """An evaluation was committed; workers can lease it from now on."""

    sequence: int
    id: EvaluationId
    hyperparameters: Hyperparameters
    model_based: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """An evaluation ended with a loss; see `configspace.job.loss`."""

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
    """An evaluation that has not ended: it waits, or a worker has leased it."""

    id: EvaluationId
    hyperparameters: Hyperparameters
    model_based: bool
    state: Literal["queued", "running"]
    attempts: int
    """Number of leases so far, including the open one."""
    worker: str | None
    """Worker that has leased it; for an evaluation that waits, the worker on which it failed."""
    token: str | None
    started: datetime | None
    """Time of the newest lease; UTC."""
    failure: FailureKind | None = None
    """How it failed, if it is now on its only retry."""


@dataclass(frozen=True, slots=True)
class SeenWorker:
    """A worker as its master saw it last, for display."""

    name: str
    host: str
    pid: int
    device: str
    engine: str
    """Engine that evaluates, and the processors for which its code is compiled, if known."""
    evaluation: str | None
    """Evaluation that it has leased, such as ``(3, 0, 7)@17``; without one, what keeps it from
    taking one, such as ``compiling kernels, 40 s``; None if it waits for one."""
    attempt: int | None
    """Number of this lease of that evaluation, from 1."""
    heard: datetime
    """Time of its last message; UTC."""


@dataclass(frozen=True, slots=True)
class FixedTrials:
    """An evaluation of fixed trials: a part of a re-run or of a condition."""

    state: EvaluationState
    trials: int
    """Number of trials that it has or was planned to have."""


@dataclass(frozen=True, slots=True)
class FinishedTrial:
    """What a source of jobs decides by, of a finished trial of a condition."""

    architecture_psnr: float | None
    """PSNR of the trained architecture in dB; None if nothing was trained after a search."""
    candidates: CandidateScores | None
    """Scores of the condition's candidates; None without candidates."""
