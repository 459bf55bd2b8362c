"""Masters and workers as real processes on loopback, with failures of both."""

import gc
import logging
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import results
from configspace.errors import ServiceError
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId
from configspace.protocol import CLAIM, JOIN, Lease, WorkerInfo
from master.dispatch.roster import Member
from master.service.master import RunResult, _worker_view
from master.sources.base import job_of
from results.store.store import Store
from tests.master.network.test_port import INFO
from tests.master.running import (
    ROOT,
    failures,
    losses,
    running_master,
    small_study,
    start_worker,
    submitted,
    wait_for,
    workers,
)
from worker.service.link import Link

pytestmark = pytest.mark.slow


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file for which a gated evaluation waits."""
    monkeypatch.setenv("DARTBOARD_TEST_GATE", str(tmp_path / "gate"))
    return tmp_path / "gate"


def begun(gate: Path) -> None:
    wait_for(gate.with_suffix(".started").exists, "evaluation begun")


def single_study(**evaluation: Any) -> Any:
    """Return a study of one evaluation."""
    bohb = {"iterations": 1, "min_epochs": 1.0, "max_epochs": 1.0}
    return small_study(bohb=bohb, evaluation=evaluation)


@dataclass(frozen=True)
class Ran:
    """A study that two workers evaluated."""

    result: RunResult
    submitted: list[EvaluationId]
    losses: dict[EvaluationId, float]
    codes: list[int]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    url = f"sqlite:///{tmp_path_factory.mktemp('ran')}/store.db"
    with (
        Store.open(url) as store,
        running_master(small_study(), store) as running,
        workers(running.start(), 2, "slow", once=True) as processes,
    ):
        result = running.wait()
        codes = [process.wait(120) for process in processes]
        return Ran(result, submitted(store), losses(store), codes)


def test_a_study_runs_with_two_workers(ran: Ran) -> None:
    assert ran.result.state == "done"
    assert ran.result.snapshot.progress.finished == 20


def test_every_evaluation_is_submitted_once(ran: Ran) -> None:
    assert len(ran.submitted) == len(set(ran.submitted)) == 20
    assert set(ran.losses) == set(ran.submitted)


def test_workers_exit_when_the_master_is_done(ran: Ran) -> None:
    assert ran.codes == [0, 0]


def test_a_killed_worker_s_job_goes_to_another(url: str, gate: Path) -> None:
    with Store.open(url) as store, running_master(small_study(), store) as running:
        address = running.start()
        with workers(address, 1, "gated") as (first,):
            begun(gate)
            first.kill()
            with workers(address, 1, "evaluate"):
                running.wait()
        assert set(losses(store)) == set(submitted(store))
    assert results.load(url, "small").evaluations["attempts"].tolist() == [2] + [1] * 19


def test_a_terminated_worker_hands_back_its_job(url: str, gate: Path) -> None:
    with (
        Store.open(url) as store,
        running_master(small_study(), store, lease_seconds=600.0) as running,
    ):
        address = running.start()
        with workers(address, 1, "gated") as (first,):
            begun(gate)
            first.send_signal(signal.SIGTERM)
            assert first.wait(120) == 0
            with workers(address, 1, "evaluate"):
                running.wait()
        assert set(losses(store)) == set(submitted(store))


def test_a_worker_whose_lease_expired_stops(url: str, gate: Path) -> None:
    with Store.open(url) as store, running_master(small_study(), store) as running:
        address = running.start()
        with workers(address, 1, "gated", once=True) as (first,):
            begun(gate)
            first.send_signal(signal.SIGSTOP)
            with workers(address, 1, "slow", once=True):
                wait_for(lambda: losses(store), "outcome")
                first.send_signal(signal.SIGCONT)
                gate.touch()
                running.wait()
        assert set(losses(store)) == set(submitted(store))


def test_a_restarting_worker_learns_that_all_is_done(url: str, gate: Path) -> None:
    """It takes longer to start than a master that is done waits."""
    with (
        Store.open(url) as store,
        running_master(single_study(), store) as running,
        workers(running.start(), 1, "slow_to_start_again", once=True) as (one,),
    ):
        running.wait()
        assert one.wait(120) == 0


def test_a_worker_may_start_before_its_master(url: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Store.open(url) as store, workers(f"127.0.0.1:{port}", 1, "evaluate", once=True) as (one,):
        with running_master(small_study(), store, port=port) as running:
            running.start()
            running.wait()
        assert one.wait(120) == 0


def test_a_worker_stays_for_the_next_study(url: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Store.open(url) as store, workers(f"127.0.0.1:{port}", 1, "evaluate", once=True) as (one,):
        for name, more_follows in (("first", True), ("second", False)):
            study = small_study(name)
            with running_master(study, store, port=port, more_follows=more_follows) as running:
                running.start()
                running.wait()
            assert losses(store, name)
        assert one.wait(120) == 0


def test_a_worker_outlives_its_master(url: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Store.open(url) as store, workers(f"127.0.0.1:{port}", 1, "evaluate") as (one,):
        for name in ("first", "second"):
            with running_master(small_study(name), store, port=port) as running:
                running.start()
                assert running.wait().state == "done"
            assert set(losses(store, name)) == set(submitted(store, name))
        one.send_signal(signal.SIGTERM)
        assert one.wait(120) == 0


def test_a_worker_exits_without_a_master() -> None:
    with workers("127.0.0.1:9", 1, "evaluate", idle_limit=0.5) as (one,):
        assert one.wait(120) == 1


def test_two_workers_of_one_name_both_work(url: str) -> None:
    with (
        Store.open(url) as store,
        running_master(small_study(), store) as running,
        workers(running.start(), 2, "slow", name="twin"),
    ):
        running.wait()
        assert set(results.load(url, "small").evaluations["worker"]) == {"twin", "twin~2"}


def test_every_kind_of_failure_is_recorded(url: str) -> None:
    study = small_study(
        bohb={"iterations": 1}, evaluation={"time_limit": 10.0, "memory_limit": 300 * 2**20}
    )
    with (
        Store.open(url) as store,
        running_master(study, store) as running,
        workers(running.start(), 1, "each_its_own_way", once=True) as (one,),
    ):
        assert running.wait().snapshot.progress.crashed == 10
        assert one.wait(120) == 0
    table = results.load(url, "small").evaluations
    crashed = table[table["state"] == "crashed"].set_index("configuration")
    assert crashed["message"].notna().all()
    assert dict(zip(crashed["failure"].index.astype(str), crashed["failure"], strict=True)) == {
        "(0, 0, 0)": "exception",
        "(0, 0, 1)": "exit",
        "(0, 0, 2)": "exit",
        "(0, 0, 3)": "non-finite",
        "(0, 0, 4)": "non-finite",
        "(0, 0, 5)": "exception",
        "(0, 0, 6)": "signal",
        "(0, 0, 7)": "memory-error",
        "(0, 0, 8)": "time-limit",
        "(0, 1, 0)": "memory-limit",
    }


def test_the_store_lists_live_workers(
    url: str, gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("master.service.master.WORKERS_SECONDS", 0.1)
    with Store.open(url) as store, running_master(single_study(), store) as running:
        with workers(running.start(), 1, "gated", name="me"):
            begun(gate)
            (one,) = wait_for(lambda: store.workers("small"), "worker in the store")
            wait_for(lambda: store.workers("small")[0].evaluation, "its evaluation")
            (one,) = store.workers("small")
            assert (one.name, one.device, one.engine) == ("me", "cpu", "noop")
            assert (one.evaluation, one.attempt) == ("(0, 0, 0)@1", 1)
            wait_for(lambda: store.workers("small")[0].heard > one.heard, "heartbeat")
            gate.touch()
            running.wait()
        assert store.workers("small") == []


def test_a_busy_worker_shows_its_phases() -> None:
    info = WorkerInfo.from_wire(INFO)
    busy, idle = Member("busy", info, 0.0), Member("idle", info, 0.0)
    id = EvaluationId(configuration=(0, 0, 1), epochs=17)
    job = job_of(small_study(), id, Hyperparameters(), objective="final", trials=1)
    held = {"busy": (job, 2)}
    shown = _worker_view(busy, held, 1.0)
    assert (shown.job, shown.attempt) == ("(0, 0, 1)@17", 2)
    assert shown.phases == {"search": 17, "retrain": 17}
    assert _worker_view(idle, held, 1.0).phases == {}


def test_output_of_an_evaluation_is_harmless(url: str) -> None:
    with (
        Store.open(url) as store,
        running_master(single_study(), store) as running,
        workers(running.start(), 1, "prints"),
    ):
        assert running.wait().snapshot.progress.finished == 1


def test_a_stopped_study_resumes(url: str, gate: Path) -> None:
    study = small_study()
    with Store.open(url) as store:
        with running_master(study, store) as running:
            with workers(running.start(), 1, "slow"):
                wait_for(lambda: len(losses(store)) >= 5, "five outcomes")
            running.stop.set()
            assert running.wait().state == "stopped"
        before = losses(store)
        assert all(one.state == "queued" for one in store.unfinished("small"))
        with (
            running_master(study, store) as running,
            workers(running.start(), 2, "evaluate"),
        ):
            running.wait()
        assert before.items() <= losses(store).items()
        assert len(losses(store)) == len(submitted(store)) == 20


def test_a_finished_study_can_grow(url: str) -> None:
    for iterations, evaluations in ((1, 13), (1, 13), (2, 17)):
        study = small_study(bohb={"iterations": iterations})
        with Store.open(url) as store, running_master(study, store) as running:
            address = running.start()
            with (
                workers(address, 1, "evaluate")
                if evaluations != len(losses(store))
                else workers(address, 0, "evaluate")
            ):
                running.wait()
            assert len(losses(store)) == evaluations


def start_master(url: str, port: int, parallel: int) -> "subprocess.Popen[bytes]":
    """Start a master as a process of its own."""
    code = f"""
