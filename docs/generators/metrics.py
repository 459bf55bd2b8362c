"""The metrics that a master serves, from the collector that makes them."""

from configspace.hyperparameters import Hyperparameters
from master.service.metrics import Metrics
from master.service.snapshot import Snapshot, WorkerView
from master.sources.base import BestSoFar, SourceProgress


def every_metric() -> str:
    """Return a table of all metrics: name, type, labels and meaning."""
    collector = Metrics()
    collector.show(_snapshot())
    rows = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for metric in collector.collect():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        labels = ", ".join(f"`{label}`" for label in metric.samples[0].labels)
        rows.append(f"| `{name}` | {metric.type} | {labels} | {metric.documentation} |")
    return "\n".join(rows)


def _snapshot() -> Snapshot:
    """Return a snapshot in which nothing is missing, so that the collector yields all it has."""
    incumbent = BestSoFar(
        configuration=(0, 0, 0),
        hyperparameters=Hyperparameters(),
        epochs=50,
        loss=-20.0,
        objective="final",
    )
    progress = SourceProgress(
        study="study",
        iterations_done=1,
        iterations=2,
        finished=1,
        crashed=0,
        lost=0,
        sampled=1,
        model_based=0,
        incumbent=incumbent,
        epochs_done=50,
        epochs_expected=100,
    )
    worker = WorkerView(
        name="worker",
        host="host",
        pid=1,
        device="cpu",
        engine="numba",
        job=None,
        attempt=None,
        progress=None,
        silent_seconds=0.0,
    )
    return Snapshot(
        progress=progress,
        running=0,
        queued=0,
        workers=(worker,),
        elapsed_seconds=1.0,
        working_seconds=0.0,
        ended_here=0,
        epochs_done_here=50,
    )
