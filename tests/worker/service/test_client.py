"""The worker's loop, as far as it needs no master; the rest is in tests/master."""

import subprocess
import sys
from typing import cast

import pytest

from configspace.errors import ServiceError
from configspace.protocol import (
    CLAIM,
    JOIN,
    Done,
    EvaluationProgress,
    Idle,
    Joined,
    Left,
    Method,
    Rejoin,
    Reply,
    WorkerInfo,
)
from configspace.python_path import ROOT
from worker.service.child_process import Child, StartError
from worker.service.client import Worker, run_worker
from worker.service.link import Link, UnreachableError
from worker.service.settings import WorkerSettings


def test_a_worker_leaves_after_its_idle_limit() -> None:
    settings = WorkerSettings(evaluator="tests.worker.noop:evaluate", idle_limit=0.2)
    assert run_worker("127.0.0.1:9", settings) == 1


def test_a_name_of_201_characters_is_refused() -> None:
    settings = WorkerSettings(evaluator="tests.worker.noop:evaluate", name="n" * 201)
    with pytest.raises(
        ServiceError, match="--name of at most 200 characters, got 201; use a short"
    ):
        run_worker("127.0.0.1:9", settings)


INFO = WorkerInfo(name="w", instance="1", pid=1, host="here", device="cpu", engine="e", versions={})


def test_a_worker_without_a_master_starts_no_child() -> None:
    with Link("127.0.0.1:9") as link:
        worker = Worker(link, cast("Child", None), INFO, idle_limit=0.0)
        with pytest.raises(UnreachableError):
            worker.serve()


class Master:
    """A stand-in for a link to a master that is done once a worker is ready."""

    is_open = False

    def __init__(self, sharing: int = 1) -> None:
        self._sharing = sharing
        self.calls: list[tuple[str, tuple[object, ...]]] = []

    def open(self) -> None:
        self.is_open = True
        self.calls.append(("open", ()))

    def close(self) -> None:
        self.is_open = False

    def call(self, method: Method[Reply], *arguments: object) -> Reply:
        self.calls.append((method.name, arguments))
        if method is JOIN:
            return Joined(worker="w", heartbeat_seconds=5.0, sharing=self._sharing)
        if method is CLAIM:
            return Done() if arguments[1] else Idle()
        return Left()

    @property
    def claims(self) -> list[tuple[object, ...]]:
        return [arguments[1:] for name, arguments in self.calls if name == "claim"]


class Ready:
    """A stand-in for a child that is ready at once."""

    engine, device, target, worker = "e", "cpu", "", ""
    progress: EvaluationProgress | None = None
    is_ready = True

    def choose(self) -> None:
        pass

    def start(self, _timeout: float | None) -> bool:
        return self.is_ready

    def use(self, threads: int) -> None:
        pass


def serve(master: Master, child: Ready, info: WorkerInfo = INFO, cores: int = 0) -> None:
    link = cast("Link", master)
    Worker(link, cast("Child", child), info, idle_limit=10.0, cores=cores).serve()


def test_workers_of_one_machine_share_its_cores() -> None:
    threads: list[int] = []

    class Shared(Ready):
        def start(self, _timeout: float | None) -> bool:
            before, self.is_ready = self.is_ready, True
            return before

        def use(self, count: int) -> None:
            if threads[-1:] != [count]:
                threads.append(count)
                self.is_ready = False  # it is replaced

    master = Master(sharing=2)
    serve(master, Shared(), cores=6)
    assert threads == [3]
    assert [ready for ready, _ in master.claims] == [False, True]


def test_a_worker_keeps_the_name_that_it_got() -> None:
    class Restarted(Master):
        """A master that has forgotten the worker once."""

        def call(self, method: Method[Reply], *arguments: object) -> Reply:
            reply = super().call(method, *arguments)
            return Rejoin() if method is CLAIM and len(self.claims) == 1 else reply

    master = Restarted()
    serve(master, Ready(), info=INFO.model_copy(update={"name": "host-1", "named": False}))
    joins = [arguments[0] for name, arguments in master.calls if name == "join"]
    asked = [(join["name"], join["named"]) for join in joins if isinstance(join, dict)]
    assert asked == [("host-1", False), ("w", True)]


def test_a_child_that_compiles_is_not_replaced() -> None:
    class Compiling(Ready):
        is_ready = False

        def start(self, _timeout: float | None) -> bool:
            before, self.is_ready = self.is_ready, True
            return before

        def use(self, count: int) -> None:
            assert self.is_ready

    serve(Master(sharing=2), Compiling(), cores=6)


def test_a_worker_joins_before_its_child_is_ready() -> None:
    class Compiling(Ready):
        is_ready = False
        progress = EvaluationProgress("compiling kernels", 1, 4)

        def choose(self) -> None:
            master.calls.append(("choose", ()))

        def start(self, _timeout: float | None) -> bool:
            before, self.is_ready = self.is_ready, True
            return before

    master = Master()
    serve(master, Compiling())
    assert [name for name, _ in master.calls[:4]] == ["open", "choose", "join", "claim"]
    assert master.claims[0] == (False, ["compiling kernels", 1, 4])


def test_a_worker_that_loses_its_master_may_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is lost during a later study is not the end of that study."""
    served: list[Worker] = []

    def serve(worker: Worker) -> bool:
        served.append(worker)
        if len(served) == 2:
            worker._joined = True
            raise UnreachableError("gone")
        return False

    monkeypatch.setattr(Worker, "serve", serve)
    monkeypatch.setattr(Worker, "rest", lambda _: None)
    monkeypatch.setattr(Worker, "leave", lambda _: None)
    assert run_worker("127.0.0.1:9", WorkerSettings()) == 1


def test_a_worker_without_a_next_study_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Worker] = []

    def serve(worker: Worker) -> bool:
        served.append(worker)
        if len(served) == 2:
            raise UnreachableError("gone")
        return False

    monkeypatch.setattr(Worker, "serve", serve)
    monkeypatch.setattr(Worker, "rest", lambda _: None)
    assert run_worker("127.0.0.1:9", WorkerSettings()) == 0


def test_a_start_that_was_killed_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def serve(_: Worker) -> bool:
        raise StartError("it ended with signal SIGKILL")

    monkeypatch.setattr(Worker, "serve", serve)
    assert run_worker("127.0.0.1:9", WorkerSettings()) == 1
    assert "it ended with signal SIGKILL" in caplog.text


def test_a_worker_imports_no_torch() -> None:
    code = (
        "import sys, worker.service.client, worker.service.child; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
