"""Signals that take further trainings of a trial's architecture: a short one and a second one.

Each starts from a seed of its own, a hash of the trial's seed, and so has other initial weights and
other training and validation signals than the final retraining. A short training that shared them
would be the beginning of the final one, and would predict it better than any run can be predicted
from outside. Warm-up and number of steps are those of a training of its epochs.
"""

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from configspace.foreign_text import described
from configspace.job import Job, Trial
from configspace.signals import SIGNALS, Request, short_epochs, signal_of
from worker.engine.contract import Batch, Engine
from worker.evaluation.architectures import retraining_of
from worker.evaluation.choose import Report
from worker.evaluation.scores import without_infinity

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FurtherTraining:
    """A training of a trial's architecture whose PSNR is a signal."""

    request: Request
    """What asks for it; also the name of its phase, and of the domain of its seeds."""
    signal: str
    epochs: int
    decides: bool
    """Whether the objective needs it; if not, a trial counts without it."""


def further_trainings(job: Job) -> list[FurtherTraining]:
    """Return the further trainings that a job asks for."""
    needed = signal_of(job.objective).request
    epochs = {
        "short": short_epochs(job.epochs, job.short_fraction),
        "second_final": job.epochs,
    }
    return [
        FurtherTraining(request, name, epochs[name], decides=request == needed)
        for name in epochs
        if (request := SIGNALS[name].request) in job.requests and request is not None
    ]


def with_further_trainings(
    trials: Sequence[Trial],
    batch: Batch,
    trainings: Sequence[FurtherTraining],
    engine: Engine,
    progress: Report,
) -> tuple[Trial, ...]:
    """Return trials with the signals of further trainings of their architectures.

    A signal that is not finite is left out, and so is one that the objective does not need if its
    training fails.

    Args:
        trials: Results of the trials so far.
        batch: The trials.
        trainings: The trainings.
        engine: The engine that computes them.
        progress: Called after each epoch.
    """
    batch, architectures = retraining_of(batch, [trial.architecture for trial in trials])
    began = time.perf_counter()
    signals = [dict(trial.signals) for trial in trials]
    for training in trainings:
        try:
            psnrs = _psnrs(batch, architectures, training, engine, progress)
        except (ArithmeticError, RuntimeError, ValueError) as error:
            # Such as that of a custom operation whose weights diverged.
            out_of_memory = type(error).__name__ == "OutOfMemoryError"  # the one of a GPU
            if training.decides or out_of_memory:
                raise
            log.warning("the signal %s is left out: %s", training.request, described(error))
            continue
        for index in np.flatnonzero(np.isfinite(psnrs)):
            signals[index][training.signal] = float(psnrs[index])
    seconds = (time.perf_counter() - began) / len(trials)
    return tuple(
        trial.model_copy(update={"signals": found, "signal_seconds": seconds})
        for trial, found in zip(trials, signals, strict=True)
    )


def further_seed(seed: int, request: Request) -> int:
    """Return the seed of a further training of a trial, in [0, 2^63)."""
    text = f"{request} {seed}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def _psnrs(
    batch: Batch,
    architectures: NDArray[np.int64],
    training: FurtherTraining,
    engine: Engine,
    progress: Report,
) -> NDArray[np.float64]:
    """Return the PSNR of each trial's architecture after a training, ``(trial,)``."""
    seeds = [further_seed(int(seed), training.request) for seed in batch.seeds]
    other = replace(batch, epochs=training.epochs, seeds=np.array(seeds, dtype=np.int64))
    trained = engine.retrain(
        other, architectures, lambda done, of: progress(training.request, done, of)
    )
    return without_infinity(trained.psnr)
