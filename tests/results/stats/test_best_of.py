"""The best of k random architectures, against every subset; and steps, against closed forms."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binomtest

from results.stats.best_of import affordable, best_of, steps_to_pass
from results.stats.estimates import estimate


def normal(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


@pytest.mark.parametrize("k", [1, 2, 3, 5, 8, 9])
def test_the_best_of_k_is_over_all_subsets(k: int) -> None:
    sample = normal(9)
    every = [max(subset) for subset in itertools.combinations(sample, k)]
    found = best_of(sample, k)
    assert found.best == sample.max()
    assert found.mean.value == pytest.approx(np.mean(every))
    assert found.median.value == pytest.approx(np.median(every))
    assert (found.k, found.mean.n) == (k, 9)


def test_the_best_of_one_is_a_run_itself() -> None:
    sample = normal(20)
    found = best_of(sample, 1, seed=3)
    mean, median = estimate(sample, "mean", seed=3), estimate(sample, "median", seed=3)
    for theirs, ours in ((mean, found.mean), (median, found.median)):
        assert (ours.value, ours.low, ours.high) == pytest.approx(
            (theirs.value, theirs.low, theirs.high)
        )


def test_the_best_of_five_uniform_values_is_five_sixths() -> None:
    found = best_of(np.random.default_rng(0).uniform(size=1000), 5)
    assert found.mean.value == pytest.approx(5 / 6, abs=0.02)
    assert found.median.value == pytest.approx(0.5 ** (1 / 5), abs=0.02)


def test_the_interval_of_the_best_of_five_covers_it_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    covered = []
    for _ in range(200):
        mean = best_of(random.uniform(size=75), 5).mean
        covered.append(mean.low <= 5 / 6 <= mean.high)
    # 200 draws of 93.5% have a standard deviation of 1.7%.
    assert np.mean(covered) > 0.88


def test_more_than_there_are_cannot_be_picked() -> None:
    found = best_of(normal(4), 5)
    assert math.isnan(found.mean.value)
    assert found.mean.n == 4


def test_a_search_tries_at_least_one() -> None:
    with pytest.raises(ValueError, match="at least 1 architecture a search, got 0"):
        best_of(normal(4), 0)


def test_as_many_are_affordable_as_fit_in_the_time_of_one_search() -> None:
    assert affordable(159.0, 35.0) == 4
    assert affordable(10.0, 35.0) == 1
    with pytest.raises(ValueError, match="wanted positive seconds"):
        affordable(math.nan, 1.0)


def test_steps_are_one_by_the_share_that_passes() -> None:
    found = steps_to_pass(np.arange(100.0), 97.5, seed=1)
    share = binomtest(2, 100).proportion_ci(0.95, "exact")
    assert found.expected.value == 50
    assert (found.expected.low, found.expected.high) == pytest.approx(
        (1 / share.high, 1 / share.low)
    )
    assert found.expected.n == 100
    assert found.mean.n == 10


def test_the_simulated_steps_are_the_expected_ones_in_the_long_run() -> None:
    found = steps_to_pass(np.arange(100.0), 97.5, repetitions=2000)
    # A geometric number's standard deviation is nearly its mean: 50 / √2000 = 1.1.
    assert found.mean.value == pytest.approx(50, abs=4)


def test_what_every_run_passes_takes_one_step() -> None:
    found = steps_to_pass(np.arange(10.0), -1.0)
    assert found.mean.value == found.expected.value == 1


def test_to_equal_a_threshold_is_not_to_pass_it() -> None:
    assert steps_to_pass([1.0, 2.0], 2.0).expected.value == math.inf


def test_what_no_run_passes_has_a_lower_bound_alone() -> None:
    found = steps_to_pass(np.arange(75.0), 100.0)
    assert math.isnan(found.mean.value)
    # With 75 failures p is below 1 − 0.025^(1/75), at 97.5%.
    assert found.expected.low == pytest.approx(1 / (1 - 0.025 ** (1 / 75)))
    assert found.expected.value == found.expected.high == math.inf
