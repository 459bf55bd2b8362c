"""What Prometheus reads of a master."""

import socket
import threading
import urllib.request
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from configspace.errors import ServiceError
from configspace.hyperparameters import Hyperparameters
from configspace.protocol import EvaluationProgress
from master.service.metrics import Metrics, serve_metrics
from master.service.snapshot import Snapshot, WorkerView
from master.sources.base import BestSoFar, SourceProgress

PROGRESS = EvaluationProgress("search", 1, 3)
SNAPSHOT = Snapshot(
    progress=SourceProgress(
        study="small",
        iterations_done=1,
        iterations=3,
        finished=20,
        crashed=2,
        lost=1,
        sampled=15,
        model_based=10,
        incumbent=BestSoFar((0, 0, 1), Hyperparameters(), 9, -12.5, "final"),
        epochs_done=60,
        epochs_expected=90,
    ),
    running=1,
    queued=3,
    workers=(
        WorkerView(
            "a", "h", 1, "cpu", "numba", "(0, 0, 1)@3", 1, EvaluationProgress("search", 1, 3), 0.5
        ),
        WorkerView('odd "name"', "h", 2, "cuda:0", "torch", None, None, None, 2.0),
    ),
    elapsed_seconds=7.0,
    working_seconds=6.0,
    ended_here=20,
    epochs_done_here=60,
)


def read(port: int) -> dict[tuple[str, ...], float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=120) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {
            (sample.name, *(sample.labels[key] for key in sorted(sample.labels))): sample.value
            for family in families
            for sample in family.samples
        }


@pytest.fixture(scope="module")
def scraped() -> dict[tuple[str, ...], float]:
    with serve_metrics("127.0.0.1", 0) as (metrics, port):
        metrics.show(SNAPSHOT)
        return read(port)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (("dartboard_evaluations_total", "finished", "small"), 20),
        (("dartboard_evaluations_total", "crashed", "small"), 2),
        (("dartboard_evaluations_total", "lost", "small"), 1),
        (("dartboard_evaluations_outstanding", "queued", "small"), 3),
        (("dartboard_configurations_total", "chance", "small"), 5),
        (("dartboard_incumbent_score", "small"), 12.5),
        (("dartboard_incumbent_psnr_decibels", "small"), 12.5),
        (("dartboard_workers", "small"), 2),
        (("dartboard_worker_busy", "cpu", "numba", "small", "a"), 1),
        (("dartboard_worker_silent_seconds", "cuda:0", "torch", "small", 'odd "name"'), 2),
    ],
)
def test_a_scrape_returns_the_latest_snapshot(
    scraped: dict[tuple[str, ...], float], metric: tuple[str, ...], value: float
) -> None:
    assert scraped[metric] == value


def test_an_objective_in_another_unit_has_no_psnr() -> None:
    best = BestSoFar((0, 0, 1), Hyperparameters(), 9, 0.5, "entropy")
    snapshot = replace(SNAPSHOT, progress=replace(SNAPSHOT.progress, incumbent=best))
    with serve_metrics("127.0.0.1", 0) as (metrics, port):
        metrics.show(snapshot)
        found = read(port)
    assert found["dartboard_incumbent_score", "small"] == 0.5
    assert ("dartboard_incumbent_psnr_decibels", "small") not in found


def test_this_process_is_measured_too() -> None:
    with serve_metrics("127.0.0.1", 0) as (_, port):
        found = read(port)
    assert found["process_resident_memory_bytes",] > 1e6
    assert found["process_open_fds",] > 2


def test_there_are_no_metrics_before_a_snapshot() -> None:
    assert list(Metrics().collect()) == []


def test_a_port_in_use_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(ServiceError, match=f"metrics on 127.0.0.1:{port}.*--metrics-port"),
            serve_metrics("127.0.0.1", port),
        ):
            pass


@pytest.mark.slow
def test_the_port_is_free_again_afterwards() -> None:
    with serve_metrics("127.0.0.1", 0) as (_, port):
        pass
    with serve_metrics("127.0.0.1", port) as (_, again):
        assert again == port


def test_a_dead_server_is_an_error() -> None:
    metrics = Metrics()
    metrics.server = threading.Thread(target=list)
    with pytest.raises(ServiceError, match="serves the metrics died"):
        metrics.show(SNAPSHOT)
