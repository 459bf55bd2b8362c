"""The process that evaluates: its limits, its death and its replacement."""

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import psutil
import pytest

from configspace.errors import ServiceError
from configspace.job import Failure, Outcome
from configspace.logs import FIELDS
from configspace.python_path import ROOT
from tests.master.running import wait_for
from tests.worker.noop import outcome_of
from tests.worker.service.test_child import JOB
from worker.service.child_process import Child, StartError

pytestmark = pytest.mark.slow

Start = Callable[[str], Child]


@pytest.fixture
def child() -> Iterator[Start]:
    """Return a function that makes a child for a no-op evaluation."""
    made: list[Child] = []

    def make(evaluate: str) -> Child:
        name = f"tests.worker.noop:{evaluate}"
        made.append(Child(evaluator=name, device="cpu", engine="noop", threads=1))
        return made[-1]

    yield make
    for each in made:
        each.kill()


def pid(child: Child) -> int:
    assert child._process is not None
    return child._process.pid


def always() -> bool:
    return True


def failed(child: Child, **limits: Any) -> Failure:
    result = child.run(JOB.model_copy(update=limits), always)
    assert isinstance(result, Failure)
    return result


def test_an_evaluation_returns_its_outcome_and_its_progress(child: Start) -> None:
    one = child("evaluate")
    assert one.run(JOB, always) == outcome_of(JOB)
    assert one.progress == ("search", 1, 1)


def test_one_process_serves_many_jobs(child: Start) -> None:
    one = child("evaluate")
    one.run(JOB, always)
    first = pid(one)
    one.run(JOB, always)
    assert pid(one) == first


def test_printed_text_is_not_an_answer(child: Start) -> None:
    assert child("prints").run(JOB, always) == outcome_of(JOB)


def test_printed_text_is_logged_with_its_context(
    child: Start, caplog: pytest.LogCaptureFixture
) -> None:
    one = child("prints")
    one.worker = "w"
    one.run(JOB, always)
    wait_for(lambda: "not json" in caplog.text, "printed line")
    (record,) = [each for each in caplog.records if each.message == "not json"]
    told = [getattr(record, name) for name in FIELDS]
    assert told == [JOB.study, str(JOB.id), "w"]


def test_a_process_that_died_is_replaced(child: Start) -> None:
    one = child("each_its_own_way")
    segfaulting = {"id": JOB.id.model_copy(update={"configuration": (0, 0, 6)})}
    failure = failed(one, **segfaulting)
    assert failure.kind == "signal"
    assert "SIGSEGV" in failure.message
    late = JOB.model_copy(update={"id": JOB.id.model_copy(update={"configuration": (0, 1, 1)})})
    assert isinstance(one.run(late, always), Outcome)


def test_a_process_that_ends_itself_is_an_exit(child: Start) -> None:
    failure = failed(child("exits_hard"))
    assert failure.kind == "exit"
    assert "exit code 4" in failure.message


def test_an_evaluation_over_its_time_limit_is_killed(child: Start) -> None:
    one = child("never_returns")
    assert failed(one, time_limit=0.3).kind == "time-limit"
    assert one._process is None


def test_an_evaluation_over_its_memory_limit_is_killed(child: Start) -> None:
    failure = failed(child("allocates"), memory_limit=250 * 2**20)
    assert failure.kind == "memory-limit"
    assert "limit of 250 MiB" in failure.message


def test_an_evaluation_can_be_stopped(child: Start) -> None:
    one = child("never_returns")
    answers = iter([True, False])
    assert one.run(JOB, lambda: next(answers)) is None
    assert one._process is None


def test_an_evaluator_that_cannot_be_loaded_is_an_error(child: Start) -> None:
    with pytest.raises(ServiceError, match=r"cannot start: cannot load .*nothing"):
        child("nothing").start()


def test_a_missing_device_is_an_error(child: Start) -> None:
    with pytest.raises(ServiceError, match=r"cannot start: no device 'cpu' here"):
        child("needs_a_gpu").start()


