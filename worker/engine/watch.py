"""What DARTS-ES and DARTS-ADA decide during a search, by the eigenvalues of the Hessian by α."""

import numpy as np

from worker.engine.contract import Batch
from worker.engine.early_stopping import stop_epoch

RESTARTS = 2
"""Most restarts of a search by DARTS-ADA."""
DECAY_FACTOR = 10
"""Factor of the weights' decay at each restart of DARTS-ADA."""


class Watch:
    """The eigenvalues of one trial's search, and what DARTS-ES or DARTS-ADA decides by them."""

    def __init__(self, batch: Batch) -> None:
        """Begin without a measurement, for one trial of the batch."""
        self._search, self._epochs = batch.search, batch.epochs
        epochs = self._epochs
        measured = batch.search.hessian.measured(epochs) if batch.measures_eigenvalues else ()
        self._measured = frozenset(measured)
        self._last = 0
        self.eigenvalues = np.full(epochs, np.nan)
        """Dominant eigenvalue after each epoch; NaN without a measurement. Shape ``(epoch,)``."""
        self.ended = epochs
        """Number of epochs after which the search ends."""
        self.kept = epochs - 1
        """Epoch, from 0, whose state is the result."""
        self.stopped = False
        """Whether DARTS-ES stopped the search."""
        self.restarts = 0
        """How often DARTS-ADA went back to an earlier epoch."""

    def is_due(self, epoch: int) -> bool:
        """Return whether to measure after an epoch, counted from 0."""
        return epoch in self._measured

    def oldest(self, epoch: int) -> int:
        """Return the earliest epoch to which DARTS-ES may go back at this one, or later."""
        hessian = self._search.hessian
        return epoch - hessian.every * (hessian.lag + hessian.window // 2)

    def record(self, epoch: int, eigenvalue: float) -> int | None:
        """Take a measurement, and return the epoch to go back to; None to continue.

        DARTS-ES ends with the state of that epoch. DARTS-ADA continues from it, with
        `DECAY_FACTOR` times the weights' decay, and forgets all later measurements.
        """
        self.eigenvalues[epoch] = eigenvalue
        self._last = epoch
        if not self._search.watches or self.restarts == RESTARTS:
            return None
        back = self._stop()
        if back is None:
            return None
        if self._search.variant == "darts-es":
            self.stopped, self.ended, self.kept = True, epoch + 1, back
        else:
            self.restarts += 1
            self.eigenvalues[back + 1 :] = np.nan
        return back

    def _stop(self) -> int | None:
        hessian = self._search.hessian
        epochs = range(0, self._last + 1, hessian.every)
        return stop_epoch(
            epochs,
            self.eigenvalues[: self._last + 1 : hessian.every],
            window=hessian.window,
            lag=hessian.lag,
            start=hessian.start * self._epochs,
            factor=hessian.factor,
        )
