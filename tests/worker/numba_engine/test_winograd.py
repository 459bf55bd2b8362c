"""Winograd's transforms against the sums that define the correlation and its derivatives."""

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from worker.numba_engine.memory import Taps
from worker.numba_engine.simd import fma_each, load, load_strided, scale_each, splat, store_strided
from worker.numba_engine.vector_type import LANES
from worker.numba_engine.winograd import (
    correlate,
    filter_transform,
    input_transform,
    load_tile,
    load_transformed,
    transposed_filter_transform,
    transposed_input_transform,
    transposed_output_transform,
)

Floats = NDArray[np.float32]
SIZES = [(0, 1, 2), (0, 1, 2, 3, 4)]
ZERO = np.float32(0)


@njit
def correlation(d: Floats, g: Floats, start: Floats, z: Floats, taps: Taps) -> None:
    filters = filter_transform(load_strided(g.ctypes.data, 0, LANES, taps), taps)
    tile = input_transform(load_tile(d.ctypes.data, 0, taps))
    rows = correlate(tile, filters, load(start.ctypes.data, 0))
    store_strided(z.ctypes.data, 0, LANES, rows)


@njit
def by_signal(z: Floats, g: Floats, d: Floats, taps: Taps) -> None:
    filters = filter_transform(load_strided(g.ctypes.data, 0, LANES, taps), taps)
    rows = load_strided(z.ctypes.data, 0, LANES, (0, 1))
    elements = transposed_output_transform(rows, taps)
    nothing = scale_each(splat(ZERO), elements)
    tile = transposed_input_transform(fma_each(filters, elements, nothing))
    store_strided(d.ctypes.data, 0, LANES, tile)


@njit
def by_filter(z: Floats, d: Floats, g: Floats, taps: Taps) -> None:
    tile = input_transform(load_tile(d.ctypes.data, 0, taps))
    rows = load_strided(z.ctypes.data, 0, LANES, (0, 1))
    elements = transposed_output_transform(rows, taps)
    nothing = scale_each(splat(ZERO), elements)
    gradient = transposed_filter_transform(fma_each(tile, elements, nothing))
    store_strided(g.ctypes.data, 0, LANES, gradient)


@njit
def direct_correlation(d: Floats, g: Floats, start: Floats, z: Floats, taps: Taps) -> None:
    filters = filter_transform(load_strided(g.ctypes.data, 0, LANES, taps), taps)
    tile = load_transformed(d.ctypes.data, 0, taps)
    store_strided(z.ctypes.data, 0, LANES, correlate(tile, filters, load(start.ctypes.data, 0)))


@njit
def direct_by_filter(z: Floats, d: Floats, g: Floats, taps: Taps) -> None:
    rows = load_strided(z.ctypes.data, 0, LANES, (0, 1))
    elements = transposed_output_transform(rows, taps)
    nothing = scale_each(splat(ZERO), elements)
    products = fma_each(load_transformed(d.ctypes.data, 0, taps), elements, nothing)
    store_strided(g.ctypes.data, 0, LANES, transposed_filter_transform(products))


def random_rows(count: int, seed: int) -> Floats:
    return np.random.default_rng(seed).normal(size=(count, LANES)).astype(np.float32)


def assert_close(actual: Floats, expected: Floats) -> None:
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("taps", SIZES)
def test_a_correlation_is_the_sum_over_taps(taps: Taps) -> None:
    k = len(taps)
    d, g, start, z = random_rows(k + 1, 0), random_rows(k, 1), random_rows(1, 2), random_rows(2, 3)
    correlation(d, g, start, z, taps)
    assert_close(z, np.stack([(g * d[j : j + k]).sum(0) + start[0] for j in range(2)]))


@pytest.mark.parametrize("taps", SIZES)
def test_the_gradient_by_the_signal_is_the_transpose(taps: Taps) -> None:
    k = len(taps)
    z, g, d = random_rows(2, 0), random_rows(k, 1), random_rows(k + 1, 2)
    by_signal(z, g, d, taps)
    expected = np.zeros_like(d)
    for j in range(2):
        expected[j : j + k] += g * z[j]
    assert_close(d, expected)


@pytest.mark.parametrize("taps", SIZES)
def test_the_gradient_by_the_filter_is_the_sum_over_rows(taps: Taps) -> None:
    k = len(taps)
    z, d, g = random_rows(2, 0), random_rows(k + 1, 1), random_rows(k, 2)
    by_filter(z, d, g, taps)
    assert_close(g, sum(d[j : j + k] * z[j] for j in range(2)))


@pytest.mark.parametrize("k", [3, 5])
def test_direct_filtering_sums_the_taps_of_each_row(k: int) -> None:
    taps = tuple(np.int32(tap) for tap in range(k))
    d, g, start, z = random_rows(2 * k, 0), random_rows(k, 1), random_rows(1, 2), random_rows(2, 3)
    direct_correlation(d, g, start, z, taps)
    assert_close(z, (d.reshape(2, k, LANES) * g).sum(1) + start)


@pytest.mark.parametrize("k", [3, 5])
def test_the_direct_gradient_sums_both_rows(k: int) -> None:
    taps = tuple(np.int32(tap) for tap in range(k))
    z, d, g = random_rows(2, 0), random_rows(2 * k, 1), random_rows(k, 2)
    direct_by_filter(z, d, g, taps)
    assert_close(g, (d.reshape(2, k, LANES) * z[:, None]).sum(0))