def test_an_unsupported_space_is_an_error(child: Start) -> None:
    with pytest.raises(ServiceError, match=r"cannot evaluate .*: no space 'sequential' here"):
        child("does_not_offer_the_space").run(JOB, always)


def test_a_child_reports_its_engine_and_device(child: Start) -> None:
    started = child("evaluate")

    started.start()

    assert (started.engine, started.device) == ("noop", "cpu")


def test_a_process_with_other_threads_is_replaced(child: Start) -> None:
    one = child("evaluate")
    one.start()
    first = pid(one)
    one.use(1)
    assert pid(one) == first
    one.use(3)
    one.start()
    assert pid(one) != first
    arguments = psutil.Process(pid(one)).cmdline()
    assert arguments[arguments.index("--threads") + 1] == "3"


def test_a_child_names_its_engine_before_it_is_ready(
    child: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv("DARTBOARD_TEST_GATE", str(gate))
    one = child("prepares_until_a_file_exists")
    one.choose()
    assert (one.engine, one.is_ready) == ("noop", False)
    wait_for(lambda: one.start(0.1) or one.progress == ("compiling kernels", 1, 2), "step")
    gate.touch()
    assert one.start()
    assert one.progress is None


def test_a_start_that_is_killed_may_be_tried_again(child: Start) -> None:
    with pytest.raises(StartError, match="cannot start: it ended with signal SIGKILL"):
        child("is_killed_while_it_prepares").start()


def test_a_start_that_exits_is_an_error(child: Start) -> None:
    with pytest.raises(ServiceError, match="exit code 4") as caught:
        child("exits_while_it_prepares").start()
    assert not isinstance(caught.value, StartError)


def test_an_exception_at_the_start_is_one_line(
    child: Start, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ServiceError, match="cannot start: RuntimeError: unknown setting 'Foo'"):
        child("raises_while_it_prepares").start()
    assert "Traceback" not in caplog.text


def test_the_traceback_of_a_start_is_for_debugging(
    child: Start, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARTBOARD_DEBUG", "1")
    with pytest.raises(ServiceError):
        child("raises_while_it_prepares").start()
    wait_for(lambda: "RuntimeError: unknown setting" in caplog.text, "the traceback")


def test_a_start_without_progress_ends(
    child: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARTBOARD_TEST_GATE", str(tmp_path / "never"))
    one = child("prepares_until_a_file_exists")
    one.choose()
    monkeypatch.setattr("worker.service.child_process.START_SECONDS", 0.1)
    with pytest.raises(StartError, match=r"made no progress for 0\.1 s"):
        one.start()


def test_lines_of_the_log_keep_their_level(child: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="worker")
    with pytest.raises(StartError):
        child("is_killed_while_it_prepares").start()
    wait_for(lambda: "compiling the first" in caplog.text, "line")
    (record,) = [each for each in caplog.records if "the first" in each.message]
    assert (record.levelname, record.message) == ("INFO", "compiling the first")


def test_a_start_can_be_awaited_later(child: Start) -> None:
    one = child("evaluate")
    assert not one.start(timeout=0.0)
    first = pid(one)
    assert one.start()
    assert pid(one) == first


def test_a_child_dies_with_its_worker(tmp_path: Path) -> None:
    code = (
        "from worker.service.child_process import Child; import time\n"
        "one = Child(evaluator='tests.worker.noop:never_returns', device='cpu', engine='noop',"
        " threads=1)\n"
        "one.start(); print(one._process.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        child = psutil.Process(int(worker.stdout.readline()))
        worker.kill()
        child.wait(120)
    assert not child.is_running()


def test_a_relay_that_dies_ends_the_worker(child: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Child, stream: IO[bytes]) -> None:
        stream.close()
        raise MemoryError

    monkeypatch.setattr(Child, "_relay", fail)
    with pytest.raises(ServiceError, match="thread 'relay' died: MemoryError"):
        child("evaluate").run(JOB, always)
