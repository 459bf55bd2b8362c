"""The process that evaluates: ``python -m worker.service.child``, a child of its worker.

It reads jobs from its standard input and answers on its standard output, one JSON object per line.
First it moves both to new descriptors, so that the output of an evaluation cannot mix with them.
The answers are ``{"chosen": [engine, device, target]}``, ``{"ready": true}``, and then for each job
one ``{"outcome": …}`` or ``{"failure": …}``. Before it is ready and during a job come any number of
``{"progress": [phase, done, of]}``. The answer ``{"fatal": {"problem": …, "advice": …}}`` means
that it cannot evaluate anything, or not this job.
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
from configspace.foreign_text import described
from configspace.job import Failure, FailureKind, Job, Outcome

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_TRACE_CHARACTERS = 20_000
"""Most characters of a traceback in the log; a message may have millions."""

OnProgress = Callable[[str, int, int], None]
"""A function that takes phase, steps done and steps in total, and reports them."""


class Evaluator(Protocol):
    """Runs the trials of jobs."""

    engine: str
    device: str
    target: str
    """Processors for which its code is compiled; empty if it does not matter or is unknown."""

    def prepare(self, progress: OnProgress) -> None:
        """Do, before the first job, what would delay it, and call ``progress`` before each step."""

    def __call__(self, job: Job, progress: OnProgress) -> Outcome:
        """Return the outcome of a job, and call ``progress`` after each epoch."""


class MakeEvaluator(Protocol):
    """Makes an evaluator, once, when the process starts.

    If a device or an engine is missing, that is a fault of this machine and not of a
    configuration: the function raises a `DartboardError`, and the worker ends.
    """

    def __call__(self, *, device: str, engine: str, threads: int) -> Evaluator:
        """Return an evaluator that knows its engine and device; its `prepare` comes next."""


def main() -> int:
    """Evaluate jobs until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluator", required=True, help="package.module:factory")
    parser.add_argument("--device", required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--threads", required=True, type=int)
    options = parser.parse_args()
    _die_with_the_parent()
    # Ctrl-C reaches every process of a terminal, but only the worker reacts to it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("worker").setLevel(logging.INFO)  # includes the compilation of kernels
    jobs, answers = _take_the_pipes()

    def answer(kind: str, content: object) -> None:
        try:
            answers.write(json.dumps({kind: content}) + "\n")
            answers.flush()
        except BrokenPipeError:
            os._exit(1)  # the worker is gone

    def report(phase: str, done: int, of: int) -> None:
        answer("progress", [phase, done, of])

    try:
        make = resolve(options.evaluator)
    except (ImportError, AttributeError, ValueError) as error:
        _log_if_debugging(error)
        answer("fatal", _fatal(ServiceError(f"cannot load {options.evaluator!r}: {error}")))
        return 1
    try:
        evaluate = make(device=options.device, engine=options.engine, threads=options.threads)
        answer("chosen", [evaluate.engine, evaluate.device, evaluate.target])
        evaluate.prepare(report)
    except DartboardError as error:
        answer("fatal", _fatal(error))
        return 1
    except Exception as error:  # noqa: BLE001 -- such as a library's, of a setting that it reads
        _log_if_debugging(error)
        answer("fatal", _fatal(ServiceError(described(error))))
        return 1
    answer("ready", True)
    for line in _lines(jobs):
        job = Job.from_wire(json.loads(line))
        try:
            result = attempt(evaluate, job, report)
        except ServiceError as error:
            answer("fatal", _fatal(error))
            return 1
        answer("failure" if isinstance(result, Failure) else "outcome", result.to_wire())
    return 0


def resolve(name: str) -> MakeEvaluator:
    """Import the factory that ``package.module:factory`` names.

    Raises:
        ValueError: If the name has another form.
        ImportError: If there is no such module, or it cannot be imported.
        AttributeError: If the module has no such factory.
    """
    module, colon, factory = name.partition(":")
    if not colon:
        raise ValueError(f"expected package.module:factory, got {name!r}")
    make: MakeEvaluator = getattr(importlib.import_module(module), factory)
    return make


def attempt(evaluate: Evaluator, job: Job, progress: OnProgress) -> Outcome | Failure:
    """Run one evaluation, and turn everything that ends it into an outcome or a failure.

    Raises:
        ServiceError: If the evaluator cannot run the job, whatever its configuration.
    """

    def failure(kind: FailureKind, message: str) -> Failure:
        return Failure(id=job.id, kind=kind, message=message)

    try:
        outcome = evaluate(job, progress)
        # Parsed again from its wire form, because a model can be built without its checks.
        outcome = Outcome.from_wire(outcome.to_wire())
        outcome.check_against(job)
    except SystemExit as error:
        return failure("exit", f"the evaluation called sys.exit({error.code!r})")
    except MemoryError as error:
        return failure("memory-error", f"the evaluation ran out of memory: {error}")
    except ServiceError:
        raise
    except Exception as error:  # noqa: BLE001 -- it becomes a failure, and is logged
        trace = "".join(traceback.format_exception(error)).rstrip()
        log.error("study %s: %s failed\n%s", job.study, job.id, trace[:_TRACE_CHARACTERS])
        kind = _kind(error)
        return failure(kind, "".join(traceback.format_exception_only(error)).strip())
    return outcome


def _log_if_debugging(error: Exception) -> None:
    """Log where an error comes from, for ``dartboard --debug``; a user needs one line."""
    if os.environ.get("DARTBOARD_DEBUG"):
        log.error("%s", "".join(traceback.format_exception(error)).rstrip()[:_TRACE_CHARACTERS])


def _fatal(error: DartboardError) -> dict[str, str]:
    return {"problem": error.problem, "advice": error.advice}


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
    """Move standard input and output to descriptors that an evaluation does not use."""
    jobs, answers = os.dup(0), os.dup(1)
    with open(os.devnull) as nothing:  # noqa: PTH123  # a device, not a file
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return os.fdopen(jobs), os.fdopen(answers, "w")


def _lines(jobs: TextIO) -> Any:
    """Yield the lines of ``jobs``; at their end the process ends, even during an evaluation."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        try:
            for line in jobs:
                lines.put(line)
        except BaseException:
            log.exception("cannot read any more jobs")
            os._exit(1)
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
