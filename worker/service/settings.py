"""Settings of a worker: its name, how it evaluates, and how long it waits for a master."""

from dataclasses import dataclass
from pathlib import Path

EVALUATOR = "worker.evaluation.evaluate:JobEvaluator"
"""Factory of the evaluator by default; the worker reaches it by this name only."""
IDLE_LIMIT = 600.0
"""Seconds that a worker waits by default for a master that cannot be reached."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerSettings:
    """How a worker evaluates, and when it leaves."""

    name: str | None = None
    """Name of the worker; None: made from its host and process."""
    device: str = "auto"
    """Device that evaluates, as the evaluator understands it."""
    engine: str = "auto"
    """Engine that evaluates, as the evaluator understands it."""
    threads: int = 1
    """Number of threads per evaluation."""
    cores: int = 0
    """Number of cores to share with the other workers of this machine, from which the number of
    threads follows; 0 leaves that number unchanged."""
    evaluator: str = EVALUATOR
    """Factory of the evaluator, as ``package.module:factory``."""
    idle_limit: float = IDLE_LIMIT
    """Seconds without a master after which the worker exits."""
    once: bool = False
    """Whether to leave when a master is done with all its studies, instead of waiting for the next
    master."""
    credentials: Path | None = None
    """This worker's credentials file, for a master that needs one."""
