"""Estimates and their intervals: closed forms, invariants, and how often they cover."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from results.statistics import (
    Statistic,
    correlation,
    difference_of_means,
    estimate,
    regression,
    superiority,
)

ALL: tuple[Statistic, ...] = ("mean", "median", "max", "std")


def normal(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


@pytest.mark.parametrize(
    ("statistic", "value"),
    [("mean", 2.5), ("median", 2.0), ("max", 5.0), ("std", math.sqrt(3.0))],
)
def test_an_estimate_is_the_samples_own(statistic: Statistic, value: float) -> None:
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


def test_the_interval_of_a_mean_is_as_wide_as_theory_says() -> None:
    sample = normal(400)
    found = estimate(sample, "mean")
    width = 2 * 1.96 * sample.std() / math.sqrt(400)
    # The bootstrap's own noise in a quantile of 10,000 resamples is about 2% of the width.
    assert found.high - found.low == pytest.approx(width, rel=0.06)


def test_the_interval_of_a_mean_of_25_covers_it_about_as_often_as_it_says() -> None:
    covered = [
        found.low <= 0 <= found.high
        for found in (estimate(normal(25, seed), "mean", seed=seed) for seed in range(300))
    ]
    # 93.5% expected; 300 draws have a standard deviation of 1.4%.
    assert 0.89 < np.mean(covered) < 0.98


@pytest.mark.parametrize("statistic", ALL)
def test_no_values_have_no_estimate(statistic: Statistic) -> None:
    found = estimate([], statistic)
    assert math.isnan(found.value)
    assert found.n == 0


def test_one_value_has_an_estimate_without_an_interval() -> None:
    found = estimate([21.5], "mean")
    assert found.value == 21.5
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@pytest.mark.parametrize("values", [[1.0, math.nan], [math.inf], [[1.0], [2.0]]])
def test_what_is_not_a_finite_sample_is_an_error(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"wanted finite values of shape \(n,\)"):
        estimate(values, "mean")


def test_a_difference_of_means_changes_sign_with_its_order() -> None:
    a, b = normal(20, 1) + 1, normal(30, 2)
    forth, back = difference_of_means(a, b), difference_of_means(b, a)
    assert forth.value == pytest.approx(-back.value)
    assert forth.value == pytest.approx(a.mean() - b.mean())
    assert forth.low > 0 > back.high


@pytest.mark.parametrize(("slope", "r"), [(2.0, 1.0), (-0.5, -1.0)])
def test_points_on_a_line_correlate_fully(slope: float, r: float) -> None:
    x = normal(12)
    found = correlation(x, slope * x + 3)
    assert (found.value, found.low, found.high) == pytest.approx((r, r, r))


def test_correlation_is_numpys() -> None:
    x, y = normal(30, 1), normal(30, 2)
    assert correlation(x, y).value == pytest.approx(np.corrcoef(x, y)[0, 1])


def test_rank_correlation_sees_only_the_order() -> None:
    x, y = normal(30, 1), normal(30, 2)
    first, second = correlation(x, y, "spearman"), correlation(np.exp(x), y**3, "spearman")
    assert first == second
    assert correlation(x, np.exp(x), "spearman").value == pytest.approx(1.0)


def test_of_normal_pairs_the_interval_is_near_fishers() -> None:
    x = normal(200, 1)
    found = correlation(x, x + normal(200, 2))
    centre, half = math.atanh(found.value), 1.96 / math.sqrt(197)
    assert found.low == pytest.approx(math.tanh(centre - half), abs=0.04)
    assert found.high == pytest.approx(math.tanh(centre + half), abs=0.04)


def test_without_spread_there_is_no_correlation() -> None:
    assert math.isnan(correlation([1.0] * 9, normal(9)).value)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_two_points_are_too_few_for_a_correlation(n: int) -> None:
    found = correlation(normal(n), normal(n))
    assert math.isnan(found.value)
    assert found.n == n


def test_unpaired_samples_do_not_correlate() -> None:
    with pytest.raises(ValueError, match="wanted pairs, got 3 and 4 values"):
        correlation(normal(3), normal(4))


def test_superiority_counts_the_pairs_that_are_won() -> None:
    found = superiority([1.0, 4.0], [2.0, 3.0, 4.0])
    assert found.value == pytest.approx((0 + 2.5) / 6)
    assert (found.n_a, found.n_b) == (2, 3)


def test_superiority_of_one_is_inferiority_of_the_other() -> None:
    a, b = normal(12, 1) + 0.3, normal(17, 2)
    forth, back = superiority(a, b), superiority(b, a)
    assert forth.value == pytest.approx(1 - back.value)
    assert forth.low == pytest.approx(1 - back.high)


def test_a_sample_equals_itself() -> None:
    found = superiority(normal(9), normal(9))
    assert found.value == 0.5
    assert found.low + found.high == pytest.approx(1)


def test_complete_separation_is_less_sure_the_fewer_the_runs() -> None:
    few, many = (superiority(np.arange(n) + 100.0, np.arange(n)) for n in (3, 30))
    assert few.value == few.high == many.value == many.high == 1.0
    assert 0.3 < few.low < 0.8 < many.low < 1.0


def test_the_interval_of_superiority_covers_it_about_as_often_as_it_says() -> None:
    truth = norm.cdf(0.8 / math.sqrt(2))
    random = np.random.default_rng(0)
    covered = [
        found.low <= truth <= found.high
        for found in (
            superiority(random.normal(size=16) + 0.8, random.normal(size=16)) for _ in range(300)
        )
    ]
    assert 0.91 < np.mean(covered) <= 1.0


def test_regression_is_the_least_squares_line() -> None:
    x, y = normal(30, 1), normal(30, 2)
    assert regression(x, y) == pytest.approx(tuple(np.polyfit(x, y, 1)))


@pytest.mark.parametrize("x", [[], [1.0], [2.0, 2.0, 2.0]])
def test_without_spread_there_is_no_line(x: list[float]) -> None:
    assert regression(x, x) is None
