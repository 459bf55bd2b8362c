"""Two clusters are found where they exist, and rarely where they do not."""

import numpy as np
import pytest

from results.stats.bimodality import two_clusters


def test_two_separate_clusters_are_found() -> None:
    random = np.random.default_rng(0)
    sample = np.concatenate([random.normal(8, 0.5, size=30), random.normal(20, 1.5, size=45)])
    found = two_clusters(random.permutation(sample))
    assert found is not None
    assert found.low == pytest.approx(8, abs=0.3)
    assert found.high == pytest.approx(20, abs=0.6)
    assert found.low_share == pytest.approx(0.4, abs=0.01)
    assert found.n == 75


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["normal", "uniform", "exponential", "gumbel"])
def test_a_unimodal_sample_rarely_has_two(shape: str) -> None:
    random = np.random.default_rng(0)
    wrong = [two_clusters(getattr(random, shape)(size=75)) is not None for _ in range(40)]
    assert np.mean(wrong) <= 0.05


def test_a_few_outliers_are_not_a_cluster() -> None:
    random = np.random.default_rng(0)
    sample = np.concatenate([random.normal(20, 1, size=72), [5.0, 5.1, 5.2]])
    assert two_clusters(sample) is None


def test_equal_values_have_no_clusters() -> None:
    assert two_clusters([7.0] * 50) is None


def test_few_values_have_no_clusters() -> None:
    assert two_clusters([1.0, 1.1, 9.0, 9.1]) is None


def test_two_groups_of_equal_values_are_found() -> None:
    found = two_clusters([5.0] * 20 + [9.0] * 20)
    assert found is not None
    assert (found.low, found.high, found.low_share) == pytest.approx((5.0, 9.0, 0.5))


def test_clusters_scale_with_the_values() -> None:
    random = np.random.default_rng(1)
    sample = np.concatenate([random.normal(0, 1, size=30), random.normal(9, 1, size=30)])
    one, other = two_clusters(sample), two_clusters(10 * sample - 3)
    assert one is not None
    assert other is not None
    assert other.low == pytest.approx(10 * one.low - 3)
    assert other.low_share == pytest.approx(one.low_share)
