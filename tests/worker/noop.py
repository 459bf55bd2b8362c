"""Evaluations without a search, for tests of the service; run in a real child process."""

import ctypes
import hashlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from configspace.errors import ServiceError
from configspace.job import Curve, Job, Outcome, Trial
from worker.service.child import MakeEvaluator

Progress = Callable[[str, int, int], None]


@dataclass
class Noop:
    """An evaluator that computes nothing."""

    evaluate: Callable[[Job, Progress], Outcome]
    engine: str = "noop"
    device: str = "cpu"

    def __call__(self, job: Job, progress: Progress) -> Outcome:
        return self.evaluate(job, progress)


def evaluator(evaluate: Callable[[Job, Progress], Outcome]) -> MakeEvaluator:
    """Make a function into what a worker is told to evaluate with."""

    def make(*, device: str, engine: str, threads: int) -> Noop:
        return Noop(evaluate)

    return make


def needs_a_gpu(*, device: str, engine: str, threads: int) -> Noop:
    """Lack what this machine does not have."""
    raise ServiceError(f"no device {device!r} here")


def needs_a_module(*, device: str, engine: str, threads: int) -> Noop:
    """Lack what a job names and this machine does not have."""

    def evaluate(job: Job, progress: Progress) -> Outcome:
        raise ServiceError(f"no module for {job.problem.name!r} here")

    return Noop(evaluate)


def slow_to_start_again(*, device: str, engine: str, threads: int) -> Noop:
    """Take its time to be ready, but for the first time; then crash the process."""
    before = Path(os.environ["DARTBOARD_TEST_GATE"])
    if before.exists():
        time.sleep(3.0)
    before.touch()
    return segfaults(device=device, engine=engine, threads=threads)  # type: ignore[return-value]


def outcome_of(job: Job) -> Outcome:
    """Return scores that are a pure function of hyperparameters, epochs and seed."""
    return Outcome(
        id=job.id,
        trials=tuple(
            Trial(
                seed=seed,
                one_shot_psnr=None if job.architectures else _score(job, seed, "one-shot"),
                architecture=job.architectures[index]
                if job.architectures
                else ("gradient",) * job.architecture.edges,
                architecture_psnr=_score(job, seed, "final"),
                curves=(Curve(phase="search", train_loss=(1.0,), psnr=(3.0,)),),
            )
            for index, seed in enumerate(job.seeds)
        ),
        engine="noop",
        device="cpu",
    )


@evaluator
def lacks_the_space(job: Job, progress: Progress) -> Outcome:
    """Lack what every job of a study needs."""
    raise ServiceError(f"no space {job.architecture.space!r} here")


@evaluator
def evaluate(job: Job, progress: Progress) -> Outcome:
    """Bring scores at once."""
    progress("search", job.epochs, job.epochs)
    return outcome_of(job)


@evaluator
def slow(job: Job, progress: Progress) -> Outcome:
    """Bring scores after a while."""
    time.sleep(0.1)
    return outcome_of(job)


@evaluator
def gated(job: Job, progress: Progress) -> Outcome:
    """Bring scores once the file named by the environment is there."""
    started = Path(os.environ["DARTBOARD_TEST_GATE"])
    started.with_suffix(".started").touch()
    while not started.exists():
        time.sleep(0.02)
    return outcome_of(job)


@evaluator
def raises(job: Job, progress: Progress) -> Outcome:
    """Fail by an exception."""
    raise RuntimeError("no such operation")


@evaluator
def raises_on_odd_seeds(job: Job, progress: Progress) -> Outcome:
    """Fail as a whole if one of the trials does."""
    if any(seed % 2 for seed in job.seeds):
        raise RuntimeError("its training diverged")
    return outcome_of(job)


@evaluator
def exits(job: Job, progress: Progress) -> Outcome:
    """Try to end the process in an orderly way."""
    sys.exit(3)


@evaluator
def exits_hard(job: Job, progress: Progress) -> Outcome:
    """End the process behind Python's back."""
    os._exit(4)


@evaluator
def segfaults(job: Job, progress: Progress) -> Outcome:
    """Read where nothing is."""
    ctypes.string_at(0)
    raise AssertionError("still here")


@evaluator
def not_a_number(job: Job, progress: Progress) -> Outcome:
    """Bring a score that is not finite."""
    trial = Trial(seed=job.seeds[0], one_shot_psnr=float("nan"), architecture=("gradient",))
    return Outcome(id=job.id, trials=(trial,), engine="noop", device="cpu")


@evaluator
def not_a_number_unchecked(job: Job, progress: Progress) -> Outcome:
    """Bring a score that is not finite, past the checks of the model."""
    outcome = outcome_of(job)
    bad = outcome.trials[0].model_copy(update={"one_shot_psnr": float("inf")})
    return outcome.model_copy(update={"trials": (bad, *outcome.trials[1:])})


@evaluator
def never_returns(job: Job, progress: Progress) -> Outcome:
    """Overstay."""
    while True:
        time.sleep(1)


@evaluator
def allocates(job: Job, progress: Progress) -> Outcome:
    """Take memory without end."""
    taken = []
    while True:
        taken.append(bytearray(os.urandom(2**20)) * 16)
        time.sleep(0.02)


@evaluator
def memory_error(job: Job, progress: Progress) -> Outcome:
    """Ask for more memory than there can be."""
    bytearray(2**62)
    raise AssertionError("still here")


@evaluator
def prints(job: Job, progress: Progress) -> Outcome:
    """Write to standard output, and read standard input."""
    sys.stdout.write('{"outcome": "forged"}\n')
    sys.stdout.flush()
    os.write(1, b"not json\n")
    assert sys.stdin.read() == ""
    return outcome_of(job)


@evaluator
def wrong_seeds(job: Job, progress: Progress) -> Outcome:
    """Answer with too few trials."""
    return outcome_of(job).model_copy(update={"trials": ()})


@evaluator
def each_its_own_way(job: Job, progress: Progress) -> Outcome:
    """Fail as the number of the configuration says; of the later ones, the first does."""
    ways = (
        *(raises, exits, exits_hard, not_a_number, not_a_number_unchecked, wrong_seeds),
        *(segfaults, memory_error, never_returns),
    )
    _, rung, number = job.id.configuration
    later = allocates if number == 0 else evaluate
    way = ways[number] if rung == 0 else later
    return way(device="cpu", engine="noop", threads=1)(job, progress)


def _score(job: Job, seed: int, kind: str) -> float:
    text = f"{job.hyperparameters.model_dump_json()} {job.epochs} {seed} {kind}"
    return 10 + 10 * int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32