import threading
from master.sources.study import BohbSource
from master.service.lock import study_lock
from master.service.master import Master
from master.service.settings import ServiceSettings
from master.sources.base import job_of
from results.store.store import Store
from tests.master.running import small_study
study = small_study(bohb={{"parallel": {parallel}}})
with Store.open({url!r}) as store, study_lock({url!r}, study.name):
    store.begin(study, {{}})
    source = BohbSource.resume(study, store)
    settings = ServiceSettings(port={port}, lease_seconds=1.0, heartbeat_seconds=0.2)
    master = Master(source, store, settings)
    result = master.run(stop=threading.Event())
    store.end(study.name, result.state)
"""
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)


def undisturbed(url: str, parallel: int) -> dict[EvaluationId, float]:
    study = small_study(bohb={"parallel": parallel})
    with (
        Store.open(url) as store,
        running_master(study, store) as running,
        workers(running.start(), 1, "evaluate"),
    ):
        running.wait()
        return losses(store)


def test_a_killed_master_resumes_exactly(url: str, tmp_path: Path) -> None:
    """With one job at a time, configurations and losses are the same whatever process dies."""
    expected = undisturbed(f"sqlite:///{tmp_path}/undisturbed.db", parallel=1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Store.open(url) as store, workers(f"127.0.0.1:{port}", 2, "slow", once=True) as pair:
        store.begin(small_study(), {})
        for enough in (3, 9):
            master = start_master(url, port, parallel=1)
            wait_for(lambda enough=enough: len(losses(store)) >= enough, f"{enough} outcomes")  # type: ignore[misc]
            master.kill()
            master.wait()
        pair[0].kill()
        master = start_master(url, port, parallel=1)
        assert master.wait(120) == 0
        assert pair[1].wait(120) == 0
        ids = submitted(store)
        assert len(ids) == len(set(ids))
        assert losses(store) == expected


def test_a_master_may_resume_on_another_port(url: str, gate: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    master = start_master(url, port, parallel=0)
    with workers(f"127.0.0.1:{port}", 1, "gated"):
        begun(gate)
        master.kill()
        master.wait()
        with (
            Store.open(url) as store,
            running_master(small_study(), store) as running,
            workers(running.start(), 1, "evaluate", once=True) as (other,),
        ):
            running.wait()
            assert other.wait(120) == 0
            assert set(losses(store)) == set(submitted(store))


def test_one_job_at_a_time_is_reproducible(tmp_path: Path) -> None:
    first, second = (undisturbed(f"sqlite:///{tmp_path}/{n}.db", parallel=1) for n in "ab")
    assert first == second


def test_a_worker_delivers_after_the_master_returns(url: str, gate: Path) -> None:
    study = single_study()
    with Store.open(url) as store:
        with running_master(study, store, lease_seconds=60.0) as running:
            address = running.start()
            worker = start_worker(address, "gated", once=True)
            begun(gate)
            # As if killed: the port closes, and no lease is returned.
            running.master._port.close()
            running.stop.set()
            running.wait()
        gate.touch()
        try:
            port = int(address.rpartition(":")[2])
            # The lease is longer than the wait: only a delivery ends the study in time.
            with running_master(study, store, lease_seconds=300.0, port=port) as running:
                running.start()
                running.wait()
            assert worker.wait(120) == 0
            assert len(losses(store)) == 1
            assert failures(store) == []
            assert results.load(url, "small").evaluations["attempts"].tolist() == [1]
        finally:
            worker.kill()
            worker.wait()


def _got_a_job(link: Link, info: dict[str, Any]) -> bool:
    link.call(JOIN, info)
    return isinstance(link.call(CLAIM, info["name"]), Lease)


def test_an_evaluation_is_lost_after_three_leases(url: str) -> None:
    with (
        Store.open(url) as store,
        running_master(single_study(), store, lease_seconds=0.3, heartbeat_seconds=0.1) as running,
        Link(running.start()) as link,
    ):
        link.open()
        for number in range(3):
            info = INFO | {"name": f"w{number}", "instance": str(number)}
            wait_for(partial(_got_a_job, link, info), "job")
        assert running.wait().snapshot.progress.lost == 1
    (row,) = results.load(url, "small").evaluations.to_dict("records")
    assert (row["state"], row["attempts"]) == ("lost", 3)
    assert row["message"] == "its lease ran out 3 times, last on worker w2"


def test_a_failing_sampler_stops_the_study(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise FloatingPointError("no bandwidth")

    with (
        Store.open(url) as store,
        running_master(small_study(), store) as running,
    ):
        monkeypatch.setattr("master.bohb.sampler.Sampler.model", fail)
        address = running.start()
        with (
            workers(address, 1, "evaluate", idle_limit=1.0),
            pytest.raises(FloatingPointError, match="no bandwidth"),
        ):
            running.wait()


# Pyro4 does not close the socket that it cannot bind.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_port_in_use_is_an_error(url: str) -> None:
    with Store.open(url) as store, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with running_master(small_study(), store, port=port) as running:
            running.start()
            with pytest.raises(ServiceError, match=f"cannot listen on 127.0.0.1:{port}.*--port"):
                running.wait()
            del running
        gc.collect()


def test_one_worker_too_many_is_refused(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with (
        Store.open(url) as store,
        running_master(small_study(), store, max_workers=1) as running,
    ):
        address = running.start()
        links = [Link(address) for _ in range(9)]
        try:
            for link in links:
                link.open()
            with Link(address) as tenth, pytest.raises(Exception, match="no free workers"):
                tenth.open()
        finally:
            for link in links:
                link.close()
        assert "all connections are in use (1); raise --max-workers" in caplog.text


def test_the_log_names_study_evaluation_and_worker(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="master")
    with (
        Store.open(url) as store,
        running_master(single_study(), store) as running,
        workers(running.start(), 1, "evaluate", name="me"),
    ):
        running.wait()
    assert "study small: (0, 0, 0)@1 finished on worker me" in caplog.text


def test_a_dead_port_ends_the_master(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise DeprecationWarning("isSet() is deprecated")

    monkeypatch.setattr("master.network.daemon.Daemon.requestLoop", fail)
    with Store.open(url) as store, running_master(small_study(), store) as running:
        running.start()
        with pytest.raises(ServiceError, match="'port' died: DeprecationWarning: isSet"):
            running.wait()


def _is_recorded(store: Store, target: str) -> bool:
    return target in store.targets("small")


def test_another_target_is_logged_once_and_stored(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        Store.open(url) as store,
        running_master(small_study(bohb={"parallel": 3}), store) as master,
    ):
        address = master.start()
        with ExitStack() as stack:
            for number, target in enumerate(["x86-64-v4", "x86-64-v3", "x86-64-v3"]):
                link = stack.enter_context(Link(address))
                link.open()
                worker = f"w{number}"
                link.call(JOIN, INFO | {"name": worker, "instance": worker, "target": target})
                assert isinstance(link.call(CLAIM, worker), Lease)
                wait_for(partial(_is_recorded, store, target), "target")
            master.stop.set()
            master.wait()
        assert store.targets("small") == ("x86-64-v4", "x86-64-v3")
    lines = [line for line in caplog.messages if "last digits" in line]
    assert lines == [
        "study small: worker w1 computes with kernels for x86-64-v3, earlier workers with kernels "
        "for x86-64-v4; their results may differ in the last digits"
    ]
