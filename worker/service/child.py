"""The process that evaluates: ``python -m worker.service.child``, a child of its worker.

It reads jobs from its standard input and answers on its standard output, a JSON object a line.
Both are moved to descriptors of its own first, so that nothing an evaluation prints gets in
between. Answers are ``{"ready": [engine, device]}``, then for each job any number of
``{"progress": [phase, done, total]}`` and one ``{"outcome": …}`` or ``{"failure": …}``;
``{"fatal": reason}`` if it cannot evaluate at all, or not what it is asked to.
"""

import argparse
import ctypes
import importlib
import json
import logging
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, Protocol, TextIO

from pydantic import ValidationError

from configspace.errors import DartboardError, ServiceError, WireError
from configspace.job import Failure, FailureKind, Job, Outcome

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_MESSAGE_CHARACTERS = 2000


class Evaluator(Protocol):
    """Runs jobs' trials."""

    engine: str
    device: str

    def __call__(self, job: Job, progress: Callable[[str, int, int], None]) -> Outcome:
        """Return the outcome, calling ``progress(phase, epochs done, epochs in all)``."""


class MakeEvaluator(Protocol):
    """Makes an evaluator, once, when the process starts.

    What it cannot have (a device, an engine) is this machine's lack and not a configuration's:
    it raises a `DartboardError`, and the worker ends.
    """

    def __call__(self, *, device: str, engine: str, threads: int) -> Evaluator:
        """Make ready for jobs."""


def main() -> int:
    """Evaluate jobs until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluator", required=True, help="package.module:factory")
    parser.add_argument("--device", required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--threads", required=True, type=int)
    options = parser.parse_args()
    _die_with_the_parent()
    # Ctrl-C reaches every process of a terminal; what it means is for the worker to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("worker").setLevel(logging.INFO)  # it says when kernels are compiled
    jobs, answers = _take_the_pipes()

    def answer(kind: str, content: object) -> None:
        try:
            answers.write(json.dumps({kind: content}) + "\n")
            answers.flush()
        except BrokenPipeError:
            os._exit(1)  # the worker is gone, and nobody is left to be told

    try:
        make = resolve(options.evaluator)
    except (ImportError, AttributeError, ValueError) as error:
        log.exception("cannot load %s", options.evaluator)
        answer("fatal", f"cannot load {options.evaluator!r}: {error}")
        return 1
    try:
        evaluate = make(device=options.device, engine=options.engine, threads=options.threads)
    except DartboardError as error:
        answer("fatal", str(error))
        return 1
    answer("ready", [evaluate.engine, evaluate.device])
    for line in _lines(jobs):
        job = Job.from_wire(json.loads(line))
        try:
            result = attempt(evaluate, job, lambda *report: answer("progress", list(report)))
        except ServiceError as error:
            answer("fatal", str(error))
            return 1
        answer("failure" if isinstance(result, Failure) else "outcome", result.to_wire())
    return 0


def resolve(name: str) -> MakeEvaluator:
    """Import what ``package.module:factory`` names.

    Raises:
        ValueError: If it is not of that form.
        ImportError: If there is no such module, or it cannot be imported.
        AttributeError: If the module has no such factory.
    """
    module, colon, factory = name.partition(":")
    if not colon:
        raise ValueError(f"wanted package.module:factory, got {name!r}")
    make: MakeEvaluator = getattr(importlib.import_module(module), factory)
    return make


def attempt(
    evaluate: Evaluator, job: Job, progress: Callable[[str, int, int], None]
) -> Outcome | Failure:
    """Run one evaluation, whatever it does short of killing the process.

    Raises:
        ServiceError: If the evaluator lacks what the job needs, whatever its configuration.
    """

    def failure(kind: FailureKind, message: str) -> Failure:
        return Failure(id=job.id, kind=kind, message=message[:_MESSAGE_CHARACTERS])

    try:
        outcome = evaluate(job, progress)
        # Once more in its wire form: a model can be built around its own checks.
        outcome = Outcome.from_wire(outcome.to_wire())
        outcome.check_against(job)
    except SystemExit as error:
        return failure("exit", f"the evaluation called sys.exit({error.code!r})")
    except MemoryError as error:
        return failure("memory-error", f"the evaluation ran out of memory: {error}")
    except ServiceError:
        raise
    except Exception as error:
        log.exception("study %s: %s failed", job.study, job.id)
        kind = _kind(error)
        return failure(kind, "".join(traceback.format_exception_only(error)).strip())
    return outcome


def _kind(error: BaseException) -> FailureKind:
    if type(error).__name__ == "OutOfMemoryError":  # torch's, without importing it
        return "memory-error"
    if isinstance(error, WireError) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, FloatingPointError) or (
        isinstance(error, ValidationError)
        and any(one["type"] == "finite_number" for one in error.errors())
    ):
        return "non-finite"
    return "exception"


def _take_the_pipes() -> tuple[TextIO, TextIO]:
    """Move standard input and output to descriptors that an evaluation does not know."""
    jobs, answers = os.dup(0), os.dup(1)
    with open(os.devnull) as nothing:  # noqa: PTH123  # a device, not a path of ours
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return os.fdopen(jobs), os.fdopen(answers, "w")


def _lines(jobs: TextIO) -> Any:
    """Yield the lines of ``jobs``; when they end, the process ends, even amid an evaluation."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in jobs:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=read, name="jobs", daemon=True).start()
    while True:
        yield lines.get()


def _die_with_the_parent() -> None:
    """Have the kernel kill this process when its worker dies (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
