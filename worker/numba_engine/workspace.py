"""The memory of one trial after another, as the Numba kernels have it, and how a trial starts."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from configspace.operations import operations
from configspace.study import ArchitectureSettings
from worker.engine.contract import Batch
from worker.engine.initialization import Flattening, NetWeights, initial_flattening, initial_weights
from worker.engine.philox import MASK, KeyedGenerator, Occasion
from worker.engine.problem import CosineProblem
from worker.numba_engine.alpha import Alpha, set_coefficients
from worker.numba_engine.cell_pruning import needed_edges, trained_signals
from worker.numba_engine.epochs import train_epoch
from worker.numba_engine.memory import FLATTENING, MAPPINGS, Floats, Memory, Space
from worker.numba_engine.signals import cosine_waves
from worker.numba_engine.simd import LANES


class Starts(NamedTuple):
    """Initial weights of all trials."""

    mappings: dict[tuple[int, int], NetWeights]
    """By edge and mapping; an edge is a layer in the sequential space."""
    flattenings: list[Flattening]
    """Of each cell; none in the sequential space."""


class Bench:
    """The memory in which one thread computes one trial after another."""

    def __init__(self, batch: Batch) -> None:
        """Reserve it for a batch's sizes."""
        architecture, size = batch.architecture, batch.search.batch_size
        matrix, taps = batch.problem.matrix, architecture.kernel_size
        self.batch = batch
        self.space = space_of(architecture)
        self.memory = Memory(
            matrix,
            batch=size,
            taps=taps,
            layers=architecture.edges,
            channels=architecture.channels,
            roll=architecture.roll_shift,
            noisy="noise" in operations(architecture),
            cells=self.space[0] if self.space else 0,
            states=self.space[1] if self.space else 0,
        )
        self.memory.set(
            noise=batch.problem.noise, tau=architecture.tau, sigma=architecture.operation_noise
        )
        self.trial = self.memory.trial
        """What the kernels are handed."""
        self.taps = tuple(range(taps))
        count = batch.search.batches * matrix.shape[1] * size
        self._drawn = np.zeros((2, count + int(self.trial["columns"]) * LANES), np.float32)
        self._scratch = np.empty(4 * size + 6)

    def begin(self, index: int, starts: Starts) -> None:
        """Set the memory to the start of a trial whose operations are all trained.

        Args:
            index: Which trial of the batch.
            starts: Initial weights of all trials.
        """
        channels, memory = self.batch.architecture.channels, self.memory
        memory.clear_weights()
        for (edge, mapping), weights in starts.mappings.items():
            memory["first"][edge, mapping, :, :channels] = weights.first[index]
            memory["second"][edge, mapping, :, :channels] = weights.second[index, ::-1]
            memory["bias"][edge * MAPPINGS + mapping] = weights.bias[index]
        memory["scale"][:] = 1
        for cell, flattening in enumerate(starts.flattenings):
            last = FLATTENING - 1
            memory["flattening"][cell, :last] = flattening.weights[index].reshape(-1)
            memory["flattening"][cell, last] = flattening.bias[index]
        self.train_all()
        seed = int(self.batch.seeds[index])
        decay = self.batch.hyperparameters[index].param_weight_decay
        memory.set(key0=seed & MASK, key1=seed >> 32, weight_decay=decay)

    def train_all(self) -> None:
        """Have all mappings trained, or all coefficients."""
        self.memory.set(lowest=0)
        self.memory["trained"][1:] = 1

    def mapping(self, mapping: int) -> dict[str, Floats]:
        """Return views of one mapping's weights on all edges, by name."""
        names = ("first", "second", "scale", "shift")
        views = {name: self.memory[name][:, mapping] for name in names}
        return {**views, "bias": self.memory["bias"][mapping::MAPPINGS]}

    def keep(self, shares: NDArray[np.float64]) -> None:
        """Fix the coefficients to those of an architecture, and train only what it has.

        Args:
            shares: One-hot, ``(edge, operation)``.
        """
        settings = self.batch.architecture
        mapped = shares[:, :MAPPINGS].sum(1) > 0  # the operations with weights come first
        if self.space is None:
            lowest = int(mapped.argmax()) if mapped.any() else len(mapped)
            self.memory.set(lowest=lowest)
        else:
            count = len(operations(settings)) - 1  # zero is the last
            needed = needed_edges(settings, shares[:, :count].sum(1) > 0)
            shares = shares * needed[:, None]
            self.memory["trained"][:] = trained_signals(settings, needed, mapped)
        set_coefficients(shares, self.trial)

    def signals(self, index: int, occasion: Occasion, steps: range, buffer: int = 0) -> Floats:
        """Draw a trial's signals of a run of steps.

        Returns:
            ``(step, n, sample)``, flat and a vector longer: one of two buffers.
        """
        size, problem, out = self.batch.search.batch_size, self.batch.problem, self._drawn[buffer]
        if type(problem) is CosineProblem:
            start, count, scratch = steps.start, len(steps), self._scratch
            cosine_waves(self.trial, problem.grid, size, int(occasion), start, count, scratch, out)
        else:
            seeds = self.batch.seeds[index : index + 1]
            drawn = problem.signals(KeyedGenerator(seeds, occasion, steps, size))
            out[: drawn.size] = drawn.reshape(-1)
        return out

    def score(self, index: int, occasion: Occasion) -> float:
        """Return the mean PSNR over the batches of an occasion, in dB."""
        batches = self.batch.search.batches
        signals = self.signals(index, occasion, range(batches))
        self.memory.set(lowest=self.batch.architecture.edges)
        none = np.zeros(batches)
        return train_epoch(self.trial, self.taps, self.space, signals, int(occasion), 0, none)[1]


def starting_weights(batch: Batch, occasion: Occasion) -> Starts:
    """Draw the initial weights of all mappings, and of all cells' flattenings."""
    space = space_of(batch.architecture)
    cells = range(space[0] if space else 0)
    return Starts(
        mappings={
            (edge, mapping): initial_weights(batch, occasion, edge, mapping)
            for edge in range(batch.architecture.edges)
            for mapping in range(MAPPINGS)
        },
        flattenings=[initial_flattening(batch, occasion, cell) for cell in cells],
    )


def space_of(architecture: ArchitectureSettings) -> Space:
    """Return what tells the kernels the search space."""
    if architecture.space == "sequential":
        return None
    return architecture.cells, architecture.states


def starting_alpha(batch: Batch, index: int, value: NDArray[np.float64]) -> Alpha:
    """Return a trial's α, at the start of a search that moves it in place."""
    hyper = batch.hyperparameters[index]
    return Alpha(
        value=value,
        beta=np.zeros_like(value),
        gradient=np.zeros_like(value),
        moments=np.zeros((2, *value.shape)),
        weight_decay=hyper.alpha_weight_decay,
        by_adam=hyper.alpha_optimizer == "adam",
    )
