"""`dartboard run` and `dartboard master`: serve a study, with local workers or without."""

import contextlib
import shlex
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from rich.console import Console

from cli.cores import available_cores, split
from cli.display import Display, incumbent_text
from cli.words import duration
from cli.workers import LocalWorkers
from configspace.errors import StoreError
from configspace.study import Study, load_study
from configspace.versions import versions
from master.bohb import BohbSource
from master.lock import study_lock
from master.service import Ending, Master
from master.snapshot import Snapshot
from master.source import JobSource
from results.store import Store

INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 + SIGINT."""


def run_study(path: Path, url: str, *, workers: int, threads: int, device: str, engine: str) -> int:
    """Run a study on this machine; return the exit code.

    Raises:
        DartboardError: If the study file, the store or the workers are not what they should be.
    """
    study = load_study(path)
    count, threads = split(
        available_cores(), study.evaluation.trials, workers=workers, threads=threads
    )
    local = LocalWorkers(count, device=device, engine=engine, threads=threads)
    again = f"dartboard run {shlex.quote(str(path))}"
    return _run_bohb(study, url, port=0, local=local, again=again)


def serve_study(path: Path, url: str, *, port: int) -> int:
    """Serve a study to workers that are started elsewhere; return the exit code."""
    study = load_study(path)
    again = f"dartboard master {shlex.quote(str(path))}"
    return _run_bohb(study, url, port=port, local=None, again=again)


def _run_bohb(study: Study, url: str, *, port: int, local: LocalWorkers | None, again: str) -> int:
    console = Console(stderr=True)
    with Store.open(url) as store, study_lock(url, study.name):
        store.begin(study, versions())
        source = BohbSource.resume(study, store)
        if (known := source.progress().finished) > 0:
            console.print(f"study {study.name}: going on after {known} finished evaluations")
        title = f"[bold]{study.name}[/] · {study.objective} · {study.problem.name}"
        phases = 2 if study.objective == "final" else 1
        try:
            ending = serve(source, store, console, title, port=port, local=local, phases=phases)
        except BaseException:
            with contextlib.suppress(StoreError):  # then the store is what went wrong
                store.end(study.name, "stopped")
            raise
        store.end(study.name, ending.state)
    if url != "sqlite:///dartboard.db":
        again += f" --store {shlex.quote(url)}"
    return _conclude(console, study, ending, again)


def serve(
    source: JobSource,
    store: Store,
    console: Console,
    title: str,
    *,
    port: int,
    local: LocalWorkers | None,
    phases: int,
) -> Ending:
    """Serve a source until it is done or the user stops it, showing progress.

    Args:
        source: Where the jobs come from.
        store: Where the results go.
        console: Where progress is shown.
        title: What is under way.
        port: Port to listen on; 0 for any free one.
        local: Workers to start here, or None to wait for others.
        phases: 2 if an evaluation retrains after its search, else 1.
    """

    def listening(address: str) -> None:
        if local is not None:
            local.start(address)
        else:
            console.print(f"listening on {address}; start workers with: dartboard worker {address}")

    with (
        stop_on_signals() as stop,
        local if local is not None else contextlib.nullcontext(),
        Display(console, title, phases=phases) as display,
    ):

        def changed(snapshot: Snapshot) -> None:
            if local is not None:
                local.tend()
            display.show(snapshot)

        master = Master(source, store, port=port, on_listening=listening)
        return master.run(stop=stop, on_change=changed)


@contextlib.contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Give an event that the first SIGINT or SIGTERM sets; a second one acts as ever."""
    stop = threading.Event()
    kept: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {}

    def set_once(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, kept[signal.Signals(number)] or signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        kept[number] = signal.signal(number, set_once)
    try:
        yield stop
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _conclude(console: Console, study: Study, ending: Ending, again: str) -> int:
    snapshot = ending.snapshot
    progress = snapshot.progress
    failed = "".join(
        f", {count} {word}"
        for count, word in ((progress.crashed, "crashed"), (progress.lost, "lost"))
        if count
    )
    console.print(
        f"study {study.name} {ending.state}: {progress.finished} evaluations finished{failed}, "
        f"{progress.model_based} of {progress.sampled} configurations picked by the model, "
        f"{duration(snapshot.elapsed_seconds)} in this run",
        highlight=False,
    )
    if progress.incumbent:
        incumbent = progress.incumbent
        aggregated = f"{study.evaluation.aggregate} of {study.evaluation.trials}"
        console.print(
            f"incumbent {incumbent.configuration}: {-incumbent.loss:.2f} dB {study.objective} PSNR "
            f"at {incumbent.epochs} epochs ({aggregated} trials)",
            highlight=False,
        )
        console.print(incumbent_text(incumbent.hyperparameters))
    if ending.state == "stopped":
        console.print(f"nothing that finished is lost; go on with: {again}", highlight=False)
        return INTERRUPTED
    return 0
