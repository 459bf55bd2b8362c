"""Outcomes and failures, as the evaluating process distinguishes them."""

import io
import logging

import pytest

from configspace.architecture import ArchitectureSettings
from configspace.errors import ServiceError
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId, Failure, Job, Outcome
from configspace.search import SearchSettings
from configspace.study import ProblemSettings
from tests.worker import noop
from worker.service.child import MakeEvaluator, OnProgress, attempt, resolve

JOB = Job(
    study="small",
    id=EvaluationId(configuration=(0, 0, 0), epochs=1),
    objective="final",
    problem=ProblemSettings(),
    architecture=ArchitectureSettings(),
    search=SearchSettings(),
    hyperparameters=Hyperparameters(),
    epochs=1,
    seeds=(1, 2),
    time_limit=60.0,
)


def attempted(make: MakeEvaluator) -> Outcome | Failure:
    return attempt(make(device="cpu", engine="noop", threads=1), JOB, lambda *_: None)


def test_an_outcome_is_returned() -> None:
    assert attempted(noop.evaluate) == noop.outcome_of(JOB)


@pytest.mark.parametrize(
    ("evaluate", "kind", "message"),
    [
        (noop.raises, "exception", "RuntimeError: no such operation"),
        (noop.exits, "exit", "sys.exit(3)"),
        (noop.not_a_number, "non-finite", "finite number"),
        (noop.not_a_number_unchecked, "non-finite", "finite number"),
        (noop.memory_error, "memory-error", "out of memory"),
        (noop.wrong_seeds, "exception", "expected the seeds of the job"),
    ],
)
def test_each_kind_of_failure_is_reported(evaluate: MakeEvaluator, kind: str, message: str) -> None:
    failure = attempted(evaluate)
    assert isinstance(failure, Failure)
    assert failure.kind == kind
    assert message in failure.message


@pytest.mark.parametrize(
    "message",
    ["a\x00b", "not UTF-8: \udcff", "x" * 10_000_000],
    ids=["NUL", "surrogate", "ten million characters"],
)
def test_any_message_of_an_exception_is_reported(
    message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not with caplog: parallel runs of pytest cannot send a lone surrogate in a report.
    log, written = logging.getLogger("worker.service.child"), io.StringIO()
    handler = logging.StreamHandler(written)
    monkeypatch.setattr(log, "propagate", False)
    monkeypatch.setattr(log, "handlers", [handler])

    @noop.evaluator
    def fails(job: Job, progress: OnProgress) -> Outcome:
        raise RuntimeError(message)

    failure = attempted(fails)
    assert isinstance(failure, Failure)
    assert failure.kind == "exception"
    assert Failure.from_wire(failure.to_wire()) == failure
    assert 0 < len(written.getvalue()) < 30_000


def test_a_fault_of_the_machine_is_an_error() -> None:
    with pytest.raises(ServiceError, match="no module for 'blur' here"):
        attempted(noop.needs_a_module)


def test_a_floating_point_error_is_not_finite() -> None:
    @noop.evaluator
    def overflows(job: Job, progress: OnProgress) -> Outcome:
        raise FloatingPointError("overflow")

    failure = attempted(overflows)
    assert isinstance(failure, Failure)
    assert failure.kind == "non-finite"


def test_a_device_out_of_memory_is_out_of_memory() -> None:
    out_of_memory = type("OutOfMemoryError", (RuntimeError,), {})  # as torch names it

    @noop.evaluator
    def allocates(job: Job, progress: OnProgress) -> Outcome:
        raise out_of_memory("CUDA out of memory")

    failure = attempted(allocates)
    assert isinstance(failure, Failure)
    assert failure.kind == "memory-error"


def test_a_numpy_scalar_is_refused_unless_a_float() -> None:
    import numpy as np

    @noop.evaluator
    def half(job: Job, progress: OnProgress) -> Outcome:
        outcome = noop.outcome_of(JOB)
        trial = outcome.trials[0].model_copy(update={"one_shot_psnr": np.float32(12.0)})
        return outcome.model_copy(update={"trials": (trial, outcome.trials[1])})

    failure = attempted(half)
    assert isinstance(failure, Failure)
    assert failure.kind == "exception"


def test_a_long_message_is_cut() -> None:
    @noop.evaluator
    def prints(job: Job, progress: OnProgress) -> Outcome:
        raise RuntimeError("x" * 10**6)

    failure = attempted(prints)
    assert isinstance(failure, Failure)
    assert len(failure.message) == 2000


def test_an_evaluator_is_found_by_its_name() -> None:
    assert resolve("tests.worker.noop:evaluate") is noop.evaluate


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("tests.worker.noop", ValueError),
        ("tests.worker.nothing:evaluate", ImportError),
        ("tests.worker.noop:nothing", AttributeError),
    ],
)
def test_a_name_without_an_evaluator_is_an_error(name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        resolve(name)
