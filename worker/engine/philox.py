"""The keyed random numbers of a trial: Philox-4×32 with seven rounds.

A number depends only on (trial seed, occasion, quantity, step, position), never on what else is
computed beside it: that makes a trial the same alone and in a batch, on every engine and device.

The rounds are written once, with operators that NumPy, PyTorch and Numba share, on 64-bit
integers that hold 32-bit words (a product of two words keeps its low 64 bits, which is all that
is needed). Seven rounds are the fewest that pass BigCrush with a margin stated by the authors.

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
    """When a number is drawn: the fourth counter word."""

    SEARCH_TRAINING = 0
    SEARCH_VALIDATION = 1
    SEARCH_SCORE = 2
    RETRAIN_TRAINING = 3
    RETRAIN_SCORE = 4
    SEARCH_START = 5
    RETRAIN_START = 6
    LEARNABLE_GRADIENT_PRETRAINING = 7
    """Of DARTS-single, and the next one: each net sees batches of its own."""
    CNN_PRETRAINING = 8


class Quantity(IntEnum):
    """What a number is for: the third counter word is ``quantity + 16 · index``."""

    SIGNAL = 0
    """The problem's own draws; the index counts the sampler's calls."""
    MEASUREMENT_NOISE = 1
    OPERATION_NOISE = 2
    """The index is the edge."""
    WEIGHT = 3
    """The index is ``(2 · edge + slot) · 3 + tensor``: see `initial_weights`."""
    ALPHA = 4
    """One draw for all edges and operations, edges first."""
    FLATTENING = 5
    """The index is the cell: see `worker.engine.initialization.initial_flattening`."""


def philox(counter: Sequence[Any], key: Sequence[Any]) -> list[Any]:
    """Return four random words for each counter.

    Args:
        counter: Four integers, or 64-bit integer arrays or tensors that broadcast; each in
            [0, 2^32).
        key: Two, likewise.

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
    """Return how many counters ``count`` words take.

    Word i is output i // blocks of counter i % blocks, so that each output of consecutive
    counters lies in one contiguous run.
    """
    return -(-count // 4)


def to_unit(words: Any) -> Any:
    """Return the words as numbers strictly inside (0, 1): (top 23 bits + ½) / 2^23.

    Twenty-three bits and the half are exact in float32, so that an engine that computes in single
    precision starts from the very same number.
    """
    return ((words >> 9) + 0.5) * 2.0**-23


class KeyedGenerator:
    """The draws of a batch of trials at a run of steps, as NumPy arrays.

    A problem's sampler is handed one: each call draws for every trial and step at once.
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
        """Bind the keys and all of the counter but its first word.

        Args:
            seeds: Trial seeds, shape ``(trial,)``, in [0, 2^63).
            occasion: When the numbers are drawn.
            steps: Steps of that occasion to draw for.
            batch_size: Samples a batch.
            quantity: What the numbers are for.
            index: Where the quantity's index starts; each call draws with the next one.
        """
        self.seeds = seeds
        self.occasion = occasion
        self.steps = np.asarray(steps, dtype=np.int64)
        self.batch_size = batch_size
        self._quantity = quantity
        self._index = index

    def uniform(self, count: int) -> NDArray[np.float64]:
        """Draw from U(0, 1): ``count`` for each sample, shape ``(trial, step, count, batch)``."""
        words = self._words(count * self.batch_size)
        flat = to_unit(words.reshape(*words.shape[:2], -1)[..., : count * self.batch_size])
        return self._shaped(flat, count)

    def normal(self, count: int) -> NDArray[np.float64]:
        """Draw from N(0, 1): ``count`` for each sample, shape ``(trial, step, count, batch)``.

        Box and Muller's transform of outputs 0 and 1, and of outputs 2 and 3, of each counter.
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
        """Draw ``(trial, step, 4, blocks)`` words, and move on to the next index."""
        block = np.arange(blocks(count), dtype=np.int64)
        step = self.steps[:, None]
        what = np.int64(self._quantity + 16 * self._index)
        self._index += 1
        seeds = self.seeds[:, None, None]
        words = philox(
            (block, step, what, np.int64(self.occasion)), (seeds & MASK, (seeds >> 32) & MASK)
        )
        return np.stack(words, axis=2)
