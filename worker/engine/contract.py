"""The seam between an evaluation and what computes it: a batch of trials in, scores out.

An engine searches and retrains. All arrays have a leading trial dimension, and one trial is not
special. What two engines must agree on to compute the same trial is here or in
`worker.engine.philox`: initial values, step sizes, and the order of the edges and of the
operations.

An edge is a place for an operation. In the sequential space (Sec. 4.1) it is a layer. In the cell
space (Sec. 4.2) it leads from one state of a cell to a later one; edges are numbered cell by cell,
within a cell by their target, within a target by their source: see `sources`. A state is the sum of
its incoming edges, 0 without any; the last two states, concatenated, are flattened by a convolution
into the input of the next cell, or the reconstruction. Nothing is added to it: the sequential space
alone has a residual. A gradient step on an edge is one on its source, towards the problem's y.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from configspace.hyperparameters import Hyperparameters
from configspace.study import ArchitectureSettings, SearchSettings
from worker.engine.philox import Occasion
from worker.engine.problem import Problem

LAST_STATES = 2
"""States of a cell that its flattening takes."""
FLATTENING_TAPS = 3

PRETRAININGS = (Occasion.LEARNABLE_GRADIENT_PRETRAINING, Occasion.CNN_PRETRAINING)
"""Where the training batches of DARTS-single's nets come from, by the slot of their mapping."""

ADAM_BETAS = (0.9, 0.999)
ADAM_EPSILON = 1e-8
BATCH_NORM_EPSILON = 1e-5

Progress = Callable[[int, int], None]
"""Called with (epochs done, epochs in all) of the phase under way."""


def sources(states: int) -> tuple[tuple[int, ...], ...]:
    """Return the edges of a cell: the sources of each of its states, in the order of the edges.

    Args:
        states: States after the cell's input, which is source 0; state j is source j.
    """
    return tuple(tuple(range(target)) for target in range(1, states + 1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """The trials that an engine computes together."""

    problem: Problem
    architecture: ArchitectureSettings
    search: SearchSettings
    hyperparameters: tuple[Hyperparameters, ...]
    """One a trial."""
    epochs: int
    seeds: NDArray[np.int64]
    """Shape ``(trial,)``."""

    @property
    def steps(self) -> int:
        """Steps of a search, and of a retraining."""
        return self.epochs * self.search.batches


@dataclass(frozen=True, kw_only=True, slots=True)
class Searched:
    """What a search leaves: α, the supernets' scores, and a curve a trial.

    Curves have shape ``(trial, epoch)``; their meaning is that of `configspace.job.Curve`.
    """

    alpha: NDArray[np.float64]
    """Shape ``(trial, edge, operation)``."""
    psnr: NDArray[np.float64]
    """One-shot PSNR in dB, shape ``(trial,)``."""
    train_loss: NDArray[np.float64]
    validation_loss: NDArray[np.float64]
    validation_psnr: NDArray[np.float64]
    entropy: NDArray[np.float64]
    alpha_norm: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrained:
    """What retraining leaves; curves have shape ``(trial, epoch)``."""

    psnr: NDArray[np.float64]
    """Architecture PSNR in dB, shape ``(trial,)``."""
    train_loss: NDArray[np.float64]
    train_psnr: NDArray[np.float64]


class Engine(Protocol):
    """Computes batches of trials.

    A search alternates, at each step, one α step on a validation batch with the weights fixed,
    and one weight step on a training batch with the new α fixed.

    In the second order (Liu et al. 2019, eq. 7) the α step is along the gradient of the validation
    loss at w' = w − ξ (∇L_train(w, α) + λ w) through w', too: ξ is the weights' step size of this
    step, λ their weight decay, and L_train the loss of the batch that this step trains on next.

    In DARTS-single (Sec. 5.4) both operations with a mapping are trained first, each as a network
    of itself on every edge, for the batch's epochs, from `Occasion.SEARCH_START`'s weights, on the
    batches of `PRETRAININGS`. Then the mappings are put together, with the flattening of the CNN's
    network, and α alone is trained. The search's train loss is the mean of both trainings', and its
    epochs are three times the batch's.
    """

    name: str
    device: str

    def lacks(self, architecture: ArchitectureSettings, search: SearchSettings) -> str | None:
        """Return what of these settings this engine does not offer; None if it offers all."""

    def search(self, batch: Batch, progress: Progress) -> Searched:
        """Search from scratch, and score the supernets on `Occasion.SEARCH_SCORE`'s batches."""

    def retrain(
        self, batch: Batch, architectures: NDArray[np.int64], progress: Progress
    ) -> Retrained:
        """Train architectures from scratch and score them on `Occasion.RETRAIN_SCORE`'s batches.

        Args:
            batch: The trials; their weights' hyperparameters are those of the search.
            architectures: Index of each edge's operation, shape ``(trial, edge)``; a zero's edge
                brings nothing.
            progress: Told of each epoch.
        """
