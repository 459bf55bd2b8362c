"""Measure the parts of an evaluation around its engine, by the number of its trials.

Examples:

    python -m benchmarks.around
    python -m benchmarks.around --trials 256,1024 --epochs 50 --json -

The engine returns random curves at once. The parts are in the order of the data: *evaluate* turns
what the engine returns into an outcome; *pipe* checks it and carries it from the evaluating process
to its worker; *wire* carries it on to the master; *store* commits it to a SQLite file; and *frames*
reads it into pandas. The output has the processor time of each part in ms per trial, the best of a
few rounds. A part whose time per trial grows with the number of trials has a loop that it should
not have.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from Pyro4.util import get_serializer

from configspace.architecture import ArchitectureSettings
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId, Job, Outcome
from configspace.search import SearchSettings
from configspace.study import ProblemSettings, Study
from results import load
from results.store.store import Store
from worker.engine.contract import Batch, OnEpoch, Retrained, Searched
from worker.evaluation.evaluate import batch_of, search_trials
from worker.service.lines import Lines

PIPE_BYTES = 2**16
"""Bytes that a pipe hands over at once."""

Row = dict[str, Any]


class Instant:
    """An engine that computes nothing."""

    name, device = "instant", "cpu"

    def unsupported(self, *_: object) -> None:
        """Support every setting; part of the contract of engines."""

    def search(self, batch: Batch, on_epoch: OnEpoch) -> Searched:  # noqa: ARG002
        """Return random results; part of the contract of engines."""
        generator = np.random.default_rng(0)
        trials = len(batch.seeds)
        curves = generator.random((3, trials, batch.epochs))
        return Searched(
            alphas=generator.random((trials, batch.epochs, batch.architecture.edges, 4)),
            architectures=generator.integers(0, 4, (trials, batch.architecture.edges)),
            psnr=generator.random(trials),
            inherited_psnr=generator.random(trials),
            train_loss=curves[0],
            validation_loss=curves[1],
            validation_psnr=curves[2],
        )

    def retrain(self, batch: Batch, _architectures: object, _on_epoch: OnEpoch) -> Retrained:
        """Return random results; part of the contract of engines."""
        generator = np.random.default_rng(1)
        shape = (len(batch.seeds), batch.epochs)
        return Retrained(
            psnr=generator.random(shape[0]),
            train_loss=generator.random(shape),
            train_psnr=generator.random(shape),
        )


def job_of(trials: int, epochs: int) -> Job:
    """Return a job with a number of trials."""
    return Job(
        study="around",
        id=EvaluationId(configuration=(0, 0, 0), epochs=epochs),
        objective="final",
        problem=ProblemSettings(),
        architecture=ArchitectureSettings(),
        search=SearchSettings(),
        hyperparameters=Hyperparameters(),
        epochs=epochs,
        seeds=tuple(range(trials)),
        time_limit=3600.0,
    )


def evaluate(job: Job) -> Outcome:
    """Return the outcome of a job, without the time of an engine."""
    engine = Instant()
    trials = search_trials(batch_of(job), engine, retrain=True, progress=lambda *_: None)
    return Outcome(id=job.id, trials=trials, engine=engine.name, device=engine.device)


def over_a_pipe(outcome: Outcome, job: Job) -> Outcome:
    """Check an outcome, and carry it from the evaluating process to its worker."""
    Outcome.from_wire(outcome.to_wire()).check_against(job)
    written = json.dumps({"outcome": outcome.to_wire()}).encode() + b"\n"
    lines, line = Lines(), None
    for start in range(0, len(written), PIPE_BYTES):
        lines.add(written[start : start + PIPE_BYTES])
        line = lines.next()
    assert line is not None
    return Outcome.from_wire(json.loads(line)["outcome"])


def over_the_wire(outcome: Outcome) -> Outcome:
    """Carry an outcome from the worker to the master."""
    serpent = get_serializer("serpent")
    data, _ = serpent.serializeData(outcome.to_wire())
    return Outcome.from_wire(serpent.deserializeData(data))


def into_the_store(outcome: Outcome, store: Store, name: str) -> None:
    """Commit an outcome, as the master does."""
    store.finish(name, outcome, loss=0.0, worker="w")


def measure(trials: int, epochs: int, folder: Path) -> Row:
    """Return the seconds of each part for a number of trials."""
    job = job_of(trials, epochs)
    row: Row = {"trials": trials, "epochs": epochs}

    def timed(part: str, function: Callable[..., Any], *arguments: Any) -> Any:
        began = time.process_time()
        value = function(*arguments)
        row[part] = time.process_time() - began
        return value

    outcome = timed("evaluate", evaluate, job)
    received = timed("wire", over_the_wire, timed("pipe", over_a_pipe, outcome, job))
    with tempfile.TemporaryDirectory(dir=folder) as place:
        url = f"sqlite:///{place}/around.db"
        with Store.open(url) as store:
            store.begin(Study(name=job.study, objective=job.objective), {})
            store.submit(job.study, job.id, job.hyperparameters, model_based=False)
            timed("store", into_the_store, received, store, job.study)
        timed("frames", load, url, job.study)
    return row


PARTS = ("evaluate", "pipe", "wire", "store", "frames")


def best(trials: int, epochs: int, rounds: int) -> Row:
    """Return the shortest time of each part over some rounds."""
    with tempfile.TemporaryDirectory() as folder:
        measure(1, 1, Path(folder))  # imports what a part imports at its first use
        rows = [measure(trials, epochs, Path(folder)) for _ in range(rounds)]
    return {**rows[0], **{part: min(row[part] for row in rows) for part in PARTS}}


def table(rows: list[Row]) -> str:
    """Return a Markdown table of ms per trial."""
    lines = [f"| trials | {' | '.join(PARTS)} | all, s |", "|---" * (len(PARTS) + 2) + "|"]
    for row in rows:
        cells = [f"{1e3 * row[part] / row['trials']:.3f}" for part in PARTS]
        total = sum(row[part] for part in PARTS)
        lines.append(f"| {row['trials']:,} | {' | '.join(cells)} | {total:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Run the measurements, and print their results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.around",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--trials",
        default="256,1024,4096",
        metavar="N,M",
        help="numbers of trials, separated by commas (default: %(default)s)",
    )
    parser.add_argument(
        "--epochs", type=int, default=1, help="epochs of the search (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: %(default)s)")
    parser.add_argument(
        "--json", metavar="FILE", help="write the rows to a file; - prints only them"
    )
    options = parser.parse_args()
    rows = [best(int(n), options.epochs, options.rounds) for n in options.trials.split(",")]
    if options.json == "-":
        print(json.dumps(rows, indent=2))
        return
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=2) + "\n")
    print("Processor time in ms per trial:\n")
    print(table(rows))


if __name__ == "__main__":
    main()
