"""The Numba engine: searches and retrains on the CPU, one trial per thread."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from configspace.architecture import ArchitectureSettings
from configspace.search import SearchSettings
from worker.engine.contract import Batch, OnEpoch, Retrained, Searched
from worker.numba_engine.first_calls import ensure_compiled
from worker.numba_engine.rs_ws import RsWsRun
from worker.numba_engine.training import RetrainRun, SearchRun, Stopped
from worker.numba_engine.workspace import Workspace


class NumbaEngine:
    """Computes each trial on one thread; see `worker.engine.contract.Engine`."""

    name = "numba"
    device = "cpu"

    def __init__(self, threads: int | None = None) -> None:
        """Choose how many trials are computed at the same time.

        Args:
            threads: Number of threads; None: one per processor that this process may use.

        Raises:
            ValueError: If ``threads`` is not positive.
        """
        if threads is not None and threads < 1:
            raise ValueError(
                f"expected at least 1 thread, got {threads}; leave it out to use all cores"
            )
        self.threads = threads or available_processors()

    def unsupported(
        self,
        architecture: ArchitectureSettings,
        search: SearchSettings,
    ) -> str | None:
        """Return the setting that this engine does not support; None if it supports all."""
        if search.variant == "darts-second-order":
            return f"the variant {search.variant!r}"
        if architecture.points:
            return "a supernet over points"
        return None

    def search(self, batch: Batch, on_epoch: OnEpoch) -> Searched:
        """Search from scratch, and score the supernets."""
        run = RsWsRun(batch) if batch.search.variant == "rs-ws" else SearchRun(batch)
        self._run(run, on_epoch)
        return run.result

    def retrain(
        self, batch: Batch, architectures: NDArray[np.int64], on_epoch: OnEpoch
    ) -> Retrained:
        """Train architectures from scratch, and score them."""
        run = RetrainRun(batch, architectures)
        self._run(run, on_epoch)
        return run.result

    def _run(self, run: SearchRun | RsWsRun | RetrainRun, on_epoch: OnEpoch) -> None:
        """Compute all trials, and call ``on_epoch`` when each has one more epoch on average.

        Args:
            run: Computes single trials.
            on_epoch: Called in this thread. Its exception stops all trials.
        """
        batch, settings = run.batch, run.batch.architecture
        ensure_compiled(
            kernel_size=settings.kernel_size,
            space=settings.space,
            drop_path=batch.drop_paths is not None,
            dilated=batch.dilated,
        )
        trials = len(batch.seeds)
        threads = min(self.threads, trials)
        workspaces: SimpleQueue[Workspace] = SimpleQueue()
        events: SimpleQueue[Future[None] | None] = SimpleQueue()  # a finished trial, or epoch: None
        stopped = threading.Event()

        def end_epoch() -> None:
            events.put(None)
            if stopped.is_set():
                raise Stopped

        def work(index: int) -> None:
            workspace = workspaces.get()
            try:
                run.compute(workspace, index, end_epoch)
            finally:
                workspaces.put(workspace)

        for _ in range(threads):
            workspaces.put(Workspace(batch))
        with ThreadPoolExecutor(threads, thread_name_prefix="trial") as pool:
            try:
                for index in range(trials):
                    pool.submit(work, index).add_done_callback(events.put)
                ended, epochs = 0, 0
                while ended < trials:
                    event = events.get()
                    if event is not None:
                        event.result()
                        ended += 1
                        continue
                    epochs += 1
                    if epochs % trials == 0:
                        on_epoch(epochs // trials, run.epochs)
            except BaseException:
                stopped.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise


def available_processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
