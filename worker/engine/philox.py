"""The keyed random numbers of a trial: Philox-4×32 with seven rounds.

A number depends only on (trial seed, occasion, quantity, step, position), and never on what else
is computed. A trial is therefore the same alone and in a batch, on every engine and device.

The rounds are written once, with operators that NumPy, PyTorch and Numba share, on 64-bit integers
that hold 32-bit words. (A product of two words keeps its low 64 bits; nothing else is needed.)
Seven is the smallest number of rounds that passes BigCrush with a margin, according to the authors.

Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", Table 2.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDS = 7
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
MASK = 0xFFFFFFFF


class Occasion(IntEnum):
    """The phase of a trial in which a number is drawn; the fourth word of the counter."""

    SEARCH_TRAINING = 0
    SEARCH_VALIDATION = 1
    SEARCH_SCORE = 2
    RETRAIN_TRAINING = 3
    RETRAIN_SCORE = 4
    SEARCH_START = 5
    RETRAIN_START = 6
    LEARNABLE_GRADIENT_PRETRAINING = 7
    """Training of the ``learnable_gradient`` network of DARTS-single."""
    CNN_PRETRAINING = 8
    """Training of the ``cnn`` network of DARTS-single."""
    HESSIAN = 9
    """The batch of which the Hessian by α is computed; the same in all epochs of a search."""
    SURROGATE_SCORE = 10
    """Batches on which a supernet scores the architectures that it is given."""
    CANDIDATES = 11
    """Random architectures that random search with weight sharing scores, and their batches."""


class Quantity(IntEnum):
    """The purpose of a number; the third word of the counter is ``quantity + 16 · index``."""

    SIGNAL = 0
    """Draws of the problem's sampler; the index counts its calls."""
    MEASUREMENT_NOISE = 1
    OPERATION_NOISE = 2
    """Noise of the noise operation; the index is the edge."""
    WEIGHT = 3
    """Initial weights of a CNN; the index is ``(2 · edge + slot) · 3 + tensor``."""
    ALPHA = 4
    """Initial α: one draw for all edges and operations, with the edges as the first dimension."""
    FLATTENING = 5
    """Initial weights of a flattening; the index is the cell."""
    ARCHITECTURE = 7
    """Operations of a random architecture, one number per edge."""
    DROP_PATH = 8
    """Whether an edge is dropped, one number per sample; the index is the edge."""


def philox(counter: Sequence[Any], key: Sequence[Any]) -> list[Any]:
    """Return four random words for each counter.

    Args:
        counter: Four integers, or 64-bit integer arrays or tensors that broadcast; each value in
            [0, 2^32).
        key: Two integers, arrays or tensors, as in ``counter``.

    Returns:
        Four words, each in [0, 2^32), as 64-bit integers.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        p0, p1 = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c1, c2, c3 = (
            ((p1 >> 32) & MASK) ^ c1 ^ k0,
            p1 & MASK,
            ((p0 >> 32) & MASK) ^ c3 ^ k1,
            p0 & MASK,
        )
        k0, k1 = (k0 + WEYL[0]) & MASK, (k1 + WEYL[1]) & MASK
    return [c0, c1, c2, c3]


def blocks(count: int) -> int:
    """Return the number of counters that give ``count`` words.

    Word i is output i // blocks of counter i % blocks, so that each output of consecutive counters
    is contiguous.
    """
    return -(-count // 4)


def to_unit(words: Any) -> Any:
    """Convert words to numbers strictly inside (0, 1): (top 23 bits + ½) / 2^23.

    Twenty-three bits and the half are exact in float32. Engines in single and in double precision
    therefore use identical numbers.
    """
    return ((words >> 9) + 0.5) * 2.0**-23


class KeyedGenerator:
    """Draws random numbers for a batch of trials and a range of steps, as NumPy arrays.

    A problem's sampler receives one. Each call draws for all trials and steps at once.
    """

    def __init__(
        self,
        seeds: NDArray[np.int64],
        occasion: Occasion,
        steps: Sequence[int] | range,
        batch_size: int,
        quantity: Quantity = Quantity.SIGNAL,
        index: int = 0,
    ) -> None:
        """Set the keys, and all words of the counter except the first.

        Args:
            seeds: Seeds of the trials, shape ``(trial,)``, in [0, 2^63).
            occasion: Phase of the trial in which the numbers are drawn.
            steps: Steps of that occasion.
            batch_size: Number of samples per batch.
            quantity: Purpose of the numbers.
            index: First index of the quantity; each call uses the next one.
        """
        self.seeds = seeds
        self.occasion = occasion
        self.steps = np.asarray(steps, dtype=np.int64)
        self.batch_size = batch_size
        self._quantity = quantity
        self._index = index

    def uniform(self, count: int) -> NDArray[np.float64]:
        """Draw ``count`` numbers per sample from U(0, 1), shape ``(trial, step, count, batch)``."""
        words = self._words(count * self.batch_size)
        flat = to_unit(words.reshape(*words.shape[:2], -1)[..., : count * self.batch_size])
        return self._shaped(flat, count)

    def normal(self, count: int) -> NDArray[np.float64]:
        """Draw ``count`` numbers per sample from N(0, 1), shape ``(trial, step, count, batch)``.

        The Box-Muller transform is applied to outputs 0 and 1, and to outputs 2 and 3, of each
        counter.
        """
        unit = to_unit(self._words(count * self.batch_size))  # (trial, step, 4, blocks)
        radius = np.sqrt(-2.0 * np.log(unit[:, :, 0::2]))  # (trial, step, 2, blocks)
        angle = 2.0 * np.pi * unit[:, :, 1::2]
        pairs = np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=3)
        flat = pairs.reshape(*pairs.shape[:2], -1)[..., : count * self.batch_size]
        return self._shaped(flat, count)

    def _shaped(self, flat: NDArray[np.float64], count: int) -> NDArray[np.float64]:
        return flat.reshape(len(self.seeds), len(self.steps), count, self.batch_size)

    def _words(self, count: int) -> NDArray[np.int64]:
        """Draw words, shape ``(trial, step, 4, blocks)``, and advance the index."""
        block = np.arange(blocks(count), dtype=np.int64)
        step = self.steps[:, None]
        what = np.int64(self._quantity + 16 * self._index)
        self._index += 1
        seeds = self.seeds[:, None, None]
        words = philox(
            (block, step, what, np.int64(self.occasion)), (seeds & MASK, (seeds >> 32) & MASK)
        )
        return np.stack(words, axis=2)
