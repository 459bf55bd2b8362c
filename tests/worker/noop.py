"""Evaluations without a search, for tests of the service; run in a real child process."""

import ctypes
import hashlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from configspace.job import Curve, Job, Outcome, Trial

Progress = Callable[[str, int, int], None]


def outcome_of(job: Job) -> Outcome:
    """Return scores that are a pure function of hyperparameters, epochs and seed."""
    return Outcome(
        id=job.id,
        trials=tuple(
            Trial(
                seed=seed,
                one_shot_psnr=_score(job, seed, "one-shot"),
                architecture=("gradient",) * job.architecture.layers,
                architecture_psnr=_score(job, seed, "final"),
                curves=(Curve(phase="search", train_loss=(1.0,), psnr=(3.0,)),),
            )
            for seed in job.seeds
        ),
        engine="noop",
        device="cpu",
    )


def evaluate(job: Job, *, device: str, engine: str, progress: Progress) -> Outcome:
    """Bring scores at once."""
    progress("search", job.epochs, job.epochs)
    return outcome_of(job)


def slow(job: Job, *, device: str, engine: str, progress: Progress) -> Outcome:
    """Bring scores after a while."""
    time.sleep(0.1)
    return outcome_of(job)


def gated(job: Job, *, device: str, engine: str, progress: Progress) -> Outcome:
    """Bring scores once the file named by the environment is there."""
    started = Path(os.environ["DARTBOARD_TEST_GATE"])
    started.with_suffix(".started").touch()
    while not started.exists():
        time.sleep(0.02)
    return outcome_of(job)


def raises(job: Job, *, device: str, engine: str, progress: Progress) -> Outcome:
    """Fail by an exception."""
    raise RuntimeError("no such operation")


def exits(job: Job, *, device: str, engine: str, progress: Progress) -> Outcome:
    """Try to end the process in an orderly way."""
    sys.exit(3)


def exits_hard(job: Job, *, device: str, engine: str, progress: Progress) -> Outcome:
    """End the process behind Python's back."""
    os._exit(4)


def segfaults(job: Job, *, device: str, engine: str, progress: Progress) -> Outcome:
    """Read where nothing is."""
    ctypes.string_at(0)
    raise AssertionError("still here")


def not_a_number(job: Job, *, device: str, engine: str, progress: Progress) -> Outcome:
    """Bring a score that is not finite."""
    trial = Trial(seed=job.seeds[0], one_shot_psnr=float("nan"), architecture=("gradient",))
    return Outcome(id=job.id, trials=(trial,), engine="noop", device="cpu")


def not_a_number_unchecked(job: Job, *, device: str, engine: str, progress: Progress) -> Outcome:
    """Bring a score that is not finite, past the checks of the model."""
    outcome = outcome_of(job)
    bad = outcome.trials[0].model_copy(update={"one_shot_psnr": float("inf")})
    return outcome.model_copy(update={"trials": (bad, *outcome.trials[1:])})


def never_returns(job: Job, *, device: str, engine: str, progress: Progress) -> Outcome:
    """Overstay."""
    while True:
        time.sleep(1)


def allocates(job: Job, *, device: str, engine: str, progress: Progress) -> Outcome:
    """Take memory without end."""
    taken = []
    while True:
        taken.append(bytearray(os.urandom(2**20)) * 16)
        time.sleep(0.02)


def memory_error(job: Job, *, device: str, engine: str, progress: Progress) -> Outcome:
    """Ask for more memory than there can be."""
    bytearray(2**62)
    raise AssertionError("still here")


def prints(job: Job, *, device: str, engine: str, progress: Progress) -> Outcome:
    """Write to standard output, and read standard input."""
    sys.stdout.write('{"outcome": "forged"}\n')
    sys.stdout.flush()
    os.write(1, b"not json\n")
    assert sys.stdin.read() == ""
    return outcome_of(job)


def wrong_seeds(job: Job, *, device: str, engine: str, progress: Progress) -> Outcome:
    """Answer with too few trials."""
    return outcome_of(job).model_copy(update={"trials": ()})


def each_its_own_way(job: Job, *, device: str, engine: str, progress: Progress) -> Outcome:
    """Fail as the number of the configuration says; of the later ones, the first does."""
    ways = (
        *(raises, exits, exits_hard, not_a_number, not_a_number_unchecked, wrong_seeds),
        *(segfaults, memory_error, never_returns),
    )
    _, rung, number = job.id.configuration
    later = allocates if number == 0 else evaluate
    way = ways[number] if rung == 0 else later
    return way(job, device=device, engine=engine, progress=progress)


def _score(job: Job, seed: int, kind: str) -> float:
    text = f"{job.hyperparameters.model_dump_json()} {job.epochs} {seed} {kind}"
    return 10 + 10 * int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32
