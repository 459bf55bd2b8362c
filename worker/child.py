"""The process that evaluates: ``python -m worker.child``, started and watched by its worker.

It reads jobs from its standard input and answers on its standard output, a JSON object a line.
Both are moved to descriptors of its own first, so that nothing an evaluation prints gets in
between. Answers are ``{"ready": true}``, then for each job any number of
``{"progress": [phase, done, total]}`` and one ``{"outcome": …}`` or ``{"failure": …}``;
``{"fatal": reason}`` if it cannot evaluate at all.
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

from configspace.errors import WireError
from configspace.job import Failure, FailureKind, Job, Outcome

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_MESSAGE_CHARACTERS = 2000


class Evaluate(Protocol):
    """Runs a job's trials."""

    def __call__(
        self, job: Job, *, device: str, engine: str, progress: Callable[[str, int, int], None]
    ) -> Outcome:
        """Return the outcome, calling ``progress(phase, epochs done, epochs in all)``."""


def main() -> int:
    """Evaluate jobs until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluate", required=True, help="package.module:function")
    parser.add_argument("--device", required=True)
    parser.add_argument("--engine", required=True)
    options = parser.parse_args()
    _die_with_the_parent()
    # Ctrl-C reaches every process of a terminal; what it means is for the worker to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING)
    jobs, answers = _take_the_pipes()

    def answer(kind: str, content: object) -> None:
        answers.write(json.dumps({kind: content}) + "\n")
        answers.flush()

    try:
        evaluate = resolve(options.evaluate)
    except (ImportError, AttributeError, ValueError) as error:
        log.exception("cannot load %s", options.evaluate)
        answer("fatal", f"cannot load {options.evaluate!r}: {error}")
        return 1
    answer("ready", True)
    for line in _lines(jobs):
        job = Job.from_wire(json.loads(line))
        result = attempt(
            evaluate,
            job,
            device=options.device,
            engine=options.engine,
            progress=lambda *report: answer("progress", list(report)),
        )
        answer("failure" if isinstance(result, Failure) else "outcome", result.to_wire())
    return 0


def resolve(name: str) -> Evaluate:
    """Import what ``package.module:function`` names.

    Raises:
        ValueError: If it is not of that form.
        ImportError: If there is no such module, or it cannot be imported.
        AttributeError: If the module has no such function.
    """
    module, colon, function = name.partition(":")
    if not colon:
        raise ValueError(f"wanted package.module:function, got {name!r}")
    evaluate: Evaluate = getattr(importlib.import_module(module), function)
    return evaluate


def attempt(
    evaluate: Evaluate,
    job: Job,
    *,
    device: str,
    engine: str,
    progress: Callable[[str, int, int], None],
) -> Outcome | Failure:
    """Run one evaluation, whatever it does short of killing the process."""

    def failure(kind: FailureKind, message: str) -> Failure:
        return Failure(id=job.id, kind=kind, message=message[:_MESSAGE_CHARACTERS])

    try:
        outcome = evaluate(job, device=device, engine=engine, progress=progress)
        # Once more in its wire form: a model can be built around its own checks.
        outcome = Outcome.from_wire(outcome.to_wire())
        outcome.check_against(job)
    except SystemExit as error:
        return failure("exit", f"the evaluation called sys.exit({error.code!r})")
    except MemoryError as error:
        return failure("memory-error", f"the evaluation ran out of memory: {error}")
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
