"""Serving a study, with local workers as `dartboard run` or without as `dartboard master`."""

import contextlib
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from rich.console import Console

from cli.console.display import Display, incumbent_text
from cli.console.logs import Logs
from cli.console.words import duration
from cli.local.cores import available_cores, split
from cli.local.workers import LocalWorkers
from configspace.errors import ServiceError, StoreError
from configspace.study import Study, load_study
from configspace.versions import versions
from master.service.lock import study_lock
from master.service.master import MAX_WORKERS, Ending, Master
from master.service.settings import Listen
from master.service.snapshot import Snapshot
from master.sources.base import JobSource
from master.sources.study import BohbSource
from results.store.store import Store
from worker.engine.problem import problem_of
from worker.evaluation.choose import able_engine, choose_engine

if TYPE_CHECKING:
    from master.service.metrics import Metrics

INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 + SIGINT."""

_SHOW_CURSOR = b"\x1b[?25h"
"""What the live display hides must be there again, should the next signal be the end."""


def run_study(
    path: Path,
    url: str,
    *,
    workers: int,
    threads: int,
    device: str,
    engine: str,
    accept_version_change: bool = False,
    metrics_port: int | None = None,
    logs: Logs | None = None,
) -> int:
    """Run a study on this machine; return the exit code.

    Raises:
        DartboardError: If the study file, the store or the workers are not what they should be.
    """
    study = load_study(path)
    problem_of(study.problem)  # before a store and workers are made for nothing
    if device not in ("auto", "cpu") or engine == "numba":
        able_engine(choose_engine(engine, device), engine, study.architecture, study.search)
    count, threads = split(
        available_cores(), study.evaluation.trials, workers=workers, threads=threads
    )
    local = LocalWorkers(count, device=device, engine=engine, threads=threads)
    listen = Listen(max_workers=max(MAX_WORKERS, count), metrics_port=metrics_port)
    return run_bohb(
        study,
        url,
        listen=listen,
        local=local,
        accept=accept_version_change,
        logs=logs or Logs(),
    )


def run_bohb(
    study: Study,
    url: str,
    *,
    listen: Listen,
    local: LocalWorkers | None,
    accept: bool,
    logs: Logs,
    more: bool = False,
) -> int:
    """Serve a study to its end, or until the user stops it; return the exit code.

    Args:
        study: What to evaluate.
        url: The store.
        listen: Where, and for whom.
        local: Workers to start here, or None to wait for others.
        accept: Whether to go on under other versions than the results so far.
        logs: How the log is written.
        more: Whether something else is served on the same address right after.

    Raises:
        DartboardError: If the store, the port or the workers are not what they should be, or none
            of the evaluations finished.
    """
    console = Console(stderr=True)
    logs.set_up(console, study=study.name)
    with Store.open(url) as store, study_lock(url, study.name):
        store.begin(study, versions(), accept_version_change=accept)
        title = f"[bold]{study.name}[/] · {study.objective} · {study.problem.name}"
        phases = 2 if study.objective == "final" else 1
        try:
            source = BohbSource.resume(study, store)
            if (known := source.progress().finished) > 0:
                console.print(f"study {study.name}: going on after {known} finished evaluations")
            ending = serve(
                source,
                store,
                console,
                title,
                listen=listen,
                local=local,
                phases=phases,
                logs=logs,
                more=more,
            )
        except BaseException:
            with contextlib.suppress(StoreError):  # then the store is what went wrong
                store.end(study.name, "stopped")
            raise
        store.end(study.name, ending.state)
    return _conclude(console, study, ending)


def serve(
    source: JobSource,
    store: Store,
    console: Console,
    title: str,
    *,
    local: LocalWorkers | None,
    phases: int,
    listen: Listen | None = None,
    logs: Logs | None = None,
    more: bool = False,
) -> Ending:
    """Serve a source until it is done or the user stops it, showing progress.

    Args:
        source: Where the jobs come from.
        store: Where the results go.
        console: Where progress is shown.
        title: What is under way.
        local: Workers to start here, or None to wait for others.
        phases: 2 if an evaluation retrains after its search, else 1.
        listen: Where; by default on any free port, for this machine alone.
        logs: How the log is written, by local workers too.
        more: Whether something else is served on the same address right after.
    """
    listen = listen or Listen()
    if logs is None:
        logs = Logs()
        logs.set_up(console)

    def listening(address: str) -> None:
        if local is not None:
            local.start(address, logs, console)
        else:
            console.print(listen.invitation(address), highlight=False, soft_wrap=True)

    with (
        stop_on_signals() as stop,
        local if local is not None else contextlib.nullcontext(),
        _metrics(listen) as metrics,
        Display(console, title, phases=phases) as display,
    ):

        def changed(snapshot: Snapshot) -> None:
            if local is not None:
                local.tend()
            if metrics is not None:
                metrics.show(snapshot)
            display.show(snapshot)

        master = Master(
            source,
            store,
            host=listen.host,
            port=listen.port,
            lease_seconds=listen.lease_seconds,
            heartbeat_seconds=listen.heartbeat_seconds,
            max_workers=listen.max_workers,
            credentials=listen.credentials,
            insecure=listen.insecure,
            on_listening=listening,
            more=more,
        )
        return master.run(stop=stop, on_change=changed)


@contextlib.contextmanager
def _metrics(listen: Listen) -> "Iterator[Metrics | None]":
    if listen.metrics_port is None:
        yield None
        return
    from master.service.metrics import serve_metrics

    with serve_metrics(listen.host, listen.metrics_port) as (metrics, _):
        yield metrics


@contextlib.contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Give an event that the first SIGINT or SIGTERM sets; a second one ends the process at once.

    The second is the kernel's to answer: an exception would wait for the interpreter, then for
    whatever is cleaned up on its way out. Nothing is lost by it: the store needs no goodbye, and
    local workers leave when they see that their master is gone.
    """
    stop = threading.Event()
    kept: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {}

    def set_once(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        for each in kept:
            signal.signal(each, signal.SIG_DFL)
        if sys.stderr.isatty():
            os.write(sys.stderr.fileno(), _SHOW_CURSOR)

    for number in (signal.SIGINT, signal.SIGTERM):
        kept[number] = signal.signal(number, set_once)
    try:
        yield stop
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler or signal.SIG_DFL)


def go_on(console: Console) -> int:
    """Say how to go on after an interruption; return the exit code."""
    again = shlex.join(["dartboard", *sys.argv[1:]])
    line = f"nothing that finished is lost; go on with: {again}"
    console.print(line, highlight=False, markup=False, soft_wrap=True)
    return INTERRUPTED


def _conclude(console: Console, study: Study, ending: Ending) -> int:
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
        soft_wrap=True,
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
        return go_on(console)
    if not progress.incumbent:
        raise ServiceError(
            f"study {study.name!r} is done, but none of its evaluations finished; 'dartboard "
            f"export {study.name} --what evaluations' has each one's reason in its column message"
        )
    return 0
