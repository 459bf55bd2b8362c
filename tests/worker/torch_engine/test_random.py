import numpy as np
import pytest
import torch

from worker.engine.philox import KeyedGenerator, Occasion, Quantity
from worker.torch_engine.random import Keys, normal, words

SEEDS = np.array([0, 17, 2**33 + 5, 2**63 - 1], dtype=np.int64)
OCCASION = Occasion.RETRAIN_TRAINING
STEPS = range(3, 8)


def reference(index: int, size: int) -> KeyedGenerator:
    return KeyedGenerator(SEEDS, OCCASION, STEPS, size, Quantity.OPERATION_NOISE, index)


@pytest.mark.parametrize("count", [1, 6, 6400])
def test_words_equal_those_of_numpy(count: int) -> None:
    what = torch.tensor([Quantity.OPERATION_NOISE + 16 * index for index in (0, 9)])
    drawn = words(Keys.of(SEEDS, torch.device("cpu")), OCCASION, STEPS, what, count)
    for position, index in enumerate((0, 9)):
        np.testing.assert_array_equal(drawn[:, :, position], reference(index, 1)._words(count))


# In single precision an angle up to π is rounded by 1.2e-7, and a radius is 5.8 at most.
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-13)])
def test_normals_match_those_of_numpy(dtype: torch.dtype, tolerance: float) -> None:
    keys, indices = Keys.of(SEEDS, torch.device("cpu")), torch.tensor([2, 0])
    drawn = normal(keys, OCCASION, STEPS, Quantity.OPERATION_NOISE, indices, (50, 33), dtype)
    assert drawn.shape == (4, 5, 2, 50, 33)
    assert drawn.dtype == dtype
    for position, index in enumerate((2, 0)):
        expected = reference(index, 33).normal(50)
        np.testing.assert_allclose(drawn[:, :, position], expected, rtol=0, atol=tolerance)
