"""The contract between an evaluation and an engine: a batch of trials in, scores out.

An engine searches and retrains. All arrays have a leading trial dimension, also for one trial.
Two engines compute the same trial if they agree on this module, on `worker.engine.initialization`
(initial values and step sizes), and on `worker.engine.philox` (random numbers).

An edge is a place for an operation. In the sequential space (Sec. 4.1) an edge is a layer. In the
cell space (Sec. 4.2) an edge leads from one state of a cell to a later state. Edges are numbered
cell by cell, within a cell by target, and within a target by source; see `sources`. A state is the
sum of its incoming edges, or 0 without any. A convolution flattens the last two states,
concatenated, into the input of the next cell or into the reconstruction. Only the sequential space
adds the network's input to its output. A gradient step on an edge starts at the edge's source and
goes towards the problem's measurement y.

A dilation δ changes both convolutions of a CNN n(u): instead of at i + t − K // 2, tap t of K reads
at i + (t − K // 2) δ, between two samples by linear interpolation, and zero beyond the ends. A
supernet over points has a CNN per point, and all those of an edge start from the weights of slot 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from configspace.architecture import ArchitectureSettings
from configspace.hyperparameters import Hyperparameters
from configspace.search import SearchSettings
from worker.engine.philox import Occasion
from worker.engine.problem import Problem

LAST_STATES = 2
"""Number of states of a cell that its flattening convolves: the last ones."""
FLATTENING_TAPS = 3
"""Number of taps of a flattening's convolution."""

PRETRAININGS = (Occasion.LEARNABLE_GRADIENT_PRETRAINING, Occasion.CNN_PRETRAINING)
"""Occasions of the training batches of DARTS-single's networks, by slot."""

ADAM_BETAS = (0.9, 0.999)
ADAM_EPSILON = 1e-8
BATCH_NORM_EPSILON = 1e-5

OnEpoch = Callable[[int, int], None]
"""Called at the end of each epoch with (epochs done, epochs in total) of the current phase."""


def sources(states: int) -> tuple[tuple[int, ...], ...]:
    """Return the edges of a cell: for each state, its sources, in the order of the edges.

    Args:
        states: Number of states after the cell's input. The input is source 0; state j is source j.
    """
    return tuple(tuple(range(target)) for target in range(1, states + 1))


class Candidates(NamedTuple):
    """Architectures that the supernet of each trial scores after the search."""

    architectures: NDArray[np.int64]
    """Index of each edge's operation, shape ``(candidate, edge)``."""
    batches: int
    """Number of batches per score."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """The trials that an engine computes together."""

    problem: Problem
    architecture: ArchitectureSettings
    search: SearchSettings
    hyperparameters: tuple[Hyperparameters, ...]
    """Hyperparameters of each trial."""
    epochs: int
    seeds: NDArray[np.int64]
    """Seeds, shape ``(trial,)``."""
    eigenvalues: bool = False
    """Whether to record the eigenvalues of the Hessian by α."""
    drop_paths: tuple[float, ...] | None = None
    """Probability with which each trial's search drops an edge in its last epoch, see
    `worker.engine.drop_path`; None: no edge is ever dropped."""
    candidates: Candidates | None = None
    """Architectures that each supernet scores after the search; None for none."""
    parameters: NDArray[np.float64] | None = None
    """τ and dilation of each edge's operation in a retraining, shape ``(trial, edge, 2)``; an
    operation that does not have one of them ignores it. None: the step size of ``architecture``,
    and no dilation."""

    @property
    def dilated(self) -> bool:
        """Whether any convolution of a retraining is dilated."""
        return self.parameters is not None and bool((self.parameters[..., 1] != 1).any())

    @property
    def measures_eigenvalues(self) -> bool:
        """Whether a search measures the Hessian by α: for its eigenvalues, or for a rule that can
        stop it."""
        stops = self.search.watches and self.search.hessian.can_stop(self.epochs)
        return self.eigenvalues or stops

    def no_candidate_psnr(self) -> NDArray[np.float64] | None:
        """Return `Searched.candidate_psnr` before it is computed: NaN, or None."""
        if self.candidates is None:
            return None
        return np.full((len(self.seeds), len(self.candidates.architectures)), np.nan)

    @property
    def steps(self) -> int:
        """Number of steps of a search and of a retraining."""
        return self.epochs * self.search.batches


@dataclass(frozen=True, kw_only=True, slots=True)
class Searched:
    """Result of a search: architectures, the scores of the supernets, and one curve per trial and
    name.

    Curves have shape ``(trial, epoch)``; their meaning is that of `configspace.job.Curve`.
    """

    alphas: NDArray[np.float64]
    """α at the end of each epoch, shape ``(trial, epoch, edge, operation)``; a search without α has
    no epochs here."""
    architectures: NDArray[np.int64]
    """Index of each edge's operation in the architecture found, shape ``(trial, edge)``."""
    psnr: NDArray[np.float64]
    """One-shot PSNR in dB, shape ``(trial,)``; for a search without α the same as
    ``inherited_psnr``. In a search that was stopped, both are scores of the epoch that was kept."""
    inherited_psnr: NDArray[np.float64]
    """PSNR in dB of the discretized architecture with the weights of the supernet, on the batches
    of the one-shot PSNR, with their batch norm statistics; shape ``(trial,)``."""
    train_loss: NDArray[np.float64]
    validation_loss: NDArray[np.float64]
    """A search without α has no epochs here, either."""
    validation_psnr: NDArray[np.float64]
    eigenvalues: NDArray[np.float64] | None = None
    """Dominant eigenvalue of the Hessian by α after each epoch, NaN without a measurement; shape
    ``(trial, epoch)``. None if it was not asked for."""
    ended: NDArray[np.int64] | None = None
    """Number of epochs before the search stopped, shape ``(trial,)``; what the curves and α have
    for later epochs means nothing. None if all epochs were computed."""
    kept: NDArray[np.int64] | None = None
    """Epoch, from 0, whose α and weights are the result, shape ``(trial,)``; None for the last."""
    chosen: NDArray[np.int64] | None = None
    """Which of a trial's searches this is, from 0, shape ``(trial,)``; None if there was only one
    to choose from."""
    candidate_psnr: NDArray[np.float64] | None = None
    """PSNR in dB of each candidate of the batch with the weights of the supernet, shape
    ``(trial, candidate)``. None without candidates."""

    @property
    def alpha(self) -> NDArray[np.float64]:
        """α that is the result of the search, shape ``(trial, edge, operation)``."""
        return self.alphas[np.arange(len(self.alphas)), self.result_epochs]

    @property
    def result_epochs(self) -> NDArray[np.int64]:
        """Epoch, from 0, whose state is the result, shape ``(trial,)``."""
        return self._all_epochs - 1 if self.kept is None else self.kept

    @property
    def computed_epochs(self) -> NDArray[np.int64]:
        """Number of epochs that were computed, shape ``(trial,)``."""
        return self._all_epochs if self.ended is None else self.ended

    @property
    def _all_epochs(self) -> NDArray[np.int64]:
        return np.full(len(self.train_loss), self.train_loss.shape[1])


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrained:
    """Result of a retraining; curves have shape ``(trial, epoch)``."""

    psnr: NDArray[np.float64]
    """Architecture PSNR in dB, shape ``(trial,)``."""
    train_loss: NDArray[np.float64]
    train_psnr: NDArray[np.float64]


