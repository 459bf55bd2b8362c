"""The rule that stops a search early, when the dominant eigenvalue of α's Hessian grows.

From Zela et al., Understanding and Robustifying Differentiable Architecture Search (ICLR 2020),
Sec. 4.3. The eigenvalue is measured every few epochs. A measurement of one batch is noisy, so the
rule compares means of successive measurements.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worker.engine.contract import Batch

WINDOW = 5
"""Number of measurements in a mean."""
LAG = 4
"""Number of measurements between the two means that are compared."""
FACTOR = 4 / 3
"""How many times larger the later mean must be."""
RESTARTS = 2
"""Most restarts of a search by DARTS-ADA."""
DECAY_FACTOR = 10
"""Factor of the weights' decay at each restart of DARTS-ADA."""


class Watch:
    """The eigenvalues of one trial's search, and what DARTS-ES or DARTS-ADA decides by them."""

    def __init__(self, batch: Batch) -> None:
        """Begin without a measurement, for one trial of the batch."""
        self._search, self._epochs = batch.search, batch.epochs
        epochs = batch.epochs
        measured = batch.search.hessian.measured(epochs) if batch.measures_eigenvalues else ()
        self._measured = frozenset(measured)
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
        epochs = [
            epoch
            for epoch in range(0, self._epochs, hessian.every)
            if not np.isnan(self.eigenvalues[epoch])
        ]
        return stop_epoch(
            epochs,
            self.eigenvalues[epochs],
            window=hessian.window,
            lag=hessian.lag,
            start=hessian.start * self._epochs,
            factor=hessian.factor,
        )


def stop_epoch(
    epochs: Sequence[int],
    eigenvalues: ArrayLike,
    *,
    window: int = WINDOW,
    lag: int = LAG,
    start: float,
    factor: float = FACTOR,
) -> int | None:
    """Return the epoch whose α is kept, or None if the rule does not stop.

    It is the epoch of the first measurement i, from ``start`` on, for which the mean about i + lag
    is more than ``factor`` times the mean about i. A search can decide so when it has the
    measurement i + lag + window // 2. A mean that is not positive is no basis of a comparison.

    Args:
        epochs: Epochs of the measurements, in increasing order.
        eigenvalues: Dominant eigenvalue of each measurement, shape ``(measurement,)``.
        window: Number of measurements in a mean, which are centered about one of them; odd.
        lag: Number of measurements between the two means.
        start: First epoch that may be returned.
        factor: How many times larger the later mean must be.

    Raises:
        ValueError: If the numbers of epochs and eigenvalues differ, the window is not a positive
            odd number, or the lag is not positive.
    """
    values = np.asarray(eigenvalues, dtype=np.float64)
    if values.shape != (len(epochs),):
        raise ValueError(f"expected {len(epochs)} eigenvalues, got shape {values.shape}")
    if window < 1 or window % 2 == 0:
        raise ValueError(f"expected an odd window of 1 or more measurements, got {window}")
    if lag < 1:
        raise ValueError(f"expected a lag of 1 or more measurements, got {lag}")
    if len(values) < window + lag:
        return None
    means = np.lib.stride_tricks.sliding_window_view(values, window).mean(axis=1)
    centers = epochs[window // 2 :]
    for i in range(len(means) - lag):
        if centers[i] >= start and 0 < factor * means[i] < means[i + lag]:
            return centers[i]
    return None


def eigenvalue_signals(
    eigenvalues: NDArray[np.float64], *, every: int, window: int
) -> dict[str, float]:
    """Return the signals of a search's eigenvalues by name.

    They are the last eigenvalue; the largest; and the last mean divided by the smallest mean before
    it, which needs more measurements than a mean has.

    Args:
        eigenvalues: Eigenvalue after each epoch, NaN without a measurement, shape ``(epoch,)``.
        every: Epochs between two measurements; others are not in a mean.
        window: Number of measurements in a mean.
    """
    measured = eigenvalues[~np.isnan(eigenvalues)]
    if not len(measured):
        return {}
    found = {"eigenvalue": float(measured[-1]), "eigenvalue_max": float(measured.max())}
    regular = eigenvalues[::every]
    regular = regular[~np.isnan(regular)]
    if len(regular) > window:
        means = np.lib.stride_tricks.sliding_window_view(regular, window).mean(axis=1)
        smallest = float(means[:-1].min())
        if smallest > 0:
            found["eigenvalue_ratio"] = float(means[-1]) / smallest
    return found


def dominant_eigenvalue(hessian: NDArray[np.floating]) -> float:
    """Return the largest eigenvalue of a symmetric matrix.

    Args:
        hessian: The matrix, shape ``(row, row)``.

    Returns:
        The eigenvalue; NaN if a number of the matrix is not finite.
    """
    if not np.isfinite(hessian).all():
        return float("nan")
    return float(np.linalg.eigvalsh(np.asarray(hessian, dtype=np.float64))[-1])
