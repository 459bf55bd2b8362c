"""A session: the workers, settings and console with which a command serves its jobs."""

import contextlib
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Self

from rich.console import Console

from cli.console.display import Display
from cli.console.logs import Logs
from cli.local.signals import stop_on_signals
from cli.local.surroundings import fitting, worker_hint
from cli.local.workers import LocalWorkers
from dartboard_start import INTERRUPTED
from master.service.master import Master, RunResult
from master.service.settings import ServiceSettings
from master.service.snapshot import Snapshot
from master.sources.base import JobSource
from results.store.store import Store

if TYPE_CHECKING:
    from master.service.metrics import Metrics


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """Where a command keeps results, who computes them, and where it shows progress."""

    url: str
    """URL of the store."""
    local: LocalWorkers | None = None
    """Workers to start on this machine; None waits for workers started elsewhere."""
    settings: ServiceSettings = field(default_factory=ServiceSettings)
    """Settings of the master; by default it listens on any free port, for this machine only."""
    logs: Logs = field(default_factory=Logs)
    """How this process and its local workers write their logs."""
    console: Console = field(default_factory=lambda: Console(stderr=True))
    accept_version_change: bool = False
    """Whether to resume although other versions wrote the results so far."""
    more_follows: bool = False
    """Whether another source is served on the same address right after this one."""

    def followed(self, by_more: bool) -> Self:
        """Return this session, with or without another source right after the next one."""
        return replace(self, more_follows=by_more)

    def serve(self, source: JobSource, store: Store, title: str) -> RunResult:
        """Serve a source until it is done or the user stops it, and show progress.

        Args:
            source: The source of the jobs.
            store: The store of the results.
            title: Heading of the progress display.

        Raises:
            ServiceError: If the port is not available, or local workers cannot start.
            StoreError: If the store cannot be written.
        """

        def listening(address: str) -> None:
            if self.local is not None:
                relay = partial(self.logs.relay, self.console)
                self.local.start(address, self.logs.options(), relay)
            else:
                hint = worker_hint(self.settings, address)
                self.console.print(hint, highlight=False, soft_wrap=True)

        with (
            stop_on_signals() as stop,
            self.local if self.local is not None else contextlib.nullcontext(),
            self._metrics() as metrics,
            Display(self.console, title) as display,
        ):

            def changed(snapshot: Snapshot) -> None:
                if self.local is not None:
                    self.local.tend()
                if metrics is not None:
                    metrics.show(snapshot)
                display.show(snapshot)

            master = Master(
                source,
                store,
                self.settings,
                on_listening=listening,
                more_follows=self.more_follows,
            )
            return master.run(stop=stop, on_change=changed)

    def explain_resuming(self) -> int:
        """Print how to resume after an interruption; return the exit code."""
        again = fitting(shlex.join(["dartboard", *sys.argv[1:]]))
        line = f"all finished results are kept; resume with: {again}"
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)
        return INTERRUPTED

    @contextlib.contextmanager
    def _metrics(self) -> "Iterator[Metrics | None]":
        if self.settings.metrics_port is None:
            yield None
            return
        from master.service.metrics import serve_metrics

        with serve_metrics(self.settings.host, self.settings.metrics_port) as (metrics, _):
            yield metrics
