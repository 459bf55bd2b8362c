"""Compilation before the first trial: one call of each entry that does nothing but compile it."""

from __future__ import annotations

import functools
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

from configspace.architecture import ArchitectureSettings
from configspace.hyperparameters import Hyperparameters
from configspace.python_path import python_command
from configspace.search import SearchSettings
from configspace.study import ProblemSettings
from worker.engine.contract import Batch
from worker.engine.initialization import initial_alpha
from worker.engine.problem import CosineProblem
from worker.numba_engine.alpha import set_coefficients
from worker.numba_engine.compilation import compile_for, is_compiled
from worker.numba_engine.compile_lock import alone
from worker.numba_engine.dilated_epochs import dilated_train_epoch
from worker.numba_engine.drop_factors import Drops
from worker.numba_engine.epochs import Batches, search_epoch, train_epoch
from worker.numba_engine.hessian_kernels import (
    Hidden,
    Moves,
    activate,
    add_banded,
    add_moved,
    sum_outputs,
)
from worker.numba_engine.kernel_cache import cache_directory, warn_of_no_directory
from worker.numba_engine.signals import cosine_waves
from worker.numba_engine.workspace import Workspace, starting_alpha

log = logging.getLogger(__name__)

DROP_PATH = "drop-path"
"""Word for `compile_missing`: searches drop edges."""
DILATED = "dilated"
"""Word for `compile_missing`: convolutions are dilated."""
KernelSize = Literal[3, 5]
SpaceName = Literal["sequential", "cell"]


class Step(NamedTuple):
    """A step of the compilation that begins."""

    kernels: str
    """Name of the kernels for the user; empty while another process compiles them."""
    number: int
    """Number of the step, from 1."""
    of: int
    """Number of steps in total."""

    @property
    def text(self) -> str:
        """What happens in this step, for the log."""
        if not self.kernels:
            return "waiting for the kernels, which another process compiles"
        return (
            f"compiling the {self.kernels} for this machine ({self.number} of {self.of}); "
            "this happens once and takes some seconds"
        )


Report = Callable[[Step], None]


def log_step(step: Step) -> None:
    """Log a step of the compilation."""
    log.info(step.text)


def ensure_compiled(
    report: Report = log_step,
    kernel_size: KernelSize = 3,
    space: SpaceName = "sequential",
    *,
    drop_path: bool = False,
    dilated: bool = False,
) -> None:
    """Compile the kernels to disk, so that no trial waits for their compilation.

    A separate process compiles them, and each engine loads them from the disk. The reason: a
    process that compiles shares kernels among its entries, but a loaded entry has separate copies,
    compiled for it, and these round differently. Only one process at a time compiles the same
    kernels; others wait for it.

    Args:
        report: Called before each step; not called if the code is on disk.
        kernel_size: Taps of the convolutions: the kernels are compiled for each size.
        space: The search space: the kernels are compiled for each, too.
        drop_path: Whether searches drop edges; if so, one more kernel is compiled.
        dilated: Whether trainings have dilated convolutions; if so, one more kernel is compiled.
    """
    options = [word for word, used in ((DROP_PATH, drop_path), (DILATED, dilated)) if used]
    missing = _missing(kernel_size, space, *options)
    if missing and not compile_in_subprocess(report, str(kernel_size), space, *options):
        _compile(report, _missing(kernel_size, space, *options))


def compile_in_subprocess(report: Report, *words: str, **variables: str) -> bool:
    """Run `compile_missing` in a separate process, which writes the compiled code to disk.

    Args:
        report: Called with each step that the process begins.
        words: The arguments of `compile_missing`.
        variables: More variables of the environment of that process.

    Returns:
        Whether the process succeeded, so that the code is on disk.
    """
    if cache_directory() is None:
        warn_of_no_directory()
        return False
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [*python_command(__name__), *words],
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        with process:
            assert process.stdout is not None  # opened as a pipe
            for line in process.stdout:
                report(Step(*json.loads(line)))
        if process.returncode:
            errors.seek(0)
            last = (errors.read().strip().splitlines() or ["no error message"])[-1]
            log.warning("compiling the kernels failed with status %d: %s", process.returncode, last)
    return process.returncode == 0


