"""The memory in which one thread computes one trial after another, and the start of a trial."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from configspace.architecture import ArchitectureSettings
from configspace.operations import operations
from worker.engine.contract import Batch
from worker.engine.initialization import Flattening, NetWeights, initial_flattening, initial_weights
from worker.engine.philox import MASK, KeyedGenerator, Occasion
from worker.engine.problem import CosineProblem
from worker.numba_engine.alpha import Alpha, set_coefficients
from worker.numba_engine.cell_pruning import needed_edges, trained_signals
from worker.numba_engine.dilated_epochs import dilated_train_epoch
from worker.numba_engine.drop_factors import DropFactors
from worker.numba_engine.epochs import Batches, TrainingMeans, train_epoch
from worker.numba_engine.memory import (
    CNNS,
    FIRST_MAP,
    FLATTENING,
    IDENTITY,
    NORMAL,
    START,
    CellSpace,
    DirectTaps,
    Doubles,
    Floats,
    Memory,
    Sizes,
    Space,
    Taps,
    Trial,
)
from worker.numba_engine.signals import cosine_waves
from worker.numba_engine.vector_type import LANES


class InitialValues(NamedTuple):
    """Initial weights of all trials."""

    cnns: dict[tuple[int, int], NetWeights]
    """Weights by edge and CNN; an edge is a layer in the sequential space."""
    flattenings: list[Flattening]
    """Flattening of each cell; empty in the sequential space."""


class Network(NamedTuple):
    """The first arguments of an epoch's kernels."""

    trial: Trial
    taps: Taps
    space: Space


