"""Sums over lanes, and what a vector must not lose: signs, denormals, infinity and NaN."""

from collections.abc import Callable

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from worker.numba_engine.simd import (
    lane_sum,
    lane_sums,
    load,
    positive_part,
    splat,
    store,
    where_positive,
)
from worker.numba_engine.vector_type import LANES

Floats = NDArray[np.float32]


def random_rows(count: int, seed: int) -> Floats:
    return np.random.default_rng(seed).normal(size=(count, LANES)).astype(np.float32)


@njit
def sums_of(vectors: Floats, out: Floats) -> np.float32:
    store(out.ctypes.data, 0, lane_sums(vectors.ctypes.data, 0, LANES))
    return lane_sum(load(vectors.ctypes.data, 0))


def test_the_lanes_of_one_vector_are_summed() -> None:
    vectors, out = random_rows(LANES, 0), random_rows(1, 1)
    assert sums_of(vectors, out) == pytest.approx(vectors[0].sum(), rel=1e-5)


def test_the_lanes_of_many_vectors_are_summed() -> None:
    vectors, out = random_rows(LANES, 0), random_rows(1, 1)
    sums_of(vectors, out)
    np.testing.assert_allclose(out[0], vectors.sum(1), rtol=1e-5, atol=1e-5)


@njit
def positive(z: Floats, h: Floats) -> None:
    store(h.ctypes.data, 0, positive_part(load(z.ctypes.data, 0)))


@njit
def gate(z: Floats, h: Floats) -> None:
    value = load(z.ctypes.data, 0)
    store(h.ctypes.data, 0, where_positive(value, splat(np.float32(7))))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (positive, [0.0, 0.0, 0.0, 1e-45, 2.5, np.inf]),
        (gate, [0.0, 0.0, 0.0, 7.0, 7.0, 7.0]),
    ],
)
def test_numbers_that_are_not_positive_become_zero(
    function: Callable[[Floats, Floats], None], expected: list[float]
) -> None:
    z, h = random_rows(1, 0), random_rows(1, 1)
    z[0, :6] = [-np.inf, -1.5, -0.0, 1e-45, 2.5, np.inf]
    z[0, 6] = 0.0
    function(z, h)
    assert h[0, :7].tolist() == [*np.array(expected, np.float32), 0.0]


@pytest.mark.parametrize("sign", [1, -1])
def test_nan_stays_nan_through_the_positive_part(sign: int) -> None:
    z, h = random_rows(1, 0), random_rows(1, 1)
    z[0, 0] = np.copysign(np.float32(np.nan), sign)
    positive(z, h)
    assert np.isnan(h[0, 0])
    assert not np.isnan(h[0, 1:]).any()
