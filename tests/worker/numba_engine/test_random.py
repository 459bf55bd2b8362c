"""Random words and normals against those of `worker.engine.philox`."""

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from worker.engine.philox import MASK, KeyedGenerator, Occasion, Quantity, philox
from worker.numba_engine.random import draw_normals, philox_words

SEED = 0x7123_4567_89AB_CDEF
KEY = (SEED & MASK, SEED >> 32)


@njit
def words_of(
    blocks: int, step: int, what: int, occasion: int, key0: int, key1: int
) -> NDArray[np.uint64]:
    words = np.empty((4, blocks), np.uint64)
    for block in range(blocks):
        words[:, block] = philox_words(
            np.uint64(block),
            np.uint64(step),
            np.uint64(what),
            np.uint64(occasion),
            np.uint64(key0),
            np.uint64(key1),
        )
    return words


@njit
def normals_of(
    count: int, step: int, what: int, occasion: int, key0: int, key1: int
) -> NDArray[np.float32]:
    out = np.zeros(count + 3, np.float32)
    draw_normals(out.ctypes.data, count, step, what, occasion, key0, key1)
    return out


@pytest.mark.slow
def test_words_equal_the_reference_to_the_bit() -> None:
    what, occasion = Quantity.OPERATION_NOISE + 16 * 63, Occasion.RETRAIN_SCORE
    block = np.arange(1000, dtype=np.int64)
    expected = philox((block, np.int64(2**32 - 1), np.int64(what), np.int64(occasion)), KEY)

    words = words_of(1000, 2**32 - 1, int(what), int(occasion), *KEY)

    np.testing.assert_array_equal(words.astype(np.int64), np.stack(expected))


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 3, 5, 37, 1_000_000])
def test_normals_equal_the_reference_to_a_millionth(count: int) -> None:
    seeds, step = np.array([SEED]), 7
    occasion, quantity = Occasion.SEARCH_TRAINING, Quantity.OPERATION_NOISE
    reference = KeyedGenerator(seeds, occasion, [step], count, quantity, index=3)

    drawn = normals_of(count, step, quantity + 16 * 3, int(occasion), *KEY)[:count]

    np.testing.assert_allclose(drawn, reference.normal(1)[0, 0, 0], rtol=0, atol=1e-6)
