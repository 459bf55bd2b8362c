"""Kernel densities over configurations for BOHB, computed on whole arrays.

A configuration is a vector: a real hyperparameter lies in [0, 1], and a level is its index. The
density is f(x) = 1/n Σ_i Π_d K_d(x_d, X_id), with Gaussian kernels for reals, Aitchison-Aitken
kernels for levels, and Scott's normal reference rule for the bandwidths. statsmodels'
KDEMultivariate computes the same, with one difference: here the number of levels is that of the
space and not of the data, so that a level absent from the data has a finite density.
"""

import functools
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]

_PRODUCT = 2**18
"""Multiply-adds per matrix product. OpenBLAS runs so few on one thread, and they fit into the
cache. More threads would wait for cores that the workers keep busy: 30 ms for 2 ms of work."""


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """A product-kernel density fitted to observed configurations."""

    data: Floats  # (observation, dimension)
    levels: NDArray[np.int64]  # (dimension,), 0 for a real
    bandwidths: Floats  # (dimension,)
    scales: Floats  # (coordinate,)
    features: Floats  # (observation, coordinate + 2)

    @classmethod
    def fit(cls, data: Floats, levels: NDArray[np.int64], *, min_bandwidth: float) -> Self:
        """Fit a density to observations.

        Args:
            data: Vectors, shape ``(observation, dimension)``.
            levels: Number of levels of each dimension, 0 for a real; shape ``(dimension,)``.
            min_bandwidth: Smallest bandwidth, even where all observations agree.
        """
        n, dimensions = data.shape
        centered = data - np.add.reduce(data) / n
        deviations = np.sqrt(np.add.reduce(centered * centered) / n)
        scott = 1.06 * deviations * n ** (-1.0 / (4 + dimensions))
        # At (c − 1)/c the kernel of c levels is uniform. A wider one would favor other levels.
        widest = np.where(levels > 0, (levels - 1) / np.maximum(levels, 1), np.inf)
        bandwidths = np.minimum(np.maximum(scott, min_bandwidth), widest)
        scales, constant = _scales(bandwidths, levels)
        scaled = _coordinates(data, levels) * scales
        features = _with_two_columns(scaled, _minus_half_the_square(scaled) + constant, 1.0)
        return cls(data, levels, bandwidths, scales, features)

    def __call__(self, points: Floats) -> Floats:
        """Return the density at ``points`` of shape ``(point, dimension)``; shape ``(point,)``."""
        scaled = _coordinates(points, self.levels) * self.scales
        features = _with_two_columns(scaled, 1.0, _minus_half_the_square(scaled))
        count = len(self.data)
        block = max(1, _PRODUCT // features.size)
        total = np.zeros(len(points))
        for start in range(0, count, block):
            kernels = features @ self.features[start : start + block].T  # (point, observation)
            np.exp(kernels, out=kernels)
            total += np.add.reduce(kernels, axis=1)
        return total / count

    def draw(self, random: np.random.Generator, count: int, *, bandwidth_factor: float) -> Floats:
        """Draw candidates around the observations.

        Reals come from the kernel of the observation, widened and truncated to [0, 1]. A level is
        kept with probability one minus its bandwidth, else it is drawn from all levels.

        Args:
            random: Random generator.
            count: Number of candidates.
            bandwidth_factor: Factor by which the kernels of reals are widened.

        Returns:
            Vectors, shape ``(count, dimension)``.
        """
        drawn = self.data[random.integers(len(self.data), size=count)]
        real = self.levels == 0
        center, width = drawn[:, real], bandwidth_factor * self.bandwidths[real]
        low, high = ndtr(-center / width), ndtr((1 - center) / width)
        quantile = low + random.random(center.shape) * (high - low)
        drawn[:, real] = np.clip(center + width * ndtri(quantile), 0.0, 1.0)
        kept = random.random((count, int((~real).sum()))) < 1 - self.bandwidths[~real]
        fresh = random.integers(self.levels[~real], size=kept.shape)
        drawn[:, ~real] = np.where(kept, drawn[:, ~real], fresh)
        return drawn


# With one coordinate per real and one indicator per level, the logarithm of a product kernel is
# −|z − Z|²/2 plus a constant. Here z and Z are the scaled coordinates of the point and of the
# observation. The scale is 1/h for a real; for a level it is √ log of the ratio of the two kernel
# values, since two indicators differ where two levels do. With −|z − Z|²/2 = z·Z − |z|²/2 − |Z|²/2
# and two more columns for the squares, one matrix product gives all pairs.


@functools.cache
def _layout(levels: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the dimension of each coordinate, and the level it indicates: −1 for a real."""
    counts = np.maximum(levels, 1)
    indicated = [np.arange(count) if count else np.array([-1]) for count in levels]
    return np.repeat(np.arange(len(levels)), counts), np.concatenate(indicated)


def _coordinates(vectors: Floats, levels: NDArray[np.int64]) -> Floats:  # (vector, coordinate)
    dimension, level = _layout(tuple(levels.tolist()))
    entries = np.take(vectors, dimension, axis=1)
    return np.where(level < 0, entries, entries == level)


def _scales(bandwidths: Floats, levels: NDArray[np.int64]) -> tuple[Floats, float]:
    """Return the scale of each coordinate, and the logarithm of the kernel at its center."""
    is_real = levels == 0
    widths, switch = bandwidths[is_real], bandwidths[~is_real]
    same, other = np.log1p(-switch), np.log(switch / (levels[~is_real] - 1))
    scales = np.empty(len(levels))
    scales[is_real] = 1 / widths
    scales[~is_real] = np.sqrt(
        np.maximum(same - other, 0.0)
    )  # 0 for a uniform kernel, but for rounding
    center = same.sum() - np.log(widths * np.sqrt(2 * np.pi)).sum()
    return scales[_layout(tuple(levels.tolist()))[0]], float(center)


def _minus_half_the_square(scaled: Floats) -> Floats:  # (vector,)
    halves: Floats = -0.5 * np.einsum("ij,ij->i", scaled, scaled)
    return halves


def _with_two_columns(scaled: Floats, first: Floats | float, second: Floats | float) -> Floats:
    count, coordinates = scaled.shape
    features = np.empty((count, coordinates + 2))
    features[:, :-2] = scaled
    features[:, -2], features[:, -1] = first, second
    return features
