"""Best of k, against an enumeration of all subsets; steps to a median, against closed forms."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binomtest

from results.stats.best_of import LEAST_BEST, above_best_of, best_of, steps_to_median
from results.stats.estimates import estimate
from results.stats.randomization import difference_of_means


def normal(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


@pytest.mark.parametrize("k", [1, 2, 3, 5, 8, 9])
def test_the_best_of_k_averages_over_all_subsets(k: int) -> None:
    sample = normal(9)
    every = [max(subset) for subset in itertools.combinations(sample, k)]
    found = best_of(sample, k)
    assert found.best == sample.max()
    assert found.mean.value == pytest.approx(np.mean(every))
    assert found.median.value == pytest.approx(np.median(every))
    assert (found.k, found.mean.n) == (k, 9)


def test_the_best_of_one_is_a_single_run() -> None:
    sample = normal(20)
    found = best_of(sample, 1, seed=3)
    mean, median = estimate(sample, "mean", seed=3), estimate(sample, "median", seed=3)
    for expected, computed in ((mean, found.mean), (median, found.median)):
        assert (computed.value, computed.low, computed.high) == pytest.approx(
            (expected.value, expected.low, expected.high)
        )


def test_the_best_of_five_is_five_sixths() -> None:
    found = best_of(np.random.default_rng(0).uniform(size=1000), 5)
    assert found.mean.value == pytest.approx(5 / 6, abs=0.02)
    assert found.median.value == pytest.approx(0.5 ** (1 / 5), abs=0.02)


@pytest.mark.slow
def test_the_interval_of_the_best_of_five_covers() -> None:
    random = np.random.default_rng(0)
    covered = []
    for _ in range(200):
        mean = best_of(random.uniform(size=75), 5).mean
        covered.append(mean.low <= 5 / 6 <= mean.high)
    # 200 draws of 93.5% have a standard deviation of 1.7%.
    assert np.mean(covered) > 0.88


def test_few_runs_have_no_interval_of_the_best() -> None:
    assert math.isnan(best_of(normal(LEAST_BEST - 1), 2).mean.low)
    assert best_of(normal(LEAST_BEST), 2).mean.low < best_of(normal(LEAST_BEST), 2).mean.value
    assert not math.isnan(best_of(normal(5), 1).mean.low)


def test_k_above_n_is_undefined() -> None:
    found = best_of(normal(4), 5)
    assert math.isnan(found.mean.value)
    assert found.mean.n == 4


def test_k_must_be_positive() -> None:
    with pytest.raises(ValueError, match="at least 1 architecture per search, got 0"):
        best_of(normal(4), 0)


def test_a_run_equal_to_the_median_does_not_pass() -> None:
    assert steps_to_median([1.0, 2.0], [2.0]).value == math.inf


def test_steps_to_a_median_include_its_uncertainty() -> None:
    random, reached = normal(400, 1), normal(60, 2) + 1
    found = steps_to_median(random, reached)
    passing = int((random > np.median(reached)).sum())
    share = binomtest(passing, 400).proportion_ci(0.95, "exact")
    assert found.value == pytest.approx(400 / passing)
    assert found.low < 1 / share.high < found.value < 1 / share.low < found.high
    assert found.n == 60


def test_steps_to_a_median_out_of_reach_have_a_lower_bound() -> None:
    found = steps_to_median(np.arange(75.0), np.arange(75.0) + 1000)
    assert found.value == found.high == math.inf
    assert 10 < found.low < 30


@pytest.mark.parametrize("n", [0, 4])
def test_few_runs_have_no_steps_to_a_median(n: int) -> None:
    assert math.isnan(steps_to_median(normal(75), normal(n)).low)


@pytest.mark.slow
def test_steps_to_a_median_cover() -> None:
    random = np.random.default_rng(3)
    covered = [
        found.low <= 2 <= found.high
        for found in (
            steps_to_median(-random.exponential(size=60), -random.exponential(size=60))
            for _ in range(200)
        )
    ]
    assert np.mean(covered) >= 0.93


def test_the_gain_over_the_best_of_k_uses_all_subsets() -> None:
    sample, random = normal(20) + 2, normal(31, seed=1)
    found = above_best_of(sample, random, 3)
    assert found.value == pytest.approx(sample.mean() - best_of(random, 3).mean.value)
    assert found.n == 10
    bests = random[:30].reshape(10, 3).max(axis=1)
    tested = difference_of_means(sample, bests)
    assert found.high - found.low == pytest.approx(tested.high - tested.low)
    assert found.low < found.value < found.high


def test_the_gain_over_one_is_a_difference_of_means() -> None:
    sample, random = normal(12), normal(15, seed=1)
    found, expected = above_best_of(sample, random, 1), difference_of_means(sample, random)
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )


@pytest.mark.parametrize(("n", "value"), [(24, True), (4, False), (0, False)])
def test_few_searches_have_no_interval(n: int, value: bool) -> None:
    found = above_best_of(normal(20), normal(n, seed=1), 5)
    assert np.isfinite(found.value) == value
    assert math.isnan(found.low)


def test_the_gain_over_the_best_of_none_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least 1 architecture per search, got 0"):
        above_best_of(normal(20), normal(20), 0)


@pytest.mark.slow
@pytest.mark.parametrize("draw", ["normal", "failing"])
def test_verdicts_on_equal_cost_hold_their_level(draw: str) -> None:
    random = np.random.default_rng(7)

    def runs(*shape: int) -> np.ndarray:
        failed = random.random(shape) < 0.25 if draw == "failing" else 0
        return random.normal(size=shape) - 13 * failed

    false = []
    for _ in range(200):
        found = above_best_of(runs(16, 2).max(axis=1), runs(32), 2)
        false.append(found.low > 0 or found.high < 0)
    # At 5%, more than 9.5% of 200 cases are false with a probability of 0.3%.
    assert np.mean(false) <= 0.095
