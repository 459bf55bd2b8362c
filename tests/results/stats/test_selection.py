"""Expected scores of selected runs, against all subsets."""

from itertools import combinations

import numpy as np
import pytest

from results.stats.best_of import best_of
from results.stats.selection import expected_scores
from results.stats.weighted import ordered


@pytest.mark.parametrize("k", [1, 2, 5, 9])
def test_the_expectation_is_that_over_all_subsets(k: int) -> None:
    random = np.random.default_rng(0)
    signal, scores = random.integers(4, size=9).astype(np.float64), random.normal(size=9)
    kept = []
    for drawn in map(np.array, combinations(range(9), k)):
        best = drawn[signal[drawn] == signal[drawn].max()]
        kept.append(scores[best].mean())  # equal signals are equally likely
    found = expected_scores(ordered(signal, np.array([0])), scores, np.ones((1, 9)), [k])
    assert found[0, 0, 0] == pytest.approx(np.mean(kept))


def test_groups_are_selected_from_separately() -> None:
    random = np.random.default_rng(1)
    signal, scores = random.normal(size=(2, 20))
    both = expected_scores(ordered(signal, np.array([0, 8])), scores, np.ones((1, 20)), [3])
    for group, inside in enumerate((slice(0, 8), slice(8, 20))):
        n = inside.stop - inside.start
        order = ordered(signal[inside], np.array([0]))
        alone = expected_scores(order, scores[inside], np.ones((1, n)), [3])
        assert both[0, group, 0] == pytest.approx(alone[0, 0, 0])


def test_selecting_by_the_score_gives_the_best() -> None:
    scores = np.random.default_rng(2).normal(size=60)
    found = expected_scores(ordered(scores, np.array([0])), scores, np.ones((1, 60)), [25])
    assert found[0, 0, 0] == pytest.approx(best_of(scores, 25).mean.value)


def test_too_few_runs_have_no_best() -> None:
    scores = np.arange(4.0)
    found = expected_scores(ordered(scores, np.array([0])), scores, np.ones((1, 4)), [4, 5])
    assert np.isnan(found[0, 0]).tolist() == [False, True]


def test_a_run_that_is_drawn_twice_counts_twice() -> None:
    scores = np.array([1.0, 2.0, 4.0])
    counts = np.array([[2.0, 0.0, 1.0]])
    found = expected_scores(ordered(scores, np.array([0])), scores, counts, [2])
    # Two of the three pairs among 1, 1 and 4 contain 4.
    assert found[0, 0, 0] == pytest.approx(3.0)
