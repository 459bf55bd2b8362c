"""What is read from α, against closed forms."""

import numpy as np
import pytest

from worker.engine.alpha import (
    discretize,
    edge_norms,
    flips,
    largest_norm,
    log_likelihood,
    mean_entropy,
    sup_norms,
)


def test_the_first_of_equal_alphas_is_picked() -> None:
    alpha = np.array([[[0.0, 0.0, 0.0], [1.0, 2.0, 2.0]]])
    assert discretize(alpha).tolist() == [[0, 1]]


def test_equal_alphas_have_the_largest_entropy() -> None:
    alpha = np.full((2, 3, 5, 4), 7.0)
    assert mean_entropy(alpha) == pytest.approx(np.log(4))
    assert log_likelihood(alpha) == pytest.approx(-5 * np.log(4))


def test_entropy_and_likelihood_follow_from_the_shares() -> None:
    alpha = np.random.default_rng(1).normal(size=(2, 5, 4))
    shares = np.exp(alpha) / np.exp(alpha).sum(-1, keepdims=True)
    assert mean_entropy(alpha) == pytest.approx(-(shares * np.log(shares)).sum(-1).mean(-1))
    assert log_likelihood(alpha) == pytest.approx(np.log(shares.max(-1)).sum(-1))


def test_a_decided_alpha_does_not_overflow() -> None:
    alpha = np.array([[[1000.0, 0.0], [0.0, -1000.0]]])
    assert mean_entropy(alpha).tolist() == log_likelihood(alpha).tolist() == [0.0]


def test_the_largest_norm_is_that_of_an_edge() -> None:
    alpha = np.array([[[3.0, 4.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, -2.0]]])
    assert largest_norm(alpha).tolist() == [5.0, 2.0]


def test_norms_are_those_of_each_part() -> None:
    alpha = np.array([[4.0, 2.0], [5.0, 5.0], [0.0, -7.0], [1.0, 1.0]])
    assert sup_norms(alpha, 2).tolist() == [5.0, 7.0]
    assert edge_norms(alpha, 2) == pytest.approx(np.sqrt([2.0, 24.5]))
    assert sup_norms(alpha, 4).tolist() == [4.0, 5.0, 7.0, 1.0]


def test_flips_count_changes_in_the_last_fifth() -> None:
    picks = np.zeros((2, 10, 3), dtype=int)
    picks[0, 8:, 0] = 1  # one change, at the ninth epoch of ten
    picks[0, 9, 1:] = 2  # two more, at the last
    picks[1, 7:] = 1  # before the last fifth
    alphas = np.eye(4)[picks]
    assert flips(alphas).tolist() == [3, 0]
    assert flips(alphas[:, :1]).tolist() == [0, 0]


def test_a_short_search_counts_its_last_epoch() -> None:
    alphas = np.eye(2)[np.array([[[0, 0], [1, 1]]])]
    assert flips(alphas).tolist() == [2]
