"""The Numba engine: searches and retrains on the CPU, one trial a thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from worker.engine import (
    Batch,
    NetWeights,
    Progress,
    Retrained,
    Searched,
    alpha_step_sizes,
    initial_alpha,
    initial_weights,
    operations,
    weight_step_sizes,
)
from worker.numba_layouts import (
    MAPPINGS,
    TERMS,
    Floats,
    folded_of,
    operator_of,
    parameters_of,
    sizes_of,
    work_of,
)
from worker.numba_signals import cosine_waves
from worker.numba_training import (
    Alpha,
    Trial,
    mixture_coefficients,
    retrain_epoch,
    score,
    search_epoch,
)
from worker.numba_vectors import LANES
from worker.philox import MASK, KeyedGenerator, Occasion
from worker.problem import CosineProblem

Tick = Callable[[], None]
"""Called by a trial at the end of each of its epochs; raises `Stopped` if the rest is not wanted."""


Starts = dict[tuple[int, int], NetWeights]
"""Initial weights of all trials' mappings, by layer and mapping."""


class Stopped(Exception):  # noqa: N818
    """The batch was given up while a trial was computed."""


Compute = Callable[["Bench", int, Tick], None]


class NumbaEngine:
    """Computes each trial on one thread; see `worker.engine.Engine`."""

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

    def search(self, batch: Batch, progress: Progress) -> Searched:
        """Search from scratch, and score the supernets."""
        starts = starting_weights(batch, Occasion.SEARCH_START)
        alpha = initial_alpha(batch)
        alpha_sizes, weight_sizes = alpha_step_sizes(batch), weight_step_sizes(batch)
        trials = len(batch.seeds)
        psnr = np.empty(trials)
        curves = np.empty((5, trials, batch.epochs))

        def compute(bench: Bench, index: int, tick: Tick) -> None:
            trial = bench.trial(index, starts)
            hyper = batch.hyperparameters[index]
            architecture = Alpha(
                value=alpha[index],
                moments=np.zeros((2, *alpha.shape[1:])),
                weight_decay=hyper.alpha_weight_decay,
                by_adam=hyper.alpha_optimizer == "adam",
            )
            occasions = (int(Occasion.SEARCH_VALIDATION), int(Occasion.SEARCH_TRAINING))
            for epoch in range(batch.epochs):
                steps = _steps(batch, epoch)
                curves[:3, index, epoch] = search_epoch(
                    trial,
                    architecture,
                    bench.signals(index, Occasion.SEARCH_VALIDATION, steps, buffer=0),
                    bench.signals(index, Occasion.SEARCH_TRAINING, steps, buffer=1),
                    occasions,
                    steps.start,
                    alpha_sizes[index, steps.start : steps.stop],
                    weight_sizes[index, steps.start : steps.stop],
                )
                curves[3, index, epoch] = mean_entropy(alpha[index])
                curves[4, index, epoch] = np.linalg.norm(alpha[index], axis=-1).max()
                tick()
            weights = _softmax(alpha[index])
            psnr[index] = bench.score(trial, index, weights, Occasion.SEARCH_SCORE)

        self._run(batch, compute, progress)
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
            trial = bench.trial(index, starts)
            picks = architectures[index]
            beta = one_hot[picks]  # (layer, operation)
            coefficients = bench.coefficients(beta)
            learned = np.flatnonzero(picks < MAPPINGS)  # the operations with weights come first
            lowest = int(learned[0]) if learned.size else batch.architecture.layers
            occasion = Occasion.RETRAIN_TRAINING
            for epoch in range(batch.epochs):
                steps = _steps(batch, epoch)
                curves[:, index, epoch] = retrain_epoch(
                    trial,
                    coefficients,
                    lowest,
                    bench.signals(index, occasion, steps, buffer=0),
                    int(occasion),
                    steps.start,
                    step_sizes[index, steps.start : steps.stop],
                )
                tick()
            psnr[index] = bench.score(trial, index, beta, Occasion.RETRAIN_SCORE)

        self._run(batch, compute, progress)
        return Retrained(psnr=psnr, train_loss=curves[0], train_psnr=curves[1])

    def _run(self, batch: Batch, compute: Compute, progress: Progress) -> None:
        """Compute all trials; tell of an epoch when that many epochs a trial are done."""
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
                        progress(epochs // trials, batch.epochs)
            except BaseException:
                given_up.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise


class Bench:
    """The space in which one thread computes one trial after another."""

    def __init__(self, batch: Batch) -> None:
        """Reserve it for a batch's sizes."""
        matrix, architecture = batch.problem.matrix, batch.architecture
        taps = architecture.kernel_size
        m, n = matrix.shape
        self._batch = batch
        self._sizes = sizes_of(
            n=n,
            m=m,
            batch=batch.search.batch_size,
            taps=taps,
            layers=architecture.layers,
            channels=architecture.channels,
            roll=architecture.roll_shift,
        )
        self._values = parameters_of(self._sizes, taps)
        self._trial = Trial(
            sizes=self._sizes,
            taps=tuple(range(taps)),
            operator=operator_of(matrix, batch.problem.noise),
            key=(0, 0),
            tau=architecture.tau,
            sigma=architecture.operation_noise,
            values=self._values,
            gradients=parameters_of(self._sizes, taps),
            moments=np.zeros((2, self._values.flat.size), np.float32),
            weight_decay=0.0,
            folded=folded_of(self._sizes, taps),
            work=work_of(self._sizes, taps, noisy="noise" in operations(architecture)),
        )
        drawn = batch.search.batches * n * batch.search.batch_size
        self._drawn = np.zeros((2, drawn + self._sizes.columns * LANES), np.float32)
        self._scratch = np.empty(3 * batch.search.batch_size + 6)

    def trial(self, index: int, starts: Starts) -> Trial:
        """Return the space, set to the start of a trial.

        Args:
            index: Which trial of the batch.
            starts: Initial weights of all trials' mappings, by layer and mapping.
        """
        self._values.flat[:] = 0
        self._values.scale[:] = 1
        channels = self._batch.architecture.channels
        for (layer, mapping), weights in starts.items():
            self._values.first[layer, mapping, :, :channels] = weights.first[index]
            self._values.second[layer, mapping, :, :channels] = weights.second[index, ::-1]
            self._values.bias[layer, mapping] = weights.bias[index]
        self._trial.moments[:] = 0
        return self._trial._replace(
            key=_key(self._batch.seeds[index]),
            weight_decay=self._batch.hyperparameters[index].param_weight_decay,
        )

    def coefficients(self, beta: NDArray[np.float64]) -> Floats:
        """Return the layers' coefficients for weights β of the operations."""
        coefficients = np.empty((len(beta), TERMS), np.float32)
        mixture_coefficients(beta, self._trial.tau, self._trial.sigma, coefficients)
        return coefficients

    def signals(self, index: int, occasion: Occasion, steps: range, buffer: int = 0) -> Floats:
        """Draw a trial's signals of a run of steps.

        Returns:
            ``(step, n, sample)``, flat and a vector longer: one of two buffers.
        """
        size, problem, out = self._batch.search.batch_size, self._batch.problem, self._drawn[buffer]
        if type(problem) is CosineProblem:
            key = _key(self._batch.seeds[index])
            start, count = steps.start, len(steps)
            cosine_waves(problem.grid, size, int(occasion), start, count, key, self._scratch, out)
        else:
            generator = KeyedGenerator(self._batch.seeds[index : index + 1], occasion, steps, size)
            drawn = problem.signals(generator)
            out[: drawn.size] = drawn.reshape(-1)
        return out

    def score(
        self, trial: Trial, index: int, beta: NDArray[np.float64], occasion: Occasion
    ) -> float:
        """Return the mean PSNR over the batches of an occasion, in dB."""
        batches = self._batch.search.batches
        signals = self.signals(index, occasion, range(batches))
        return score(trial, self.coefficients(beta), signals, int(occasion), batches)


def starting_weights(batch: Batch, occasion: Occasion) -> Starts:
    """Draw the initial weights of all mappings."""
    return {
        (layer, mapping): initial_weights(batch, occasion, layer, mapping)
        for layer in range(batch.architecture.layers)
        for mapping in range(MAPPINGS)
    }


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


def _key(seed: np.int64) -> tuple[int, int]:
    """Return a seed's two words, low word first."""
    return int(seed) & MASK, int(seed) >> 32


def _steps(batch: Batch, epoch: int) -> range:
    return range(epoch * batch.search.batches, (epoch + 1) * batch.search.batches)
