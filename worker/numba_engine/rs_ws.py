"""Random search with weight sharing on the Numba engine; see `worker.engine.rs_ws`."""

import numpy as np

from configspace.operations import operations
from worker.engine.contract import Batch
from worker.engine.initialization import weight_step_sizes
from worker.engine.philox import Occasion
from worker.engine.rs_ws import (
    Picks,
    ScoringProgress,
    best,
    finalists,
    random_architectures,
    result_of,
)
from worker.numba_engine.architecture_scores import architecture_scores, score_candidates
from worker.numba_engine.epochs import Batches, train_epoch
from worker.numba_engine.training import EndEpoch, steps_of
from worker.numba_engine.workspace import Workspace, initial_values


class RsWsRun:
    """The search of a batch's trials: its initial values, step sizes and results.

    Threads may compute different trials at the same time: each writes only its own results.
    """

    def __init__(self, batch: Batch) -> None:
        """Draw the initial values.

        Args:
            batch: The trials.
        """
        self.batch = batch
        self.epochs = batch.epochs + batch.search.scoring_epochs
        """Epochs of one trial, with those that the scores count as."""
        self._initial = initial_values(batch, Occasion.SEARCH_START)
        self._step_sizes = weight_step_sizes(batch)
        self._one_hot = np.eye(len(operations(batch.architecture)))
        trials = len(batch.seeds)
        self.result = result_of(
            batch,
            np.zeros((trials, batch.architecture.edges), np.int64),
            psnr=np.full(trials, np.nan),
            train_loss=np.full((trials, batch.epochs), np.nan),
            train_psnr=np.full((trials, batch.epochs), np.nan),
        )
        """Scores and curves are NaN until their trial is computed."""

    def compute(self, workspace: Workspace, index: int, end_epoch: EndEpoch) -> None:
        """Search with one trial, and write its results.

        Args:
            workspace: Memory to compute in.
            index: Which trial of the batch.
            end_epoch: Called at the end of each epoch of the training and of the scoring.
        """
        settings = self.batch.search.rs_ws
        workspace.begin(index, self._initial)
        for epoch in range(self.batch.epochs):
            self._train(workspace, index, epoch)
            end_epoch()
        progress = ScoringProgress(self.batch.search, end_epoch)
        drawn = self._draw(index, Occasion.CANDIDATES, range(settings.architectures))
        scores = architecture_scores(
            workspace, index, Occasion.CANDIDATES, drawn, settings.batches, progress.add
        )
        chosen = finalists(drawn, scores, settings.finalists)
        psnr = np.empty(len(chosen))
        for place, picks in enumerate(chosen):
            workspace.keep(self._one_hot[picks])
            psnr[place] = workspace.score(index, Occasion.SEARCH_SCORE)
            progress.add(self.batch.search.batches)
        winner = best(psnr)
        self.result.architectures[index] = chosen[winner]
        self.result.psnr[index] = psnr[winner]
        score_candidates(workspace, index, self.result)

    def _draw(self, index: int, occasion: Occasion, steps: range) -> Picks:
        """Draw one trial's random architectures, shape ``(step, edge)``."""
        seeds = self.batch.seeds[index : index + 1]
        return random_architectures(self.batch.architecture, seeds, occasion, steps)[0]

    def _train(self, workspace: Workspace, index: int, epoch: int) -> None:
        """Take one epoch's steps of the weights, each with another random architecture."""
        steps, occasion = steps_of(self.batch, epoch), Occasion.SEARCH_TRAINING
        signals = workspace.signals(index, occasion, steps)
        length = len(self.batch.problem.matrix[0]) * self.batch.search.batch_size
        loss = psnr = 0.0
        drawn = self._draw(index, occasion, steps)
        for place, (step, picks) in enumerate(zip(steps, drawn, strict=True)):
            workspace.keep(self._one_hot[picks])
            # Without a CNN there is no gradient, but Adam's momentum and the weight decay remain.
            lowest = min(int(workspace.trial["lowest_trained"]), self.batch.architecture.edges - 1)
            workspace.memory.set(lowest_trained=lowest)
            means = train_epoch(
                *workspace.network,
                Batches(
                    signals=signals[place * length :],
                    occasion=int(occasion),
                    first_step=step,
                    step_sizes=self._step_sizes[index, step : step + 1],
                ),
            )
            loss += means.loss / len(steps)
            psnr += means.psnr / len(steps)
        self.result.train_loss[index, epoch] = loss
        self.result.validation_psnr[index, epoch] = psnr
