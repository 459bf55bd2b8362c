"""Kernel densities over configurations, as BOHB needs them, on whole arrays.

A configuration is a vector: a real hyperparameter lies in [0, 1], a level is its index. The
density is f(x) = 1/n Σ_i Π_d K_d(x_d, X_id), with Gaussian kernels for reals and
Aitchison-Aitken kernels for levels, and Scott's normal reference rule for the bandwidths: what
statsmodels' KDEMultivariate computes, with one difference. The number of levels is that of the
space and not of the data, so that a level absent from the data has a finite density.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """A product-kernel density fitted to observed configurations."""

    data: Floats  # (observation, dimension)
    levels: NDArray[np.int64]  # (dimension,), 0 for a real
    bandwidths: Floats  # (dimension,)
    features: Floats  # (feature, observation)

    @classmethod
    def fit(cls, data: Floats, levels: NDArray[np.int64], *, min_bandwidth: float) -> Self:
        """Fit a density to observations.

        Args:
            data: Vectors, shape ``(observation, dimension)``.
            levels: Number of levels of each dimension, 0 for a real; shape ``(dimension,)``.
            min_bandwidth: No kernel is narrower, even where all observations agree.
        """
        n, dimensions = data.shape
        scott = 1.06 * data.std(axis=0) * n ** (-1.0 / (4 + dimensions))
        # At (c − 1)/c the kernel of c levels is uniform; wider would make it favour other levels.
        widest = np.where(levels > 0, (levels - 1) / np.maximum(levels, 1), np.inf)
        bandwidths = np.minimum(np.maximum(scott, min_bandwidth), widest)
        density = cls(data, levels, bandwidths, np.empty(0))
        return cls(data, levels, bandwidths, density._kernel_features(data).T.copy())

    def __call__(self, points: Floats) -> Floats:
        """Return the density at ``points`` of shape ``(point, dimension)``; shape ``(point,)``."""
        kernels: Floats = np.exp(self._point_features(points) @ self.features)
        means: Floats = kernels.mean(axis=1)  # over (point, observation)
        return means

    def draw(self, random: np.random.Generator, count: int, *, bandwidth_factor: float) -> Floats:
        """Draw candidates around the observations.

        Reals come from the observation's kernel, widened and truncated to [0, 1]; a level is
        kept with probability one minus its bandwidth, and else drawn from all.

        Args:
            random: Where the randomness comes from.
            count: How many to draw.
            bandwidth_factor: How much wider the reals' kernels are made.

        Returns:
            Vectors, shape ``(count, dimension)``.
        """
        drawn = self.data[random.integers(len(self.data), size=count)]
        real = self.levels == 0
        centre, width = drawn[:, real], bandwidth_factor * self.bandwidths[real]
        low, high = ndtr(-centre / width), ndtr((1 - centre) / width)
        quantile = low + random.random(centre.shape) * (high - low)
        drawn[:, real] = np.clip(centre + width * ndtri(quantile), 0.0, 1.0)
        kept = random.random((count, int((~real).sum()))) < 1 - self.bandwidths[~real]
        fresh = random.integers(self.levels[~real], size=kept.shape)
        drawn[:, ~real] = np.where(kept, drawn[:, ~real], fresh)
        return drawn

    # The logarithm of a product kernel is an inner product of features of the point with features
    # of the observation: one matrix product gives all pairs. For a real, −(x − X)²/2h² expands to
    # xX/h² − x²/2h² − X²/2h²; for a level, both sides are indicators of the level.

    def _point_features(self, points: Floats) -> Floats:  # (point, feature)
        real = self.levels == 0
        scaled = points[:, real] / self.bandwidths[real]
        square = -0.5 * (scaled**2).sum(axis=1, keepdims=True)
        return np.hstack([scaled, self._indicators(points), square, np.ones_like(square)])

    def _kernel_features(self, data: Floats) -> Floats:  # (observation, feature)
        real = self.levels == 0
        widths, switch = self.bandwidths[real], self.bandwidths[~real]
        others = np.log(switch / (self.levels[~real] - 1))  # log kernel of each other level
        scaled = data[:, real] / widths
        constant = others.sum() - np.log(widths * np.sqrt(2 * np.pi)).sum()
        offset = constant - 0.5 * (scaled**2).sum(axis=1, keepdims=True)
        gains = np.repeat(np.log1p(-switch) - others, self.levels[~real])
        return np.hstack([scaled, self._indicators(data) * gains, np.ones_like(offset), offset])

    def _indicators(self, vectors: Floats) -> Floats:  # (vector, total of levels)
        columns = [
            vectors[:, dimension, None] == np.arange(self.levels[dimension])
            for dimension in np.flatnonzero(self.levels)
        ]
        return np.hstack([np.empty((len(vectors), 0)), *columns]).astype(np.float64)
