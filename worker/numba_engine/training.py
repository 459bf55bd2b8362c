"""Searches and retrainings of single trials in a workspace, epoch by epoch."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from configspace.operations import operations
from worker.engine.alpha import discretize, log_shares
from worker.engine.contract import PRETRAININGS, Batch, Retrained, Searched
from worker.engine.initialization import alpha_step_sizes, initial_alpha, weight_step_sizes
from worker.engine.philox import Occasion
from worker.engine.watch import DECAY_FACTOR, Watch
from worker.numba_engine.alpha import Alpha, set_coefficients
from worker.numba_engine.architecture_scores import score_candidates
from worker.numba_engine.eigenvalues import EigenvalueProbe
from worker.numba_engine.epochs import Batches, search_epoch, train_epoch
from worker.numba_engine.memory import Doubles, Floats
from worker.numba_engine.workspace import Workspace, initial_values, starting_alpha

EndEpoch = Callable[[], None]
"""Called by a trial at the end of each of its epochs; raises `Stopped` to stop the trial."""


class Stopped(Exception):  # noqa: N818
    """The batch was stopped before this trial ended."""


@dataclass(frozen=True, slots=True)
class _State:
    """A search at the end of an epoch."""

    weights: list[Floats]
    """The weights and Adam's moments."""
    alpha: Doubles
    moments: Doubles

    @classmethod
    def of(cls, workspace: Workspace, alpha: Alpha) -> "_State":
        """Copy the state of a search."""
        return cls(workspace.memory.saved_weights(), alpha.value.copy(), alpha.moments.copy())

    def restore(self, workspace: Workspace, alpha: Alpha) -> None:
        """Set a search to this state."""
        workspace.memory.restore_weights(self.weights)
        alpha.value[:], alpha.moments[:] = self.alpha, self.moments
        set_coefficients(np.exp(log_shares(alpha.value)), workspace.trial)


class SearchRun:
    """The search of a batch's trials: its initial values, step sizes and results.

    Threads may compute different trials at the same time: each writes only its own results.
    """

    def __init__(self, batch: Batch) -> None:
        """Draw the initial values.

        Args:
            batch: The trials.
        """
        self.batch = batch
        self.single = batch.search.variant == "darts-single"
        self.epochs = batch.epochs * (1 + len(PRETRAININGS) if self.single else 1)
        """Epochs of one trial, with those of the trainings before the search."""
        self._initial = initial_values(batch, Occasion.SEARCH_START)
        self._alpha_step_sizes = alpha_step_sizes(batch)
        self._weight_step_sizes = weight_step_sizes(batch)
        self._alpha = initial_alpha(batch)
        trials, *shape = self._alpha.shape
        self._ended = np.full(trials, batch.epochs)
        self._kept = self._ended - 1
        self.result = Searched(
            alphas=np.full((trials, batch.epochs, *shape), np.nan),
            architectures=np.zeros((trials, batch.architecture.edges), np.int64),
            psnr=np.full(trials, np.nan),
            inherited_psnr=np.full(trials, np.nan),
            train_loss=_empty_curves(batch),
            validation_loss=_empty_curves(batch),
            validation_psnr=_empty_curves(batch),
            eigenvalues=_empty_curves(batch) if batch.measures_eigenvalues else None,
            ended=self._ended,
            kept=self._kept,
            candidate_psnr=batch.no_candidate_psnr(),
        )
        """All values are NaN until their trial is computed."""

    def compute(self, workspace: Workspace, index: int, end_epoch: EndEpoch) -> None:
        """Search with one trial, and write its results.

        Args:
            workspace: Memory to compute in.
            index: Which trial of the batch.
            end_epoch: Called at the end of each epoch.
        """
        batch, result = self.batch, self.result
        workspace.begin(index, self._initial)
        if self.single:
            result.train_loss[index] = self._pretrain(workspace, index, end_epoch)
        alpha = self._alpha[index]
        architecture = starting_alpha(batch, index, alpha)
        watch = self._watched(workspace, index, architecture, end_epoch)
        if result.eigenvalues is not None:
            result.eigenvalues[index] = watch.eigenvalues
        self._ended[index], self._kept[index] = watch.ended, watch.kept
        result.psnr[index] = workspace.score(index, Occasion.SEARCH_SCORE)
        result.architectures[index] = picks = discretize(alpha)
        set_coefficients(np.eye(alpha.shape[-1])[picks], workspace.trial)
        result.inherited_psnr[index] = workspace.score(index, Occasion.SEARCH_SCORE)
        score_candidates(workspace, index, result)

    def _watched(
        self, workspace: Workspace, index: int, alpha: Alpha, end_epoch: EndEpoch
    ) -> Watch:
        """Compute the epochs of a search, and measure the Hessian where it is due.

        Args:
            workspace: Memory to compute in; gets the weights that are the result.
            index: Which trial of the batch.
            alpha: The architecture parameters; they get those that are the result.
            end_epoch: Called at the end of each epoch; at the end of an epoch that is computed
                again, it is not called.
        """
        watch, probe, saved = Watch(self.batch), None, dict[int, _State]()
        epoch, called = 0, 0
        while epoch < watch.ended:
            self._epoch(workspace, index, alpha, epoch)
            back = None
            if watch.is_due(epoch):
                probe = probe or EigenvalueProbe(workspace, index)
                if self.batch.search.watches:
                    saved[epoch] = _State.of(workspace, alpha)
                back = watch.record(epoch, probe.eigenvalue(alpha.value))
            if epoch == called:
                end_epoch()
                called += 1
            if back is not None:
                saved[back].restore(workspace, alpha)
                decay = self.batch.hyperparameters[index].param_weight_decay
                workspace.memory.set(weight_decay=decay * DECAY_FACTOR**watch.restarts)
                epoch = back
            epoch = watch.ended if watch.stopped else epoch + 1
        for _ in range(called, self.batch.epochs):  # epochs that a stopped search leaves out
            end_epoch()
        return watch

    def _epoch(self, workspace: Workspace, index: int, alpha: Alpha, epoch: int) -> None:
        """Compute one epoch, and write its values of the curves."""
        batch, result = self.batch, self.result
        steps = steps_of(batch, epoch)
        validation = Batches(
            signals=workspace.signals(index, Occasion.SEARCH_VALIDATION, steps, buffer=0),
            occasion=int(Occasion.SEARCH_VALIDATION),
            first_step=steps.start,
            step_sizes=self._alpha_step_sizes[index, steps.start : steps.stop],
        )
        training = Batches(
            signals=np.zeros(0, np.float32)
            if self.single
            else workspace.signals(index, Occasion.SEARCH_TRAINING, steps, buffer=1),
            occasion=int(Occasion.SEARCH_TRAINING),
            first_step=steps.start,
            step_sizes=self._weight_step_sizes[index, steps.start : steps.stop],
        )
        drops = workspace.drop.fill(index, steps) if workspace.drop else None
        means = search_epoch(*workspace.network, alpha, validation, training, drops)
        result.validation_loss[index, epoch] = means.validation_loss
        result.validation_psnr[index, epoch] = means.validation_psnr
        if not self.single:
            result.train_loss[index, epoch] = means.train_loss
        result.alphas[index, epoch] = alpha.value

    def _pretrain(self, workspace: Workspace, index: int, end_epoch: EndEpoch) -> Doubles:
        """Train each CNN as a separate network, and put them together (Sec. 5.4).

        Args:
            workspace: Gets the trained CNNs, and the flattenings of the last network.
            index: Which trial of the batch.
            end_epoch: Called at the end of each epoch.

        Returns:
            Mean loss of the trainings in each epoch, shape ``(epoch,)``.
        """
        batch = self.batch
        losses = np.empty((len(PRETRAININGS), batch.epochs))
        trained: list[dict[str, Floats]] = []
        for cnn, occasion in enumerate(PRETRAININGS):
            workspace.begin(index, self._initial)
            shares = np.zeros((batch.architecture.edges, len(operations(batch.architecture))))
            shares[:, cnn] = 1
            workspace.keep(shares)
            for epoch in range(batch.epochs):
                steps = steps_of(batch, epoch)
                sizes = self._weight_step_sizes[index, steps.start : steps.stop]
                batches = workspace.batches(index, occasion, steps, sizes)
                losses[cnn, epoch] = train_epoch(*workspace.network, batches).loss
                end_epoch()
            weights = workspace.cnn(cnn)
            trained.append({name: values.copy() for name, values in weights.items()})
        workspace.train_all()
        for cnn, weights in enumerate(trained):
            for name, values in workspace.cnn(cnn).items():
                values[:] = weights[name]
        mean: Doubles = losses.mean(0)
        return mean


