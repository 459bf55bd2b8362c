"""Estimates and their intervals: closed forms, invariants and coverage."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from results.stats.estimates import (
    Estimate,
    Statistic,
    difference,
    difference_of_means,
    estimate,
    share_below,
)

ALL: tuple[Statistic, ...] = ("mean", "median", "max", "std")


def normal(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


@pytest.mark.parametrize(
    ("statistic", "value"),
    [("mean", 2.5), ("median", 2.0), ("max", 5.0), ("std", math.sqrt(3.0))],
)
def test_an_estimate_is_the_sample_statistic(statistic: Statistic, value: float) -> None:
    found = estimate([1.0, 2.0, 2.0, 5.0], statistic)
    assert found.value == pytest.approx(value)
    assert found.n == 4


@pytest.mark.parametrize("statistic", ALL)
def test_an_interval_holds_its_estimate(statistic: Statistic) -> None:
    found = estimate(normal(25), statistic)
    assert found.low <= found.value <= found.high
    assert found.low < found.high


@pytest.mark.parametrize("statistic", ALL)
def test_the_same_seed_gives_the_same_interval(statistic: Statistic) -> None:
    sample = normal(16)
    assert estimate(sample, statistic, seed=3) == estimate(sample, statistic, seed=3)


@pytest.mark.parametrize("statistic", ["mean", "median", "max"])
def test_shifting_a_sample_shifts_its_interval(statistic: Statistic) -> None:
    sample = normal(16)
    first, second = estimate(sample, statistic), estimate(sample + 10, statistic)
    assert second.low == pytest.approx(first.low + 10)
    assert second.high == pytest.approx(first.high + 10)


@pytest.mark.parametrize("statistic", ["mean", "median", "max"])
def test_equal_values_have_an_empty_interval(statistic: Statistic) -> None:
    found = estimate([7.0] * 5, statistic)
    assert (found.low, found.value, found.high) == (7.0, 7.0, 7.0)


def test_the_interval_has_the_normal_width() -> None:
    sample = normal(400)
    found = estimate(sample, "mean")
    width = 2 * 1.96 * sample.std() / math.sqrt(400)
    # The noise of a quantile of 10,000 resamples is about 2% of the width.
    assert found.high - found.low == pytest.approx(width, rel=0.06)


def test_the_interval_of_a_mean_covers() -> None:
    covered = [
        found.low <= 0 <= found.high
        for found in (estimate(normal(25, seed), "mean", seed=seed) for seed in range(300))
    ]
    # 93.5% expected; 300 draws have a standard deviation of 1.4%.
    assert 0.89 < np.mean(covered) < 0.98


@pytest.mark.parametrize("statistic", ALL)
def test_an_empty_sample_has_no_estimate(statistic: Statistic) -> None:
    found = estimate([], statistic)
    assert math.isnan(found.value)
    assert found.n == 0


def test_one_value_has_no_interval() -> None:
    found = estimate([21.5], "mean")
    assert found.value == 21.5
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@pytest.mark.parametrize("values", [[1.0, math.nan], [math.inf], [[1.0], [2.0]]])
def test_a_sample_must_be_finite(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"expected finite values of shape \(n,\)"):
        estimate(values, "mean")


def test_exchanging_the_samples_changes_the_sign() -> None:
    a, b = normal(20, 1) + 1, normal(30, 2)
    forth, back = difference_of_means(a, b), difference_of_means(b, a)
    assert forth.value == pytest.approx(-back.value)
    assert forth.value == pytest.approx(a.mean() - b.mean())
    assert forth.low > 0 > back.high


@pytest.mark.parametrize("count", [0, 3, 20])
def test_the_interval_of_a_share_is_scipys(count: int) -> None:
    found = share_below([5.0] * count + [12.0] * (20 - count), 10.0)
    exact = binomtest(count, 20).proportion_ci(0.95, "exact")
    assert (found.value, found.n) == (count / 20, 20)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))


def test_a_value_on_the_threshold_is_not_below() -> None:
    assert share_below([9.9, 10.0, 10.1], 10.0).value == pytest.approx(1 / 3)


def test_an_empty_sample_has_no_share() -> None:
    assert math.isnan(share_below([], 10.0).value)


def test_a_difference_combines_both_intervals() -> None:
    found = difference(Estimate(5.0, 2.0, 6.0, 75), Estimate(1.0, 0.5, 5.0, 40))
    assert found == Estimate(4.0, 4.0 - math.hypot(3, 4), 4.0 + math.hypot(1, 0.5), 40)


def test_a_difference_is_close_to_the_bootstrap() -> None:
    a, b = normal(75, 1) + 1, 2 * normal(75, 2)
    found, resampled = (
        difference(estimate(a, "mean"), estimate(b, "mean")),
        difference_of_means(a, b),
    )
    assert found.value == pytest.approx(resampled.value)
    assert (found.low, found.high) == pytest.approx((resampled.low, resampled.high), abs=0.05)


def test_a_difference_needs_both_intervals() -> None:
    found = difference(Estimate(5.0, math.nan, math.nan, 1), Estimate(1.0, 0.5, 5.0, 40))
    assert found.value == 4.0
    assert math.isnan(found.low)
    assert math.isnan(found.high)
