"""The fast correlation against the sum that defines it, and what must not be lost in a vector."""

from collections.abc import Callable

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from worker.numba_engine.memory import Taps
from worker.numba_engine.simd import (
    LANES,
    correlate,
    filter_gradient,
    fma_each,
    lane_sum,
    lane_sums,
    lift_filter,
    lift_rows,
    lift_window,
    load,
    load_strided,
    load_window,
    positive_part,
    scale_each,
    splat,
    spread,
    store,
    store_strided,
    where_positive,
)

Floats = NDArray[np.float32]
SIZES = [(0, 1, 2), (0, 1, 2, 3, 4)]
ZERO = np.float32(0)


@njit
def correlation(d: Floats, g: Floats, start: Floats, z: Floats, taps: Taps) -> None:
    filters = lift_filter(load_strided(g.ctypes.data, 0, LANES, taps))
    window = lift_window(load_window(d.ctypes.data, 0, taps))
    rows = correlate(window, filters, load(start.ctypes.data, 0))
    store_strided(z.ctypes.data, 0, LANES, rows)


@njit
def by_signal(z: Floats, g: Floats, d: Floats, taps: Taps) -> None:
    filters = lift_filter(load_strided(g.ctypes.data, 0, LANES, taps))
    rows = load_strided(z.ctypes.data, 0, LANES, (0, 1))
    lifted = lift_rows(rows, taps)
    nothing = scale_each(splat(ZERO), lifted)
    store_strided(d.ctypes.data, 0, LANES, spread(fma_each(filters, lifted, nothing)))


@njit
def by_filter(z: Floats, d: Floats, g: Floats, taps: Taps) -> None:
    window = lift_window(load_window(d.ctypes.data, 0, taps))
    lifted = lift_rows(load_strided(z.ctypes.data, 0, LANES, (0, 1)), taps)
    nothing = scale_each(splat(ZERO), lifted)
    store_strided(g.ctypes.data, 0, LANES, filter_gradient(fma_each(window, lifted, nothing)))


def rows(count: int, seed: int) -> Floats:
    return np.random.default_rng(seed).normal(size=(count, LANES)).astype(np.float32)


def close(ours: Floats, theirs: Floats) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("taps", SIZES)
def test_a_correlation_is_the_sum_over_taps(taps: Taps) -> None:
    k = len(taps)
    d, g, start, z = rows(k + 1, 0), rows(k, 1), rows(1, 2), rows(2, 3)
    correlation(d, g, start, z, taps)
    close(z, np.stack([(g * d[j : j + k]).sum(0) + start[0] for j in range(2)]))


@pytest.mark.parametrize("taps", SIZES)
def test_spreading_is_the_correlations_transpose(taps: Taps) -> None:
    k = len(taps)
    z, g, d = rows(2, 0), rows(k, 1), rows(k + 1, 2)
    by_signal(z, g, d, taps)
    expected = np.zeros_like(d)
    for j in range(2):
        expected[j : j + k] += g * z[j]
    close(d, expected)


@pytest.mark.parametrize("taps", SIZES)
def test_the_filters_gradient_is_the_sum_over_rows(taps: Taps) -> None:
    k = len(taps)
    z, d, g = rows(2, 0), rows(k + 1, 1), rows(k, 2)
    by_filter(z, d, g, taps)
    close(g, sum(d[j : j + k] * z[j] for j in range(2)))


@njit
def sums_of(vectors: Floats, out: Floats) -> np.float32:
    store(out.ctypes.data, 0, lane_sums(vectors.ctypes.data, 0, LANES))
    return lane_sum(load(vectors.ctypes.data, 0))


def test_lanes_are_summed_for_one_vector_and_for_many() -> None:
    vectors, out = rows(LANES, 0), rows(1, 1)
    first = sums_of(vectors, out)
    close(out[0], vectors.sum(1))
    assert first == pytest.approx(vectors[0].sum(), rel=1e-5)


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
def test_what_is_not_positive_becomes_zero(
    function: Callable[[Floats, Floats], None], expected: list[float]
) -> None:
    z, h = rows(1, 0), rows(1, 1)
    z[0, :6] = [-np.inf, -1.5, -0.0, 1e-45, 2.5, np.inf]
    z[0, 6] = 0.0
    function(z, h)
    assert h[0, :7].tolist() == [*np.array(expected, np.float32), 0.0]


@pytest.mark.parametrize("sign", [1, -1])
def test_not_a_number_stays_one_through_the_positive_part(sign: int) -> None:
    z, h = rows(1, 0), rows(1, 1)
    z[0, 0] = np.copysign(np.float32(np.nan), sign)
    positive(z, h)
    assert np.isnan(h[0, 0])
    assert not np.isnan(h[0, 1:]).any()
