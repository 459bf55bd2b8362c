"""An evaluator that computes nothing, so that `benchmarks.dispatch` measures only the service."""

import time

from configspace.job import Job, Outcome, Trial
from worker.service.child import Evaluator, OnProgress


class EmptyEvaluator:
    """Returns scores without curves, immediately or after some seconds."""

    engine = "empty"
    device = "cpu"
    target = ""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def prepare(self, progress: OnProgress) -> None:
        """Do nothing: an empty evaluation needs no preparation."""

    def __call__(self, job: Job, progress: OnProgress) -> Outcome:  # noqa: ARG002
        """Return scores that depend only on the seeds."""
        if self._seconds:
            time.sleep(self._seconds)
        trials = tuple(
            Trial(
                seed=seed,
                one_shot_psnr=seed / 2**63,
                architecture=("gradient",) * job.architecture.edges,
                architecture_psnr=seed / 2**63,
            )
            for seed in job.seeds
        )
        return Outcome(id=job.id, trials=trials, engine=self.engine, device=self.device)


def at_once(*, device: str, engine: str, threads: int) -> Evaluator:  # noqa: ARG001
    """Return an evaluator that answers immediately."""
    return EmptyEvaluator(0.0)


def after_a_while(*, device: str, engine: str, threads: int) -> Evaluator:  # noqa: ARG001
    """Return an evaluator that keeps a worker busy, but not its processor."""
    return EmptyEvaluator(0.05)
