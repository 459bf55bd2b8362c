"""Whether an observed score is one that chance gives."""

from math import sqrt

import numpy as np
import pytest

from results.stats.winners_curse import (
    FEWEST,
    Aggregate,
    Curse,
    evaluations_by_chance,
    winners_curse,
)


def test_of_one_seed_the_share_is_that_of_re_runs_at_least_as_high() -> None:
    curse = winners_curse(74.0, np.arange(80.0))
    assert curse.share == 6 / 80
    assert (curse.n, curse.observed) == (80, 74.0)


@pytest.mark.parametrize(("observed", "verdict"), [(78.0, "chance"), (78.5, "cursed")])
def test_a_score_that_2_of_80_re_runs_reach_is_left_to_chance(
    observed: float, verdict: str
) -> None:
    assert winners_curse(observed, np.arange(80.0)).verdict == verdict


def test_an_unselected_run_is_cursed_in_one_case_of_forty() -> None:
    """Of 79 re-runs and one run more, that one is among the highest two in 2 cases of 80."""
    random = np.random.default_rng(1)
    cases = 2000
    cursed = [
        winners_curse(random.uniform(), random.uniform(size=79)).verdict == "cursed"
        for _ in range(cases)
    ]
    assert np.mean(cursed) == pytest.approx(0.025, abs=3 * sqrt(0.025 * 0.975 / cases))


def test_an_unselected_mean_of_three_runs_is_cursed_in_one_case_of_forty() -> None:
    random = np.random.default_rng(2)
    cases = 1000
    cursed = [
        winners_curse(random.uniform(size=3).mean(), random.uniform(size=75), trials=3).verdict
        == "cursed"
        for _ in range(cases)
    ]
    assert np.mean(cursed) == pytest.approx(0.025, abs=3 * sqrt(0.025 * 0.975 / cases))


@pytest.mark.parametrize(("trials", "aggregate"), [(1, "mean"), (3, "median"), (2, "max")])
def test_a_score_above_all_re_runs_is_always_cursed(trials: int, aggregate: Aggregate) -> None:
    random = np.random.default_rng(3)
    for _ in range(20):
        curse = winners_curse(
            1.1, random.uniform(size=80), trials=trials, aggregate=aggregate, seed=4
        )
        assert (curse.share, curse.verdict) == (0.0, "cursed")


def test_the_best_of_many_noisy_scores_is_cursed() -> None:
    random = np.random.default_rng(5)
    best = random.normal(size=1000).max()
    assert winners_curse(best, random.normal(size=75)).verdict == "cursed"


def test_groups_spread_as_fresh_ones_do_about_a_mean_that_is_known_from_the_re_runs() -> None:
    """Pólya's urn has the variance s²/m · (n + m) / (n + 1): a mean of m beside one of n."""
    reruns = np.arange(12.0)
    means = evaluations_by_chance(reruns, 4, "mean", seed=6)
    assert means.mean() == pytest.approx(reruns.mean(), abs=0.1)
    assert means.var() == pytest.approx(reruns.var() / 4 * (12 + 4) / (12 + 1), rel=0.05)


def test_the_highest_of_two_is_one_of_the_best_half_in_three_cases_of_four() -> None:
    """Of n values the second pick equals the first's half in (n/2 + 1) cases of n + 1."""
    reruns = np.arange(100.0)
    curse = winners_curse(50.0, reruns, trials=2, aggregate="max", seed=7)
    assert curse.share == pytest.approx(1 - 0.5 * 51 / 101, abs=0.02)


@pytest.mark.parametrize(
    ("n", "trials", "aggregate", "judged"),
    [
        (FEWEST - 1, 1, "mean", False),
        (FEWEST, 1, "mean", True),
        (FEWEST, 3, "median", True),
        (3 * FEWEST - 1, 3, "max", False),
        (3 * FEWEST, 3, "max", True),
    ],
)
def test_few_re_runs_are_not_judged(
    n: int, trials: int, aggregate: Aggregate, judged: bool
) -> None:
    curse: Curse = winners_curse(1e3, np.arange(n), trials=trials, aggregate=aggregate)
    assert curse.verdict == ("cursed" if judged else "few")


def test_the_same_seed_draws_the_same_groups() -> None:
    reruns = np.random.default_rng(8).normal(size=75)
    one, two = (evaluations_by_chance(reruns, 3, "median", seed=9) for _ in range(2))
    assert np.array_equal(one, two)


def test_without_re_runs_there_is_nothing_to_judge_by() -> None:
    with pytest.raises(ValueError, match="at least one re-run"):
        winners_curse(1.0, [])