class RetrainRun:
    """The retraining of one architecture per trial: its initial values, step sizes and results.

    Threads may compute different trials at the same time: each writes only its own results.
    """

    def __init__(self, batch: Batch, architectures: NDArray[np.int64]) -> None:
        """Draw the initial values.

        Args:
            batch: The trials.
            architectures: Index of each edge's operation, shape ``(trial, edge)``.
        """
        self.batch, self.epochs = batch, batch.epochs
        self._initial = initial_values(batch, Occasion.RETRAIN_START)
        self._step_sizes = weight_step_sizes(batch)
        self._shares = np.eye(len(operations(batch.architecture)))[architectures]
        self._parameters = batch.parameters
        self.result = Retrained(
            psnr=np.full(len(batch.seeds), np.nan),
            train_loss=_empty_curves(batch),
            train_psnr=_empty_curves(batch),
        )
        """Scores and curves are NaN until their trial is computed."""

    def compute(self, workspace: Workspace, index: int, end_epoch: EndEpoch) -> None:
        """Retrain and score one trial's architecture, and write its results.

        Args:
            workspace: Memory to compute in.
            index: Which trial of the batch.
            end_epoch: Called at the end of each epoch.
        """
        workspace.begin(index, self._initial)
        parameters = None if self._parameters is None else self._parameters[index]
        workspace.keep(self._shares[index], parameters)
        for epoch in range(self.batch.epochs):
            steps = steps_of(self.batch, epoch)
            sizes = self._step_sizes[index, steps.start : steps.stop]
            batches = workspace.batches(index, Occasion.RETRAIN_TRAINING, steps, sizes)
            means = workspace.train(batches)
            self.result.train_loss[index, epoch] = means.loss
            self.result.train_psnr[index, epoch] = means.psnr
            end_epoch()
        self.result.psnr[index] = workspace.score(index, Occasion.RETRAIN_SCORE)


def steps_of(batch: Batch, epoch: int) -> range:
    """Return the steps of an epoch, numbered from the start of the training."""
    return range(epoch * batch.search.batches, (epoch + 1) * batch.search.batches)


def _empty_curves(batch: Batch) -> NDArray[np.float64]:
    """Return curves without values: NaN, shape ``(trial, epoch)``."""
    return np.full((len(batch.seeds), batch.epochs), np.nan)
