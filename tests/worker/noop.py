"""Evaluations without a search, for tests of the service; they run in a real child process."""

import ctypes
import hashlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from configspace.errors import ServiceError
from configspace.job import Curve, Job, Outcome, Trial
from worker.service.child import MakeEvaluator, OnProgress


@dataclass
class Noop:
    """An evaluator that computes nothing."""

    evaluate: Callable[[Job, OnProgress], Outcome]
    engine: str = "noop"
    device: str = "cpu"
    target: str = ""

    def prepare(self, progress: OnProgress) -> None:
        """Have nothing to prepare."""

    def __call__(self, job: Job, progress: OnProgress) -> Outcome:
        return self.evaluate(job, progress)


def evaluator(evaluate: Callable[[Job, OnProgress], Outcome]) -> MakeEvaluator:
    """Return a factory of evaluators that call a function."""

    def make(*, device: str, engine: str, threads: int) -> Noop:
        return Noop(evaluate)

    return make


def needs_a_gpu(*, device: str, engine: str, threads: int) -> Noop:
    """Fail because a device is missing."""
    raise ServiceError(f"no device {device!r} here")


def needs_a_module(*, device: str, engine: str, threads: int) -> Noop:
    """Fail every job because a module is missing."""

    def evaluate(job: Job, progress: OnProgress) -> Outcome:
        raise ServiceError(f"no module for {job.problem.name!r} here")

    return Noop(evaluate)


@dataclass
class Preparing(Noop):
    """An evaluator that prepares itself in two steps; the second one calls ``then``."""

    then: Callable[[], None] = lambda: None

    def prepare(self, progress: OnProgress) -> None:
        """Report two steps."""
        progress("compiling kernels", 0, 2)
        logging.getLogger("worker.noop").info("compiling the first")
        progress("compiling kernels", 1, 2)
        self.then()


def raises_while_it_prepares(*, device: str, engine: str, threads: int) -> Noop:
    """Prepare for jobs until a library refuses one of its settings."""

    def refuse() -> None:
        raise RuntimeError("unknown setting 'Foo'")

    return Preparing(outcome_only, then=refuse)


def prepares_until_a_file_exists(*, device: str, engine: str, threads: int) -> Noop:
    """Prepare for jobs until the file that the environment names exists."""

    def wait() -> None:
        while not Path(os.environ["DARTBOARD_TEST_GATE"]).exists():
            time.sleep(0.02)

    return Preparing(outcome_only, then=wait)


def is_killed_while_it_prepares(*, device: str, engine: str, threads: int) -> Noop:
    """Die of SIGKILL before the first job, as when memory runs out."""
    return Preparing(outcome_only, then=lambda: os.kill(os.getpid(), signal.SIGKILL))


def exits_while_it_prepares(*, device: str, engine: str, threads: int) -> Noop:
    """End the process before the first job."""
    return Preparing(outcome_only, then=lambda: os._exit(4))


def outcome_only(job: Job, progress: OnProgress) -> Outcome:
    """Return scores without progress."""
    return outcome_of(job)


def slow_to_start_again(*, device: str, engine: str, threads: int) -> Noop:
    """Start at once the first time and slowly after that; crash the process with every job."""
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
def does_not_offer_the_space(job: Job, progress: OnProgress) -> Outcome:
    """Fail because the engine does not offer the search space."""
    raise ServiceError(f"no space {job.architecture.space!r} here")


@evaluator
def evaluate(job: Job, progress: OnProgress) -> Outcome:
    """Return scores at once."""
    progress("search", job.epochs, job.epochs)
    return outcome_of(job)


@evaluator
def slow(job: Job, progress: OnProgress) -> Outcome:
    """Return scores after a while."""
    time.sleep(0.1)
    return outcome_of(job)


@evaluator
def gated(job: Job, progress: OnProgress) -> Outcome:
    """Return scores once the file that the environment names exists."""
    started = Path(os.environ["DARTBOARD_TEST_GATE"])
    started.with_suffix(".started").touch()
    while not started.exists():
        time.sleep(0.02)
    return outcome_of(job)


@evaluator
def raises(job: Job, progress: OnProgress) -> Outcome:
    """Fail with an exception."""
    raise RuntimeError("no such operation")


@evaluator
def raises_on_odd_seeds(job: Job, progress: OnProgress) -> Outcome:
    """Fail if any seed of the job is odd."""
    if any(seed % 2 for seed in job.seeds):
        raise RuntimeError("its training diverged")
    return outcome_of(job)


@evaluator
def exits(job: Job, progress: OnProgress) -> Outcome:
    """Call sys.exit."""
    sys.exit(3)


@evaluator
def exits_hard(job: Job, progress: OnProgress) -> Outcome:
    """End the process without any clean-up."""
    os._exit(4)


@evaluator
def segfaults(job: Job, progress: OnProgress) -> Outcome:
    """Read from address 0."""
    ctypes.string_at(0)
    raise AssertionError("still here")


@evaluator
def not_a_number(job: Job, progress: OnProgress) -> Outcome:
    """Return a score that is not finite."""
    trial = Trial(seed=job.seeds[0], one_shot_psnr=float("nan"), architecture=("gradient",))
    return Outcome(id=job.id, trials=(trial,), engine="noop", device="cpu")


@evaluator
def not_a_number_unchecked(job: Job, progress: OnProgress) -> Outcome:
    """Return a score that is not finite, without the checks of the model."""
    outcome = outcome_of(job)
    bad = outcome.trials[0].model_copy(update={"one_shot_psnr": float("inf")})
    return outcome.model_copy(update={"trials": (bad, *outcome.trials[1:])})


@evaluator
def never_returns(job: Job, progress: OnProgress) -> Outcome:
    """Run without end."""
    while True:
        time.sleep(1)


@evaluator
def allocates(job: Job, progress: OnProgress) -> Outcome:
    """Allocate memory without end."""
    taken = []
    while True:
        taken.append(bytearray(os.urandom(2**20)) * 16)
        time.sleep(0.02)


@evaluator
def memory_error(job: Job, progress: OnProgress) -> Outcome:
    """Ask for more memory than any machine has."""
    bytearray(2**62)
    raise AssertionError("still here")


@evaluator
def prints(job: Job, progress: OnProgress) -> Outcome:
    """Write to standard output, and read standard input."""
    sys.stdout.write('{"outcome": "forged"}\n')
    sys.stdout.flush()
    os.write(1, b"not json\n")
    assert sys.stdin.read() == ""
    return outcome_of(job)


@evaluator
def wrong_seeds(job: Job, progress: OnProgress) -> Outcome:
    """Return too few trials."""
    return outcome_of(job).model_copy(update={"trials": ()})


@evaluator
def each_its_own_way(job: Job, progress: OnProgress) -> Outcome:
    """Fail in the way that the configuration's number selects.

    Among the configurations that enter at a later rung, only the first one fails.
    """
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
