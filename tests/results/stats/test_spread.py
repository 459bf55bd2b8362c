"""Standard deviations and their intervals."""

import math

import numpy as np
import pytest

from results.stats.estimates import LEAST
from results.stats.spread import standard_deviation


def test_the_deviation_has_n_minus_1() -> None:
    found = standard_deviation([1.0, 2.0, 2.0, 5.0])
    assert found.value == pytest.approx(math.sqrt(3.0))
    assert found.n == 4


def test_the_interval_of_many_normal_values_is_the_normal_one() -> None:
    found = standard_deviation(np.random.default_rng(0).normal(size=2000))
    # The relative standard error of a deviation is 1 / √(2 n).
    width = 2 * 1.96 / math.sqrt(4000)
    assert (found.high - found.low) / found.value == pytest.approx(width, rel=0.1)


def test_heavy_tails_widen_the_interval() -> None:
    random = np.random.default_rng(0)
    normal, heavy = (
        standard_deviation(one) for one in (random.normal(size=75), random.standard_t(3, size=75))
    )
    assert normal.high / normal.low < heavy.high / heavy.low


@pytest.mark.parametrize(("n", "has"), [(2, False), (LEAST - 1, False), (LEAST, True)])
def test_few_values_have_no_interval(n: int, has: bool) -> None:
    found = standard_deviation(np.arange(n))
    assert (not math.isnan(found.low), not math.isnan(found.high)) == (has, has)


@pytest.mark.parametrize("level", [0.95, 0.99, 0.9999])
def test_the_interval_holds_its_estimate(level: float) -> None:
    for n in (5, 6, 20):
        found = standard_deviation(np.arange(n) ** 2, level=level)
        assert 0 < found.low <= found.value <= found.high


def test_equal_values_do_not_deviate() -> None:
    found = standard_deviation([7.0] * 9)
    assert (found.low, found.value, found.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("n", [0, 1])
def test_one_value_has_no_deviation(n: int) -> None:
    assert math.isnan(standard_deviation([3.0] * n).value)
