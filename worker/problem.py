"""One-dimensional linear inverse problems: a signal x and its measurement y = A x + noise.

A problem is a matrix and a sampler of signals, both NumPy, so that every engine shares them.

Source: Geiping, Lukasik et al. 2023, Sec. 5.1.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from configspace.study import ProblemSettings
from worker.philox import KeyedGenerator


class Problem(Protocol):
    """What an engine needs to know of an inverse problem."""

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The linear operator A, shape ``(m, n)``."""

    @property
    def noise(self) -> float:
        """Standard deviation of the white noise on a measurement."""

    def signals(self, generator: KeyedGenerator) -> NDArray[np.float64]:
        """Draw signals, shape ``(trial, step, n, batch)``, one for each sample of the generator."""


class CosineProblem:
    """Recover cosine waves from linear measurements of them (Sec. 5.1)."""

    def __init__(self, settings: ProblemSettings) -> None:
        """Build A for ``settings.name``: ``blur``, or ``downsampling`` after the blur."""
        n = settings.points
        self.grid = np.linspace(-np.pi / 2, np.pi / 2, n)  # ω, (n,)
        blur = blur_matrix(n, sigma=settings.sigma, spacing=np.pi / (n - 1), taps=settings.taps)
        self.matrix = blur[:: settings.factor] if settings.name == "downsampling" else blur
        self.noise = settings.noise

    def signals(self, generator: KeyedGenerator) -> NDArray[np.float64]:
        """Draw x = cos(f ω + O_x) + O_y with f ~ U[0, 2π] and O_x, O_y ~ N(0, 1).

        Returns:
            Signals, shape ``(trial, step, n, batch)``.
        """
        frequency = 2 * np.pi * generator.uniform(1)  # (trial, step, 1, batch)
        offsets = generator.normal(2)  # (trial, step, 2, batch)
        phase = frequency * self.grid[:, None] + offsets[:, :, :1]
        waves: NDArray[np.float64] = np.cos(phase) + offsets[:, :, 1:]
        return waves


def blur_matrix(n: int, *, sigma: float, spacing: float, taps: int) -> NDArray[np.float64]:
    """Return the matrix of a normalised Gaussian blur with zero padding.

    Args:
        n: Samples of a signal.
        sigma: Standard deviation of the kernel, in the units of the interval.
        spacing: Distance between two samples, same units.
        taps: Taps of the kernel, odd; they sum to 1.

    Returns:
        Shape ``(n, n)``: symmetric and banded. Rows near the ends sum to less than 1, since the
        signal is taken to be zero beyond its ends.
    """
    reach = taps // 2
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-((offsets * spacing) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    return sum(
        (weight * np.eye(n, k=int(offset)) for weight, offset in zip(kernel, offsets, strict=True)),
        start=np.zeros((n, n)),
    )
