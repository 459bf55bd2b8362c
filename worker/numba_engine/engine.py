"""The Numba engine: searches and retrains on the CPU, one trial a thread."""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from configspace.hyperparameters import Hyperparameters
from configspace.operations import operations
from configspace.study import ArchitectureSettings, ProblemSettings, SearchSettings
from worker.engine.contract import PRETRAININGS, Batch, Progress, Retrained, Searched
from worker.engine.initialization import alpha_step_sizes, initial_alpha, weight_step_sizes
from worker.engine.philox import Occasion
from worker.engine.problem import CosineProblem
from worker.numba_engine.alpha import set_coefficients
from worker.numba_engine.compilation import compile_apart, is_compiled
from worker.numba_engine.epochs import search_epoch, train_epoch
from worker.numba_engine.memory import Doubles, Floats
from worker.numba_engine.signals import cosine_waves
from worker.numba_engine.workspace import Bench, Starts, starting_alpha, starting_weights

log = logging.getLogger(__name__)

Tick = Callable[[], None]
"""Called by a trial at the end of each of its epochs; raises `Stopped` if no more is wanted."""


class Stopped(Exception):  # noqa: N818
    """The batch was given up while a trial was computed."""


Compute = Callable[["Bench", int, Tick], None]


def ensure_compiled(
    report: Callable[[str], None],
    kernel_size: Literal[3, 5] = 3,
    space: Literal["sequential", "cell"] = "sequential",
) -> None:
    """Have the kernels on disk, so that no trial waits for their compilation.

    They are compiled in a process of their own and always loaded from the disk: a process that
    compiles shares kernels among its entries where a loaded entry has its own copies, compiled
    for it, and rounds otherwise.

    Args:
        report: Told a line before each compilation; not called where the code is on disk.
        kernel_size: Taps of the convolutions: the kernels are compiled for each size.
        space: The search space: they are compiled for each, too.
    """
    missing = _missing(kernel_size, space)
    if missing and not compile_apart(report, "compile_missing", str(kernel_size), space):
        _compile(report, _missing(kernel_size, space))


def compile_missing(kernel_size: str, space: str) -> None:
    """Compile what is not on disk, and print a line before each; run in a process of its own."""
    size: Literal[3, 5] = 5 if kernel_size == "5" else 3
    where: Literal["sequential", "cell"] = "cell" if space == "cell" else "sequential"
    # Its parent reads the lines.
    _compile(lambda line: print(line, flush=True), _missing(size, where))  # noqa: T201


def _missing(kernel_size: Literal[3, 5], space: Literal["sequential", "cell"]) -> list[FirstCall]:
    calls = _first_calls(kernel_size, space).calls
    return [call for call in calls if not is_compiled(call.entry, call.arguments)]


def _compile(report: Callable[[str], None], missing: list[FirstCall]) -> None:
    for number, call in enumerate(missing, start=1):
        report(
            f"compiling the {call.name} for this machine ({number} of {len(missing)}); "
            "this happens once and takes some seconds"
        )
        call.entry(*call.arguments)