def compile_missing(kernel_size: str, space: str, *options: str) -> None:
    """Compile what is not on disk, and print one line, a `Step` as JSON, before each step.

    Args:
        kernel_size: Taps of the convolutions, ``3`` or ``5``.
        space: The search space, ``sequential`` or ``cell``.
        options: Any of `DROP_PATH` and `DILATED`.
    """
    architecture = ArchitectureSettings.model_validate(
        {"kernel_size": int(kernel_size), "space": space}
    )

    def report(step: Step) -> None:
        print(json.dumps(step), flush=True)  # noqa: T201 -- the parent process reads it

    def missing() -> list[FirstCall]:
        return _missing(architecture.kernel_size, architecture.space, *options)

    waiting = Step("", 1, len(missing()))
    with alone(cache_directory(), f"{space}-{kernel_size}", lambda: report(waiting)):
        _compile(report, missing())


class FirstCall(NamedTuple):
    """A call that computes nothing, but for which an entry must be compiled."""

    name: str
    """Name of the kernels for the user."""
    entry: Callable[..., object]
    arguments: Any
    """Arguments with no steps, or with no layers."""


class FirstCalls(NamedTuple):
    """A first call of each entry."""

    workspace: Workspace
    """Owner of the memory to which the addresses in the arguments point."""
    calls: tuple[FirstCall, ...]


def _missing(kernel_size: KernelSize, space: SpaceName, *options: str) -> list[FirstCall]:
    calls = _first_calls(kernel_size, space, *options).calls
    return [call for call in calls if not is_compiled(call.entry, call.arguments)]


def _compile(report: Report, missing: list[FirstCall]) -> None:
    for number, call in enumerate(missing, start=1):
        report(Step(call.name, number, len(missing)))
        compile_for(call.entry, call.arguments)


@functools.cache
def _first_calls(kernel_size: KernelSize, space: SpaceName, *options: str) -> FirstCalls:
    """Return the first calls of all entries for a kernel size and a search space.

    Args:
        kernel_size: Taps of the convolutions.
        space: The search space.
        options: Any of `DROP_PATH` and `DILATED`, which need one more kernel each.
    """
    batch = Batch(
        problem=CosineProblem(ProblemSettings()),
        architecture=ArchitectureSettings(
            space=space, layers=1, states=2, channels=4, kernel_size=kernel_size
        ),
        search=SearchSettings(batch_size=2, batches=1),
        hyperparameters=(Hyperparameters(),),
        epochs=1,
        seeds=np.zeros(1, np.int64),
    )
    workspace, alpha = Workspace(batch), initial_alpha(batch)[0]
    signals, none = np.zeros(0, np.float32), np.zeros(0)
    trial, architecture = workspace.trial, starting_alpha(batch, 0, alpha)
    batches = Batches(signals, occasion=0, first_step=0, step_sizes=none)
    search = (*workspace.network, architecture, batches, batches)
    calls = [
        FirstCall("sampler", cosine_waves, (trial, none, 2, 0, 0, 0, none, signals)),
        FirstCall("mixture", set_coefficients, (alpha[:0], trial)),
        FirstCall("search", search_epoch, (*search, None)),
        FirstCall("training", train_epoch, (*workspace.network, batches)),
        *_hessian_calls(),
    ]
    if DROP_PATH in options:
        calls.append(FirstCall("search with drop path", search_epoch, (*search, Drops(0, 0, 0))))
    if DILATED in options:
        dilated = trial, workspace.direct_taps, batches
        calls.append(FirstCall("training with dilation", dilated_train_epoch, dilated))
    return FirstCalls(workspace, tuple(calls))


def _hessian_calls() -> list[FirstCall]:
    """Return the first calls of the Hessian's entries, which have no addresses."""
    row, rows, signals = (np.zeros((0,) * dimensions, np.float32) for dimensions in (1, 2, 3))
    hidden, one = Hidden(rows, row, row, row, rows), np.float32(1)
    moves = Moves(one, one, 0, signals)
    return [
        FirstCall("Hessian's outputs", sum_outputs, (hidden, rows, rows)),
        FirstCall("Hessian's channels", activate, (hidden, rows, rows, 0, signals, rows)),
        FirstCall("Hessian's edges", add_moved, (*[signals] * 4, moves)),
        FirstCall("Hessian's bands", add_banded, (signals, signals, rows)),
    ]


if __name__ == "__main__":
    compile_missing(*sys.argv[1:])
