"""Signals of the cosine problem against those of `worker.engine.problem`."""

import numpy as np
import pytest

from configspace.study import ProblemSettings
from worker.engine.philox import MASK, KeyedGenerator, Occasion
from worker.engine.problem import CosineProblem
from worker.numba_engine.memory import Memory, Sizes
from worker.numba_engine.signals import cosine_waves

SEED = 0x7123_4567_89AB_CDEF
KEY = (SEED & MASK, SEED >> 32)


@pytest.mark.parametrize(("points", "samples"), [(50, 128), (23, 37), (4, 2), (512, 8)])
def test_signals_equal_the_reference_in_float32(points: int, samples: int) -> None:
    problem = CosineProblem(ProblemSettings(points=points, taps=3))
    steps = range(5, 24)
    generator = KeyedGenerator(np.array([SEED]), Occasion.SEARCH_SCORE, steps, samples)
    expected = problem.signals(generator)[0].astype(np.float32)
    sizes = Sizes(batch=samples, taps=3, layers=1, channels=1, noisy=False)
    memory = Memory(problem.matrix, sizes)
    memory.set(key0=KEY[0], key1=KEY[1])
    out, scratch = np.zeros(expected.size, np.float32), np.zeros(4 * samples + 6)

    cosine_waves(
        memory.trial,
        problem.grid,
        samples,
        int(Occasion.SEARCH_SCORE),
        steps.start,
        len(steps),
        scratch,
        out,
    )

    np.testing.assert_allclose(out, expected.reshape(-1), rtol=1.2e-7, atol=1e-7)
    assert np.mean(out == expected.reshape(-1)) > 0.999
