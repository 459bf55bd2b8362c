"""The epochs of a search, with measurements of the Hessian by α and what they decide."""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.engine.contract import OnEpoch
from worker.engine.early_stopping import dominant_eigenvalue
from worker.engine.philox import Occasion
from worker.engine.watch import DECAY_FACTOR, Watch
from worker.torch_engine.batches import Samples
from worker.torch_engine.hessian import alpha_hessian
from worker.torch_engine.training import Search

log = logging.getLogger(__name__)

Values = dict[str, Tensor]
"""One value per trial, shape ``(trial,)``, by the name of its curve in `Searched`, `Retrained`."""


class Course(NamedTuple):
    """What the epochs of a search gave."""

    alphas: NDArray[np.float64]
    """α after each epoch, ``(trial, epoch, edge, operation)``."""
    curves: dict[str, NDArray[np.float64]]
    """Curves by name, each of shape ``(trial, epoch)``."""
    watches: list[Watch]
    """The eigenvalues of each trial, and what they decided."""


def watched_epochs(search: Search, epoch: Callable[[range], Values], on_epoch: OnEpoch) -> Course:
    """Compute the epochs of a search; the search then has the weights and α that are the result.

    Trials that DARTS-ES stops are computed on until all have stopped, and then set back. DARTS-ADA
    sets the whole batch back, which must therefore be a single trial.

    Args:
        search: The supernets.
        epoch: Computes one epoch from its steps. The values come from the device once per epoch.
        on_epoch: Called at the end of each epoch, but not of one that is computed again.
    """
    batch = search.batch
    length, epochs = batch.search.batches, batch.epochs
    watches = [Watch(batch) for _ in batch.seeds]
    alphas: list[NDArray[np.float64]] = []
    rows: list[NDArray[np.float64]] = []
    saved: dict[int, list[Tensor]] = {}
    results: dict[int, list[Tensor]] = {}
    names: list[str] = []
    probe: Samples | None = None  # the same for all measurements
    called = 0
    while len(rows) < max(watch.ended for watch in watches):
        index = len(rows)
        values = epoch(range(index * length, (index + 1) * length))
        names = list(values)
        rows.append(_array(torch.stack(tuple(values.values()))))
        alphas.append(_array(search.alpha).copy())  # the next epoch changes α in place
        if watches[0].is_due(index):
            if batch.search.watches:
                saved[index] = search.state()
            probe = probe or next(search.sampler.draw(Occasion.HESSIAN, range(1)))
            for trial, back in _decided(search, probe, watches, index).items():
                if watches[trial].stopped:
                    results[trial] = [tensor[trial].clone() for tensor in saved[back]]
                else:
                    search.restore(saved[back])
                    search.scale_decay(DECAY_FACTOR)
                    del rows[back + 1 :], alphas[back + 1 :]
            if batch.search.variant == "darts-es":
                oldest = watches[0].oldest(index)
                saved = {at: state for at, state in saved.items() if at >= oldest}
        if index == called:
            called += 1
            on_epoch(called, epochs)
    if called < epochs:
        on_epoch(epochs, epochs)
    if results:
        state = search.state()
        for trial, result in results.items():
            for tensor, values_of_trial in zip(state, result, strict=True):
                tensor[trial] = values_of_trial
        search.restore(state)
    curves = dict(zip(names, np.stack(rows, axis=-1), strict=True))
    return Course(
        alphas=_whole(np.stack(alphas, axis=1), epochs),
        curves={name: _whole(curve, epochs) for name, curve in curves.items()},
        watches=watches,
    )


def _decided(
    search: Search, samples: Samples, watches: Sequence[Watch], epoch: int
) -> dict[int, int]:
    """Measure the Hessian of a batch, and return the epochs that trials go back to, by trial."""
    settings = search.batch.search
    try:
        hessians = alpha_hessian(search, samples, settings.hessian.loss).cpu().double().numpy()
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # a custom operation has no second derivative
        if settings.watches:
            raise
        log.warning("the Hessian by α cannot be computed: %s", error)
        hessians = np.full((len(watches), 1, 1), np.nan)
    decided = {}
    for trial, (watch, hessian) in enumerate(zip(watches, hessians, strict=True)):
        if not watch.stopped:
            eigenvalue = dominant_eigenvalue(hessian, operations=search.alpha.shape[-1])
            back = watch.record(epoch, eigenvalue)
            if back is not None:
                decided[trial] = back
    return decided


def _whole(values: NDArray[np.float64], epochs: int) -> NDArray[np.float64]:
    """Return values ``(trial, epoch, …)`` with NaN for the epochs that were left out."""
    left_out = [(0, 0)] * values.ndim
    left_out[1] = (0, epochs - values.shape[1])
    return np.pad(values, left_out, constant_values=np.nan)


def _array(values: Tensor) -> NDArray[np.float64]:
    return values.cpu().double().numpy()
