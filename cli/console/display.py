"""Live progress of a run: a panel in a terminal, and lines elsewhere."""

import time
from itertools import takewhile
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.console.words import duration, setting_lines
from configspace.hyperparameters import Hyperparameters
from configspace.names import counted
from configspace.signals import signal_of
from master.service.snapshot import Snapshot, WorkerView
from master.sources.base import BestSoFar

LINE_SECONDS = 15.0
"""Shortest time between two lines of output to a file, unless the incumbent changes."""


class Display:
    """Shows snapshots while a master runs."""

    def __init__(self, console: Console, title: str) -> None:
        """Set up a display. It shows nothing before its ``with`` block starts.

        Args:
            console: Console to write to.
            title: Heading of the panel.
        """
        self._console = console
        self._title = title
        self._live = Live(console=console, transient=True, auto_refresh=False)
        self._printed = float("-inf")
        self._best: float | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def show(self, snapshot: Snapshot) -> None:
        """Show a snapshot."""
        if self._console.is_terminal:
            self._live.update(self._panel(snapshot), refresh=True)
            return
        incumbent = snapshot.progress.incumbent
        best = incumbent.loss if incumbent else None
        now = time.monotonic()
        if best != self._best or now - self._printed >= LINE_SECONDS:
            self._console.print(progress_line(snapshot), highlight=False, soft_wrap=True)
            self._printed, self._best = now, best

    def _panel(self, snapshot: Snapshot) -> RenderableType:
        progress = snapshot.progress
        reached = epochs_reached(snapshot)
        bar = Table.grid(padding=(0, 2))
        bar.add_row(
            ProgressBar(total=max(1, progress.epochs_expected), completed=reached, width=40),
            Text(f"{reached / max(1, progress.epochs_expected):.0%}", style="bold"),
            Text(f"{duration(snapshot.elapsed_seconds)} so far"),
            Text(time_left(snapshot)),
        )
        parts: list[RenderableType] = [bar, Text(counts_line(snapshot), style="dim"), Text()]
        parts.append(_workers_table(snapshot.workers))
        if progress.incumbent:
            parts += [Text(), _incumbent_lines(progress.incumbent)]
        return Panel(Group(*parts), title=self._title, title_align="left", padding=(1, 2))


def epochs_reached(snapshot: Snapshot) -> float:
    """Return the number of epochs done, including those of the running evaluations."""
    return min(
        float(snapshot.progress.epochs_expected),
        snapshot.progress.epochs_done + _epochs_under_way(snapshot),
    )


def time_left(snapshot: Snapshot) -> str:
    """Return the estimated time left, from the speed of this run; empty without a basis.

    The basis is as many ended evaluations as there are workers, and at least one. Before that, the
    first seconds of one evaluation would speak for all. The time before the first evaluation, in
    which workers start and compile kernels, does not count.
    """
    if snapshot.ended_here < max(1, len(snapshot.workers)):
        return ""
    here = snapshot.epochs_done_here + _epochs_under_way(snapshot)
    left = snapshot.progress.epochs_expected - epochs_reached(snapshot)
    if here <= 0 or left <= 0:
        return ""
    return f"about {duration(snapshot.working_seconds * left / here)} left"


def _epochs_under_way(snapshot: Snapshot) -> float:
    epochs = 0.0
    for worker in snapshot.workers:
        if worker.progress and worker.progress.phase in worker.phases:
            phase, done, of = worker.progress
            epochs += sum(worker.phases[name] for name in takewhile(phase.__ne__, worker.phases))
            epochs += worker.phases[phase] * done / max(of, 1)
    return epochs


def counts_line(snapshot: Snapshot) -> str:
    """Return one line on how far the evaluations are."""
    progress = snapshot.progress
    parts = []
    if progress.iterations:
        parts.append(f"{progress.rounds} {progress.iterations_done}/{progress.iterations}")
    if progress.trials:
        parts.append(f"trials {progress.trials_done}/{progress.trials}")
    parts.append(f"evaluations {progress.finished} done, {snapshot.running} running")
    parts += [
        f"{count} {word}"
        for count, word in ((progress.crashed, "crashed"), (progress.lost, "lost"))
        if count
    ]
    if progress.sampled:
        parts.append(f"{progress.model_based} of {progress.sampled} picked by the model")
    return " · ".join(parts)


def progress_line(snapshot: Snapshot) -> str:
    """Return the whole progress as one line, for a log."""
    share = epochs_reached(snapshot) / max(1, snapshot.progress.epochs_expected)
    parts = [f"{share:4.0%}", counts_line(snapshot)]
    parts.append(workers_text(snapshot.workers))
    if incumbent := snapshot.progress.incumbent:
        best = signal_of(incumbent.objective).value_text(incumbent.score)
        parts.append(f"best {best} at {counted(incumbent.epochs, 'epoch')}")
    parts.append(f"{duration(snapshot.elapsed_seconds)} so far")
    if left := time_left(snapshot):
        parts.append(left)
    return " · ".join(parts)


def workers_text(workers: tuple[WorkerView, ...]) -> str:
    """Return the number of workers, and what keeps some of them from evaluating."""
    text = counted(len(workers), "worker")
    preparing = [f"{one.name} {one.preparing}" for one in workers if one.preparing]
    more = [f"and {len(preparing) - 3} more"] if len(preparing) > 3 else []
    return f"{text} ({'; '.join(preparing[:3] + more)})" if preparing else text


def phase_text(worker: WorkerView) -> str:
    """Return what a worker does at the moment; empty if it is idle or only begins."""
    if worker.progress is None:
        return ""
    return worker.preparing or "{} {}/{}".format(*worker.progress)


def hyperparameter_grid(hyperparameters: Hyperparameters) -> Table:
    """Return a configuration as a grid of two columns."""
    lines = setting_lines(hyperparameters)
    half = (len(lines) + 1) // 2
    grid = Table.grid(padding=(0, 2))
    for left, right in zip(lines[:half], [*lines[half:], ("", "")], strict=False):
        grid.add_row(Text(left[0], style="dim"), left[1], Text(right[0], style="dim"), right[1])
    return grid


def _incumbent_lines(incumbent: BestSoFar) -> RenderableType:
    title = Text.assemble(
        ("Incumbent ", "bold"),
        f"{incumbent.configuration} · ",
        (signal_of(incumbent.objective).value_text(incumbent.score), "bold green"),
        f" at {counted(incumbent.epochs, 'epoch')}",
    )
    return Group(title, hyperparameter_grid(incumbent.hyperparameters))


def _workers_table(workers: tuple[WorkerView, ...]) -> RenderableType:
    if not workers:
        return Text("waiting for a worker", style="yellow")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("worker", "device", "evaluation", "phase", "last heard"):
        table.add_column(column)
    for worker in workers[:16]:
        silent = f"{worker.silent_seconds:.0f} s ago" if worker.silent_seconds >= 1 else "now"
        cells = (worker.name, worker.device, worker.job or "idle", phase_text(worker), silent)
        table.add_row(*map(Text, cells))  # not text: a name may look like rich's markup
    if len(workers) > 16:
        table.add_row(f"and {len(workers) - 16} more")
    return table