class Workspace:
    """The memory in which one thread computes one trial after another."""

    def __init__(self, batch: Batch) -> None:
        """Reserve the memory.

        Args:
            batch: The trials; the memory depends only on their sizes.
        """
        architecture, size = batch.architecture, batch.search.batch_size
        matrix, taps = batch.problem.matrix, architecture.kernel_size
        space = space_of(architecture)
        sizes = Sizes(
            batch=size,
            taps=taps,
            layers=architecture.edges,
            channels=architecture.channels,
            noisy="noise" in operations(architecture),
            space=space,
            dilated=batch.dilated,
        )
        self.batch = batch
        self.memory = Memory(matrix, sizes)
        self.memory.set(
            roll=architecture.roll_shift % matrix.shape[1],
            noise=batch.problem.noise,
            tau=architecture.tau,
            sigma=architecture.operation_noise,
        )
        self.network = Network(self.memory.trial, tuple(range(taps)), space)
        self.direct_taps: DirectTaps = tuple(np.int32(tap) for tap in range(taps))
        """The taps as dilated convolutions take them."""
        self._dilated = False
        count = batch.search.batches * matrix.shape[1] * size
        self._drawn = np.zeros((2, count + int(self.trial["columns"]) * LANES), np.float32)
        self._scratch = np.empty(4 * size + 6)
        self.drop = None if batch.drop_paths is None else DropFactors(batch, self.memory)
        """Factors of drop path, or None without it."""

    @property
    def trial(self) -> Trial:
        """The record of the memory that the kernels get."""
        return self.network.trial

    def begin(self, index: int, initial: InitialValues) -> None:
        """Set the memory to the start of a trial in which all operations are trained.

        Args:
            index: Which trial of the batch.
            initial: Initial weights of all trials.
        """
        channels, memory = self.batch.architecture.channels, self.memory
        memory.clear_weights()
        for (edge, cnn), weights in initial.cnns.items():
            memory["first"][edge, cnn, :, :channels] = weights.first[index]
            memory["second"][edge, cnn, :, :channels] = weights.second[index, ::-1]
            memory["bias"][edge * CNNS + cnn] = weights.bias[index]
        memory["scale"][:] = 1
        for cell, flattening in enumerate(initial.flattenings):
            last = FLATTENING - 1
            memory["flattening"][cell, :last] = flattening.weights[index].reshape(-1)
            memory["flattening"][cell, last] = flattening.bias[index]
        self.train_all()
        seed = int(self.batch.seeds[index])
        decay = self.batch.hyperparameters[index].param_weight_decay
        memory.set(key0=seed & MASK, key1=seed >> 32, weight_decay=decay)

    def train_all(self) -> None:
        """Make all CNNs, or all coefficients, part of the training."""
        self.memory.set(lowest_trained=0)
        self.memory["trained"][1:] = 1

    def cnn(self, cnn: int) -> dict[str, Floats]:
        """Return views of one CNN's weights on all edges, by name.

        Args:
            cnn: 0 for the learnable gradient's CNN, 1 for the CNN's.
        """
        names = ("first", "second", "scale", "shift")
        views = {name: self.memory[name][:, cnn] for name in names}
        return {**views, "bias": self.memory["bias"][cnn::CNNS]}

    def keep(
        self, shares: NDArray[np.float64], parameters: NDArray[np.float64] | None = None
    ) -> None:
        """Fix the coefficients to those of an architecture, and train only its CNNs.

        Args:
            shares: The architecture as one-hot rows, shape ``(edge, operation)``.
            parameters: τ and dilation of each edge, shape ``(edge, 2)``; None: the step size of
                the settings, and no dilation.
        """
        settings = self.batch.architecture
        mapped = shares[:, :CNNS].sum(1) > 0  # the operations with weights come first
        if settings.space == "sequential":
            lowest = int(mapped.argmax()) if mapped.any() else len(mapped)
            self.memory.set(lowest_trained=lowest)
        else:
            count = len(operations(settings)) - 1  # zero is the last operation
            needed = needed_edges(settings, shares[:, :count].sum(1) > 0)
            shares = shares * needed[:, None]
            self.memory["trained"][:] = trained_signals(settings, needed, mapped)
        set_coefficients(shares, self.trial)
        self._dilated = False
        if parameters is not None:
            self._set_parameters(shares, mapped, parameters)

    def _set_parameters(
        self,
        shares: NDArray[np.float64],
        mapped: NDArray[np.bool_],
        parameters: NDArray[np.float64],
    ) -> None:
        """Replace the step sizes in the coefficients, and set the dilations; see `keep`."""
        taus, dilations = parameters.T
        coefficients = self.memory["coefficients"]
        steps = coefficients[:, IDENTITY].astype(np.float64)
        coefficients[:, NORMAL], coefficients[:, START] = -taus * steps, taus * steps
        coefficients[:, FIRST_MAP] = -taus * shares[:, 0]
        self.memory["dilations"][:] = dilations
        self._dilated = bool((dilations[mapped] != 1).any())

    def train(self, batches: Batches) -> TrainingMeans:
        """Take steps of the weights with the coefficients of `keep`; without any to train, score.

        Args:
            batches: The batches, and the step sizes of the weights.
        """
        if self._dilated:
            return dilated_train_epoch(self.trial, self.direct_taps, batches)
        return train_epoch(*self.network, batches)

    def signals(self, index: int, occasion: Occasion, steps: range, buffer: int = 0) -> Floats:
        """Draw the signals of consecutive steps of a trial.

        Args:
            index: Which trial of the batch.
            occasion: When the signals are drawn.
            steps: Steps of the occasion.
            buffer: Which of two buffers gets the signals.

        Returns:
            Signals ``(step, n, sample)``, flat and followed by space for one more vector per
            column.
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

    def batches(
        self, index: int, occasion: Occasion, steps: range, step_sizes: Doubles, buffer: int = 0
    ) -> Batches:
        """Draw the signals of consecutive steps of a trial, as an epoch takes them.

        Args:
            index: Which trial of the batch.
            occasion: When the signals are drawn.
            steps: Steps of the occasion.
            step_sizes: Step size of each step, shape ``(step,)``.
            buffer: Which of two buffers gets the signals.
        """
        signals = self.signals(index, occasion, steps, buffer)
        return Batches(signals, int(occasion), steps.start, step_sizes)

    def score(self, index: int, occasion: Occasion) -> float:
        """Return a network's mean PSNR over the batches of an occasion, in dB.

        Args:
            index: Which trial of the batch.
            occasion: When the batches are drawn.
        """
        batches = self.batch.search.batches
        self.memory.set(lowest_trained=self.batch.architecture.edges)
        drawn = self.batches(index, occasion, range(batches), np.zeros(batches))
        return self.train(drawn).psnr


def initial_values(batch: Batch, occasion: Occasion) -> InitialValues:
    """Draw the initial weights of all CNNs, and of all cells' flattenings.

    Args:
        batch: The trials.
        occasion: ``SEARCH_START`` or ``RETRAIN_START``.
    """
    space = space_of(batch.architecture)
    cells = range(space.cells if space else 0)
    return InitialValues(
        cnns={
            (edge, cnn): initial_weights(batch, occasion, edge, cnn)
            for edge in range(batch.architecture.edges)
            for cnn in range(CNNS)
        },
        flattenings=[initial_flattening(batch, occasion, cell) for cell in cells],
    )


def space_of(architecture: ArchitectureSettings) -> Space:
    """Return the search space as the kernels take it."""
    if architecture.space == "sequential":
        return None
    return CellSpace(architecture.cells, architecture.states)


def starting_alpha(batch: Batch, index: int, value: Doubles) -> Alpha:
    """Return a trial's α at the start of a search.

    Args:
        batch: The trials.
        index: Which trial of the batch.
        value: Initial α, shape ``(edge, operation)``; the search changes it in place.
    """
    hyper = batch.hyperparameters[index]
    return Alpha(
        value=value,
        beta=np.zeros_like(value),
        gradient=np.zeros_like(value),
        moments=np.zeros((2, *value.shape)),
        weight_decay=hyper.alpha_weight_decay,
        by_adam=hyper.alpha_optimizer == "adam",
    )
