"""An evaluation of nothing, in a worker's real child process: what is left is the service."""

import time
from collections.abc import Callable

from configspace.job import Job, Outcome, Trial


class EmptyEvaluator:
    """Brings scores, without a curve, after some seconds or at once."""

    engine = "empty"
    device = "cpu"

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, job: Job, _progress: Callable[[str, int, int], None]) -> Outcome:
        """Return scores that depend on the seed alone."""
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


def at_once(*, device: str, engine: str, threads: int) -> EmptyEvaluator:  # noqa: ARG001
    """Make ready, which takes nothing."""
    return EmptyEvaluator(0.0)


def after_a_while(*, device: str, engine: str, threads: int) -> EmptyEvaluator:  # noqa: ARG001
    """Make ready to keep a worker busy without keeping its processor so."""
    return EmptyEvaluator(0.05)
