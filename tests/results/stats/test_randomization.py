"""Randomization tests and their intervals: scipy's tests, exact levels, and invariants."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import PermutationMethod, permutation_test, ttest_1samp, ttest_ind

from results.stats.estimates import LEAST, LEVEL, Estimate
from results.stats.randomization import difference_of_means, mean_of_differences


def normal(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


def excludes(found: Estimate, value: float) -> bool:
    return found.low > value or found.high < value


@pytest.mark.parametrize("shift", [0.5, 1.0, 1.5, 2.0])
def test_few_runs_are_judged_as_by_scipy(shift: float) -> None:
    a, b = normal(6, 1) + shift, normal(6, 2)
    p = ttest_ind(a, b, equal_var=False, method=PermutationMethod(n_resamples=10**6)).pvalue
    assert excludes(difference_of_means(a, b), 0.0) == (p <= 1 - LEVEL)


@pytest.mark.parametrize("shift", [0.3, 0.6, 0.9, 1.2])
def test_few_pairs_are_judged_as_by_scipy(shift: float) -> None:
    gains = normal(9, 3) + shift
    p = permutation_test((gains,), np.mean, permutation_type="samples", n_resamples=10**6).pvalue
    assert excludes(mean_of_differences([gains]), 0.0) == (p <= 1 - LEVEL)


def test_the_interval_of_normal_runs_is_close_to_welchs() -> None:
    a, b = normal(40, 1) + 1, 2 * normal(60, 2)
    found = difference_of_means(a, b)
    welch = ttest_ind(a, b, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((welch.low, welch.high), abs=0.05)


def test_the_interval_of_normal_pairs_is_close_to_students() -> None:
    gains = normal(40, 1)
    student = ttest_1samp(gains, 0.0).confidence_interval()
    found = mean_of_differences([gains])
    assert (found.low, found.high) == pytest.approx((student.low, student.high), abs=0.03)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_an_interval_moves_and_scales_with_the_data(scale: float) -> None:
    a, b = normal(8, 1), normal(11, 2)
    one = difference_of_means(a, b)
    other = difference_of_means(scale * (a + 3), scale * b)
    assert other.low == pytest.approx(scale * (one.low + 3), rel=1e-4)
    assert other.high == pytest.approx(scale * (one.high + 3), rel=1e-4)


def test_exchanging_the_samples_changes_the_sign() -> None:
    a, b = normal(6, 1) + 1, normal(6, 2)
    forth, back = difference_of_means(a, b), difference_of_means(b, a)
    assert (forth.value, forth.low, forth.high) == pytest.approx(
        (-back.value, -back.high, -back.low), abs=1e-4
    )


def test_groups_of_pairs_have_equal_weight() -> None:
    found = mean_of_differences([[1.0] * 5, [3.0] * 50])
    assert (found.value, found.n) == (2.0, 5)


@pytest.mark.parametrize(("n", "has"), [(2, False), (LEAST - 1, False), (LEAST, True)])
def test_few_runs_have_no_interval(n: int, has: bool) -> None:
    found = difference_of_means(normal(n) + 100, normal(n, 1))
    assert found.n == n
    assert (not math.isnan(found.low), not math.isnan(found.high)) == (has, has)


def test_five_pairs_cannot_decide_at_5_percent() -> None:
    """The rarest of 2^5 choices of signs has probability 2 / 32; of 2^6, 2 / 64."""
    assert math.isnan(mean_of_differences([normal(5) + 100]).low)
    assert mean_of_differences([normal(6) + 100]).low > 0


def test_a_level_beyond_all_permutations_is_undecided() -> None:
    """The rarest of the divisions of 10 runs has probability 2 / 252."""
    a, b = normal(5) + 100, normal(5, 1)
    assert difference_of_means(a, b, level=0.99).low > 0
    assert math.isnan(difference_of_means(a, b, level=0.993).low)


@pytest.mark.parametrize("values", [[7.0] * 5, [7.0] * 20])
def test_equal_values_do_not_differ(values: list[float]) -> None:
    found = difference_of_means(values, values)
    assert (found.low, found.value, found.high) == (0.0, 0.0, 0.0)


def test_without_runs_there_is_no_difference() -> None:
    assert math.isnan(difference_of_means([], [1.0]).value)
    assert math.isnan(mean_of_differences([[]]).value)


def few_failures(random: np.random.Generator, n: int) -> np.ndarray:
    return np.where(random.random(n) < 0.1, 8.0, random.normal(21, 1, n))


def skewed(random: np.random.Generator, n: int) -> np.ndarray:
    return -random.lognormal(size=n)


@pytest.mark.slow
@pytest.mark.parametrize("draw", [few_failures, skewed])
def test_unequal_numbers_of_runs_hold_the_level(
    draw: Callable[[np.random.Generator, int], np.ndarray],
) -> None:
    """Welch's t finds a difference in 12% to 30% of such cases."""
    random = np.random.default_rng(4)
    wrong = [
        excludes(difference_of_means(draw(random, 5), draw(random, 40)), 0.0) for _ in range(500)
    ]
    # 500 cases of 5% have a standard deviation of 1%.
    assert np.mean(wrong) <= 0.08
