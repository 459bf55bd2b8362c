"""Bootstraps of clusters, and intervals that hold together."""

import numpy as np
import pytest

from results.stats.clustered import (
    correlation_intervals,
    counts_of_clusters,
    counts_within,
    joint_intervals,
)

STARTS = np.array([0, 3, 10])


def test_runs_are_drawn_within_their_clusters() -> None:
    counts = counts_within(STARTS, 15, 200, np.random.default_rng(0))
    sizes = np.add.reduceat(counts, STARTS, axis=1)
    assert (sizes == [3, 7, 5]).all()
    assert (counts[:, :3] == 0).any()


def test_clusters_are_drawn_whole() -> None:
    counts = counts_of_clusters(STARTS, 15, 200, np.random.default_rng(0))
    first = counts[:, STARTS]
    assert (counts == np.repeat(first, [3, 7, 5], axis=1)).all()
    assert (first.sum(axis=1) == 3).all()


def test_each_run_is_drawn_once_on_average() -> None:
    for draw in (counts_within, counts_of_clusters):
        counts = draw(STARTS, 15, 20_000, np.random.default_rng(1))
        np.testing.assert_allclose(counts.mean(axis=0), 1.0, atol=0.05)


def test_joint_intervals_are_wider_for_more_statistics() -> None:
    draws = np.random.default_rng(2).normal(size=(4000, 20))
    one = joint_intervals(np.zeros(1), draws[:, :1], 1000)
    twenty = joint_intervals(np.zeros(20), draws, 1000)
    assert one[0, 1] == pytest.approx(1.96, abs=0.1)
    # The largest of 20 independent deviations: the quantile 0.95 ** (1 / 20) of one.
    assert twenty[:, 1].mean() == pytest.approx(3.02, abs=0.15)


def test_equal_statistics_cost_no_width() -> None:
    draws = np.random.default_rng(3).normal(size=(4000, 1))
    one = joint_intervals(np.zeros(1), draws, 1000)
    same = joint_intervals(np.zeros(5), np.repeat(draws, 5, axis=1), 1000)
    np.testing.assert_allclose(same, np.repeat(one, 5, axis=0))


def test_an_undefined_statistic_has_no_interval() -> None:
    draws = np.random.default_rng(4).normal(size=(100, 2))
    draws[:, 1] = np.nan
    found = joint_intervals(np.array([0.0, np.nan]), draws, 50)
    assert np.isnan(found).all(axis=1).tolist() == [False, True]


def test_a_statistic_that_does_not_vary_has_no_width() -> None:
    draws = np.random.default_rng(5).normal(size=(100, 2))
    draws[:, 1] = 0.5
    found = joint_intervals(np.array([0.0, 0.5]), draws, 50)
    assert found[1].tolist() == [0.5, 0.5]


def test_a_correlation_s_interval_ends_below_one() -> None:
    draws = np.tanh(1.5 + 0.4 * np.random.default_rng(6).normal(size=(4000, 1)))
    (low, high) = correlation_intervals(np.tanh(np.array([1.5])), draws, 1000)[0]
    assert np.arctanh([low, high]) == pytest.approx([1.5 - 0.8, 1.5 + 0.8], abs=0.05)


def test_a_perfect_correlation_has_an_interval() -> None:
    found = correlation_intervals(np.ones(1), np.ones((50, 1)), 50)
    assert found[0].tolist() == [pytest.approx(1.0, abs=1e-3), 1.0]
