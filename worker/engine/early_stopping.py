"""The rule that stops a search early, when the dominant eigenvalue of α's Hessian grows.

From Zela et al., Understanding and Robustifying Differentiable Architecture Search (ICLR 2020),
Sec. 4.3. The eigenvalue is measured every few epochs. A measurement of one batch is noisy, so the
rule compares means of successive measurements.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def stop_epoch(
    epochs: Sequence[int],
    eigenvalues: ArrayLike,
    *,
    window: int,
    lag: int,
    start: float,
    factor: float,
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

    They are the eigenvalue after the last epoch; the largest; and the last mean divided by the
    smallest mean before it, which needs more measurements than a mean has. One that is not finite
    is left out.

    Args:
        eigenvalues: Eigenvalue after each epoch, NaN without a measurement, shape ``(epoch,)``.
        every: Epochs between two measurements; others are not in a mean.
        window: Number of measurements in a mean.
    """
    found: dict[str, float] = {}
    if not np.isnan(eigenvalues).all():
        found["eigenvalue_max"] = float(np.nanmax(eigenvalues))
    if not np.isnan(eigenvalues[-1]):
        found["eigenvalue"] = float(eigenvalues[-1])
    regular = eigenvalues[::every]
    if len(regular) > window:
        means = np.lib.stride_tricks.sliding_window_view(regular, window).mean(axis=1)
        before = means[:-1][~np.isnan(means[:-1])]
        if len(before) and before.min() > 0 and not np.isnan(means[-1]):
            found["eigenvalue_ratio"] = float(means[-1] / before.min())
    return found


def dominant_eigenvalue(hessian: NDArray[np.floating], *, operations: int | None = None) -> float:
    """Return the largest eigenvalue of a symmetric matrix.

    The Hessian by α has a null direction per edge: the softmax does not see it if the same number
    is added to the α of all operations. With the null directions, the largest eigenvalue would
    never be below 0, and 0 wherever the loss has a maximum.

    Args:
        hessian: The matrix, shape ``(row, row)``.
        operations: Number of operations per edge, for the eigenvalues without the null directions;
            the rows are then ``edge · operation``.

    Returns:
        The eigenvalue; NaN if a number of the matrix is not finite, or if no direction is left.
    """
    if not np.isfinite(hessian).all():
        return float("nan")
    matrix = np.asarray(hessian, dtype=np.float64)
    if operations is not None:
        basis = _basis_of_differences(operations, len(matrix) // operations)
        matrix = basis.T @ matrix @ basis
    return float(np.linalg.eigvalsh(matrix)[-1]) if matrix.size else float("nan")


def _basis_of_differences(operations: int, edges: int) -> NDArray[np.float64]:
    """Return an orthonormal basis of what sums to 0 on each edge, ``(row, direction)``."""
    spanning = np.eye(operations)
    spanning[:, 0] = 1
    orthonormal, _ = np.linalg.qr(spanning)  # the first column is the null direction
    return np.kron(np.eye(edges), orthonormal[:, 1:])
