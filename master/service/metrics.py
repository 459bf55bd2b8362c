"""Metrics of a master for Prometheus: the latest snapshot, and statistics of this process.

Anyone who can reach the port can read the metrics. Nothing can be written, and they hold no
secrets.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from configspace.errors import ServiceError
from configspace.signals import signal_of
from master.service.snapshot import Snapshot


class Metrics(Collector):
    """Holds the latest snapshot. One thread sets it, and others collect it."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self.server: threading.Thread | None = None
        """The thread that serves the metrics."""

    def show(self, snapshot: Snapshot) -> None:
        """Set the latest snapshot.

        Raises:
            ServiceError: If the thread that serves the metrics died.
        """
        if self.server is not None and not self.server.is_alive():
            raise ServiceError(
                "the thread that serves the metrics died",
                advice="what is finished is kept; the lines above show why it died",
            )
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; part of the interface of Prometheus' client."""
        snapshot = self._snapshot
        if snapshot is not None:
            yield from _progress(snapshot)
            yield from _workers(snapshot)


@contextmanager
def serve_metrics(host: str, port: int) -> Iterator[tuple[Metrics, int]]:
    """Serve metrics over HTTP until the end of the block.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 means any free port.

    Yields:
        The metrics, which the caller must give snapshots, and the port.

    Raises:
        ServiceError: If the port is not available.
    """
    metrics, registry = Metrics(), CollectorRegistry()
    registry.register(metrics)
    ProcessCollector(registry=registry)
    try:
        server, metrics.server = start_http_server(port, host, registry)
    except OSError as error:
        raise ServiceError(
            f"cannot serve metrics on {host}:{port}: {error.strerror or error}",
            advice="choose another --metrics-port",
        ) from error
    try:
        yield metrics, server.server_port
    finally:
        server.shutdown()
        server.server_close()
        metrics.server.join()


def _progress(snapshot: Snapshot) -> Iterator[Metric]:
    progress = snapshot.progress
    study = progress.study
    ended = CounterMetricFamily(
        "dartboard_evaluations",
        "Evaluations that ended, including those before a restart",
        labels=["study", "end"],
    )
    for end, count in (
        ("finished", progress.finished),
        ("crashed", progress.crashed),
        ("lost", progress.lost),
    ):
        ended.add_metric([study, end], count)
    yield ended
    outstanding = GaugeMetricFamily(
        "dartboard_evaluations_outstanding",
        "Evaluations that are running or queued",
        labels=["study", "state"],
    )
    outstanding.add_metric([study, "running"], snapshot.running)
    outstanding.add_metric([study, "queued"], snapshot.queued)
    yield outstanding
    sampled = CounterMetricFamily(
        "dartboard_configurations",
        "Configurations sampled, by model or at random",
        labels=["study", "by"],
    )
    sampled.add_metric([study, "model"], progress.model_based)
    sampled.add_metric([study, "chance"], progress.sampled - progress.model_based)
    yield sampled
    yield _gauge(
        "dartboard_epochs_done",
        "Epochs per trial of the evaluations that ended, searches and retrainings together",
        study,
        progress.epochs_done,
    )
    yield _gauge(
        "dartboard_epochs_expected",
        "The same of all evaluations, also of those that have not ended",
        study,
        progress.epochs_expected,
    )
    yield _gauge(
        "dartboard_master_seconds",
        "Seconds since this master started",
        study,
        snapshot.elapsed_seconds,
    )
    best = progress.incumbent
    if best is not None:
        yield _gauge(
            "dartboard_incumbent_score",
            "Objective of the best configuration so far, in its unit",
            study,
            best.score,
        )
    if best is not None and signal_of(best.objective).is_psnr:
        yield _gauge(
            "dartboard_incumbent_psnr_decibels",
            "PSNR of the best configuration so far, if the objective is a PSNR",
            study,
            best.score,
        )


def _workers(snapshot: Snapshot) -> Iterator[Metric]:
    study = snapshot.progress.study
    labels = ["study", "worker", "device", "engine"]
    busy = GaugeMetricFamily(
        "dartboard_worker_busy", "1 if the worker has a job, else 0", labels=labels
    )
    silent = GaugeMetricFamily(
        "dartboard_worker_silent_seconds",
        "Seconds since the last heartbeat of a worker",
        labels=labels,
    )
    for one in snapshot.workers:
        values = [study, one.name, one.device, one.engine]
        busy.add_metric(values, float(one.job is not None))
        silent.add_metric(values, one.silent_seconds)
    yield _gauge("dartboard_workers", "Live workers", study, len(snapshot.workers))
    yield busy
    yield silent


def _gauge(name: str, about: str, study: str, value: float) -> Metric:
    gauge = GaugeMetricFamily(name, about, labels=["study"])
    gauge.add_metric([study], value)
    return gauge
