"""Probability of improvement: closed forms, and coverage of its intervals."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from results.stats.probability_of_improvement import (
    contrast,
    paired_probability_of_improvement,
    probability_of_improvement,
)
from results.stats.randomization import difference_of_means, mean_of_differences


def normal(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


def test_the_estimate_is_the_share_of_pairs_won() -> None:
    found = probability_of_improvement([1.0, 4.0], [2.0, 3.0, 4.0])
    assert found.value == pytest.approx((0 + 2.5) / 6)
    assert (found.n_a, found.n_b) == (2, 3)


def test_exchanging_the_samples_gives_the_complement() -> None:
    a, b = normal(12, 1) + 0.3, normal(17, 2)
    forth, back = probability_of_improvement(a, b), probability_of_improvement(b, a)
    assert forth.value == pytest.approx(1 - back.value)
    assert forth.low == pytest.approx(1 - back.high)


def test_a_sample_ties_with_itself() -> None:
    found = probability_of_improvement(normal(9), normal(9))
    assert found.value == 0.5
    assert found.low + found.high == pytest.approx(1)


def test_fewer_separated_runs_give_a_wider_interval() -> None:
    few, many = (probability_of_improvement(np.arange(n) + 100.0, np.arange(n)) for n in (5, 30))
    assert few.value == few.high == many.value == many.high == 1.0
    assert 0.3 < few.low < 0.8 < many.low < 1.0


def test_a_sample_of_few_runs_has_no_interval() -> None:
    found = probability_of_improvement(normal(4), normal(30))
    assert 0 < found.value < 1
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_a_crashed_run_loses_against_every_run_with_a_score() -> None:
    a, b = normal(8), normal(6) - 1
    found = probability_of_improvement(a, b, crashed=(2, 3))
    lowest = min(a.min(), b.min()) - 1
    expected = probability_of_improvement(np.append(a, [lowest] * 2), np.append(b, [lowest] * 3))
    assert found == expected
    assert (found.n_a, found.n_b) == (10, 9)


def test_the_interval_covers_the_true_probability() -> None:
    truth = norm.cdf(0.8 / math.sqrt(2))
    random = np.random.default_rng(0)
    covered = [
        found.low <= truth <= found.high
        for found in (
            probability_of_improvement(random.normal(size=16) + 0.8, random.normal(size=16))
            for _ in range(300)
        )
    ]
    assert 0.91 < np.mean(covered) <= 1.0


def test_a_pair_is_compared_only_with_its_partner() -> None:
    found = paired_probability_of_improvement([1.0, 5.0, 9.0, 4.0], [0.0, 4.0, 8.0, 4.0])
    assert found.value == pytest.approx(3.5 / 4)


def test_without_pairing_all_pairs_count() -> None:
    assert probability_of_improvement([1.0, 5.0, 9.0], [0.0, 4.0, 8.0]).value == pytest.approx(
        6 / 9
    )


def test_the_paired_interval_is_scipys_exact_interval() -> None:
    a, b = normal(25, 1) + 0.5, normal(25, 2)
    found = paired_probability_of_improvement(a, b)
    exact = binomtest(int((a > b).sum()), 25).proportion_ci(0.95, "exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))


@pytest.fixture
def samples() -> tuple[np.ndarray, np.ndarray]:
    """Two samples whose i-th values share a large part."""
    shared = 10 * normal(30, 1)
    return shared + 1 + 0.1 * normal(30, 2), shared + 0.1 * normal(30, 3)


def test_pairing_removes_what_both_runs_share(samples: tuple[np.ndarray, np.ndarray]) -> None:
    paired, unpaired = contrast(*samples, paired=True), contrast(*samples)
    assert paired.probability.value == 1.0
    assert paired.difference.low > 0 > unpaired.difference.low


def test_pairing_does_not_change_the_difference(samples: tuple[np.ndarray, np.ndarray]) -> None:
    paired, unpaired = contrast(*samples, paired=True), contrast(*samples)
    assert paired.difference.value == pytest.approx(unpaired.difference.value)


def test_a_contrast_uses_the_stated_estimates(samples: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = samples
    assert contrast(a, b, paired=True).difference == mean_of_differences([a - b])
    assert contrast(a, b).difference == difference_of_means(a, b)


def test_pairs_must_be_complete() -> None:
    with pytest.raises(ValueError, match="expected pairs, got 3 and 4 values"):
        contrast(normal(3), normal(4), paired=True)


def test_without_pairs_there_is_no_probability() -> None:
    assert math.isnan(paired_probability_of_improvement([], []).value)
