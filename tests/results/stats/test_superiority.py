"""How probable it is that one run beats another: closed forms, and how often intervals cover."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from results.stats.estimates import difference_of_means, estimate
from results.stats.superiority import contrast, paired_superiority, superiority


def normal(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


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


def test_in_pairs_only_a_runs_own_partner_counts() -> None:
    found = paired_superiority([1.0, 5.0, 9.0, 4.0], [0.0, 4.0, 8.0, 4.0])
    assert found.value == pytest.approx(3.5 / 4)
    assert superiority([1.0, 5.0, 9.0], [0.0, 4.0, 8.0]).value == pytest.approx(6 / 9)


def test_the_interval_of_pairs_is_scipys_of_a_share() -> None:
    a, b = normal(25, 1) + 0.5, normal(25, 2)
    found = paired_superiority(a, b)
    wilson = binomtest(int((a > b).sum()), 25).proportion_ci(0.95, "wilson")
    assert (found.low, found.high) == pytest.approx((wilson.low, wilson.high))


def test_pairs_take_out_what_both_runs_share() -> None:
    shared = 10 * normal(30, 1)
    a, b = shared + 1 + 0.1 * normal(30, 2), shared + 0.1 * normal(30, 3)
    paired, unpaired = contrast(a, b, paired=True), contrast(a, b)
    assert paired.difference.value == pytest.approx(unpaired.difference.value)
    assert paired.difference == estimate(a - b, "mean")
    assert unpaired.difference == difference_of_means(a, b)
    assert paired.wins.value == 1.0
    assert paired.difference.low > 0 > unpaired.difference.low


def test_pairs_must_be_complete() -> None:
    with pytest.raises(ValueError, match="wanted pairs, got 3 and 4 values"):
        contrast(normal(3), normal(4), paired=True)


def test_without_pairs_there_is_no_probability() -> None:
    assert math.isnan(paired_superiority([], []).value)