class NumbaEngine:
    """Computes each trial on one thread; see `worker.engine.contract.Engine`."""

    name = "numba"
    device = "cpu"

    def __init__(self, threads: int | None = None) -> None:
        """Choose how many trials are computed at once.

        Args:
            threads: None: as many as this process may use processors.

        Raises:
            ValueError: If ``threads`` is not positive.
        """
        if threads is not None and threads < 1:
            raise ValueError(f"wanted at least 1 thread, got {threads}; leave it out for all cores")
        self.threads = threads or available_processors()

    def unsupported(
        self,
        architecture: ArchitectureSettings,  # noqa: ARG002
        search: SearchSettings,
    ) -> str | None:
        """Return what of these settings this engine does not offer; None if it offers all."""
        if search.variant == "darts-second-order":
            return f"the variant {search.variant!r}"
        return None

    def search(self, batch: Batch, progress: Progress) -> Searched:
        """Search from scratch, and score the supernets."""
        starts = starting_weights(batch, Occasion.SEARCH_START)
        alpha = initial_alpha(batch)
        alpha_sizes, weight_sizes = alpha_step_sizes(batch), weight_step_sizes(batch)
        trials = len(batch.seeds)
        psnr = np.empty(trials)
        curves = np.empty((5, trials, batch.epochs))
        single = batch.search.variant == "darts-single"
        nothing = np.zeros(0, np.float32)

        def compute(bench: Bench, index: int, tick: Tick) -> None:
            bench.begin(index, starts)
            if single:
                losses = pretrain(bench, index, starts, weight_sizes[index], tick)
            architecture = starting_alpha(batch, index, alpha[index])
            occasions = (int(Occasion.SEARCH_VALIDATION), int(Occasion.SEARCH_TRAINING))
            for epoch in range(batch.epochs):
                steps = _steps(batch, epoch)
                curves[:3, index, epoch] = search_epoch(
                    bench.trial,
                    bench.taps,
                    bench.space,
                    architecture,
                    bench.signals(index, Occasion.SEARCH_VALIDATION, steps, buffer=0),
                    nothing
                    if single
                    else bench.signals(index, Occasion.SEARCH_TRAINING, steps, buffer=1),
                    occasions,
                    steps.start,
                    alpha_sizes[index, steps.start : steps.stop],
                    weight_sizes[index, steps.start : steps.stop],
                )
                curves[3, index, epoch] = mean_entropy(alpha[index])
                curves[4, index, epoch] = np.linalg.norm(alpha[index], axis=-1).max()
                tick()
            psnr[index] = bench.score(index, Occasion.SEARCH_SCORE)
            if single:
                curves[2, index] = losses

        self._run(batch, compute, progress, parts=1 + len(PRETRAININGS) if single else 1)
        return Searched(
            alpha=alpha,
            psnr=psnr,
            validation_loss=curves[0],
            validation_psnr=curves[1],
            train_loss=curves[2],
            entropy=curves[3],
            alpha_norm=curves[4],
        )

    def retrain(
        self, batch: Batch, architectures: NDArray[np.int64], progress: Progress
    ) -> Retrained:
        """Train architectures from scratch, and score them."""
        starts = starting_weights(batch, Occasion.RETRAIN_START)
        step_sizes = weight_step_sizes(batch)
        one_hot = np.eye(len(operations(batch.architecture)))
        trials = len(batch.seeds)
        psnr = np.empty(trials)
        curves = np.empty((2, trials, batch.epochs))

        def compute(bench: Bench, index: int, tick: Tick) -> None:
            bench.begin(index, starts)
            bench.keep(one_hot[architectures[index]])
            occasion = Occasion.RETRAIN_TRAINING
            for epoch in range(batch.epochs):
                steps = _steps(batch, epoch)
                curves[:, index, epoch] = train_epoch(
                    bench.trial,
                    bench.taps,
                    bench.space,
                    bench.signals(index, occasion, steps, buffer=0),
                    int(occasion),
                    steps.start,
                    step_sizes[index, steps.start : steps.stop],
                )
                tick()
            psnr[index] = bench.score(index, Occasion.RETRAIN_SCORE)

        self._run(batch, compute, progress)
        return Retrained(psnr=psnr, train_loss=curves[0], train_psnr=curves[1])

    def _run(self, batch: Batch, compute: Compute, progress: Progress, *, parts: int = 1) -> None:
        """Compute all trials; tell of an epoch when that many epochs a trial are done.

        Args:
            batch: The trials.
            compute: Computes one.
            progress: Is told.
            parts: How many times the batch's epochs that takes.
        """
        settings = batch.architecture
        ensure_compiled(log.info, settings.kernel_size, settings.space)
        trials = len(batch.seeds)
        threads = min(self.threads, trials)
        benches: SimpleQueue[Bench] = SimpleQueue()
        events: SimpleQueue[Future[None] | None] = SimpleQueue()  # a trial's end, or an epoch's
        given_up = threading.Event()

        def tick() -> None:
            events.put(None)
            if given_up.is_set():
                raise Stopped

        def work(index: int) -> None:
            bench = benches.get()
            try:
                compute(bench, index, tick)
            finally:
                benches.put(bench)

        for _ in range(threads):
            benches.put(Bench(batch))
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
                        progress(epochs // trials, parts * batch.epochs)
            except BaseException:
                given_up.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise


def pretrain(bench: Bench, index: int, starts: Starts, step_sizes: Doubles, tick: Tick) -> Doubles:
    """Train each mapping of a trial as a network of itself, and put them together (Sec. 5.4).

    Args:
        bench: Gets the trained mappings, and the flattenings of the last network.
        index: Which trial of the batch.
        starts: Initial weights of all trials.
        step_sizes: Of the weights, one a step.
        tick: Called at the end of each epoch.

    Returns:
        The mean of the trainings' losses, one an epoch.
    """
    batch = bench.batch
    losses = np.empty((len(PRETRAININGS), batch.epochs))
    trained: list[dict[str, Floats]] = []
    for mapping, occasion in enumerate(PRETRAININGS):
        bench.begin(index, starts)
        shares = np.zeros((batch.architecture.edges, len(operations(batch.architecture))))
        shares[:, mapping] = 1
        bench.keep(shares)
        for epoch in range(batch.epochs):
            steps = _steps(batch, epoch)
            losses[mapping, epoch], _ = train_epoch(
                bench.trial,
                bench.taps,
                bench.space,
                bench.signals(index, occasion, steps),
                int(occasion),
                steps.start,
                step_sizes[steps.start : steps.stop],
            )
            tick()
        trained.append({name: values.copy() for name, values in bench.mapping(mapping).items()})
    bench.train_all()
    for mapping, weights in enumerate(trained):
        for name, values in bench.mapping(mapping).items():
            values[:] = weights[name]
    return losses.mean(0)


class FirstCall(NamedTuple):
    """A call that does nothing, but for which an entry must be compiled."""

    name: str
    entry: Callable[..., object]
    arguments: Any
    """Of no steps, or of no layers."""


class FirstCalls(NamedTuple):
    """A first call of each entry."""

    bench: Bench
    """Holds the memory whose addresses the arguments have."""
    calls: tuple[FirstCall, ...]


@functools.cache
def _first_calls(kernel_size: Literal[3, 5], space: Literal["sequential", "cell"]) -> FirstCalls:
    """Return the first calls of all entries."""
    batch = Batch(
        problem=CosineProblem(ProblemSettings()),
        architecture=ArchitectureSettings(
            space=space, layers=1, states=2, channels=4, kernel_size=kernel_size
        ),
        search=SearchSettings(batch_size=2, batches=1),
        hyperparameters=(Hyperparameters(),),
        epochs=1,
        seeds=np.zeros(1, np.int64),
    )
    bench, alpha = Bench(batch), initial_alpha(batch)[0]
    signals, none = np.zeros(0, np.float32), np.zeros(0)
    network, architecture = (bench.trial, bench.taps, bench.space), starting_alpha(batch, 0, alpha)
    calls = (
        FirstCall("sampler", cosine_waves, (bench.trial, none, 2, 0, 0, 0, none, signals)),
        FirstCall("mixture", set_coefficients, (alpha[:0], bench.trial)),
        FirstCall(
            "search",
            search_epoch,
            (*network, architecture, signals, signals, (0, 0), 0, none, none),
        ),
        FirstCall("training", train_epoch, (*network, signals, 0, 0, none)),
    )
    return FirstCalls(bench, calls)


def available_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def mean_entropy(alpha: NDArray[np.float64]) -> float:
    """Return the mean over layers of softmax(α)'s entropy, in nats.

    Args:
        alpha: Shape ``(layer, operation)``.
    """
    beta = _softmax(alpha)
    logs = np.log(beta, out=np.zeros_like(beta), where=beta > 0)
    return float(-(beta * logs).sum(-1).mean())


def _softmax(alpha: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(alpha - alpha.max(-1, keepdims=True))
    weights: NDArray[np.float64] = powers / powers.sum(-1, keepdims=True)
    return weights


def _steps(batch: Batch, epoch: int) -> range:
    return range(epoch * batch.search.batches, (epoch + 1) * batch.search.batches)