class Engine(Protocol):
    """Computes batches of trials.

    Each step of a search takes one α step on a validation batch with the weights fixed, and then
    one weight step on a training batch with the new α fixed.

    In the second order (Liu et al. 2019, eq. 7) the α step follows the gradient of the validation
    loss at w' = w − ξ (∇L_train(w, α) + λ w), also through w'. ξ is the step size of the weights in
    this step, λ their weight decay, and L_train the loss of the batch that this step trains on
    next.

    After the epochs of `HessianSettings.measured`, the Hessian by α of the loss of one batch is
    measured, if the batch asks for it or the variant can stop by it. The batch is the first of
    `Occasion.HESSIAN`, and the same in all epochs. DARTS-ES and DARTS-ADA (Zela et al. 2020) decide
    by its eigenvalues; see `worker.engine.early_stopping`. After a restart of DARTS-ADA, the
    epochs that are computed again use the same batches.

    DARTS-single (Sec. 5.4) first trains both operations with a CNN n(u), each as a network with
    this operation on every edge. Each training takes the batch's epochs, starts from the weights
    of `Occasion.SEARCH_START`, and uses the batches of `PRETRAININGS`. The supernet then combines
    both CNNs with the flattening of the ``cnn`` network, and only α is trained. The train loss of
    the search is the mean over both trainings, and the search reports three times the batch's
    epochs.

    Random search with weight sharing (``rs-ws``, Li & Talwalkar 2019) has no α. Each step trains
    the weights with one random architecture; operations that it does not contain have the gradient
    0, so that Adam's momentum and the weight decay still move their weights. Afterwards random
    architectures are scored on the batches of `CANDIDATES`, and the best of them on those of
    `SEARCH_SCORE`. The search reports the scores as epochs, too; see `worker.engine.rs_ws`.
    """

    name: str
    device: str

    def unsupported(self, architecture: ArchitectureSettings, search: SearchSettings) -> str | None:
        """Return which of these settings the engine does not support; None if it supports all."""

    def search(self, batch: Batch, on_epoch: OnEpoch) -> Searched:
        """Search from scratch, and score the supernets and their discretized architectures.

        Both are scored on the batches of `SEARCH_SCORE`. The candidates of the batch are scored
        with the weights of the supernet on batches of `SURROGATE_SCORE`, the same ones for all
        candidates of a trial.
        """

    def retrain(
        self, batch: Batch, architectures: NDArray[np.int64], on_epoch: OnEpoch
    ) -> Retrained:
        """Train architectures from scratch, and score them on the batches of `RETRAIN_SCORE`.

        Args:
            batch: The trials. The hyperparameters of the weights are those of the search.
            architectures: Index of each edge's operation, shape ``(trial, edge)``. An edge with
                the operation ``zero`` contributes nothing.
            on_epoch: Called at the end of each epoch.
        """
