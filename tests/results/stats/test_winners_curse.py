"""The winner's curse: whether an observed score is higher than chance explains."""

from math import sqrt

import numpy as np
import pytest

from results.stats.winners_curse import (
    MIN_RERUNS,
    Aggregate,
    WinnersCurse,
    evaluations_by_chance,
    winners_curse,
)


def test_the_share_counts_equally_high_reruns() -> None:
    curse = winners_curse(74.0, np.arange(80.0))
    assert curse.share == 6 / 80
    assert (curse.n, curse.observed) == (80, 74.0)


@pytest.mark.parametrize(("observed", "verdict"), [(78.0, "chance"), (78.5, "cursed")])
def test_the_verdict_changes_below_2_of_80(observed: float, verdict: str) -> None:
    assert winners_curse(observed, np.arange(80.0)).verdict == verdict


def test_an_unselected_run_is_rarely_cursed() -> None:
    """One run is among the highest two of itself and 79 others with probability 2 / 80."""
    random = np.random.default_rng(1)
    cases = 2000
    cursed = [
        winners_curse(random.uniform(), random.uniform(size=79)).verdict == "cursed"
        for _ in range(cases)
    ]
    assert np.mean(cursed) == pytest.approx(0.025, abs=3 * sqrt(0.025 * 0.975 / cases))


def test_an_unselected_mean_is_rarely_cursed() -> None:
    random = np.random.default_rng(2)
    cases = 1000
    cursed = [
        winners_curse(random.uniform(size=3).mean(), random.uniform(size=75), trials=3).verdict
        == "cursed"
        for _ in range(cases)
    ]
    assert np.mean(cursed) == pytest.approx(0.025, abs=3 * sqrt(0.025 * 0.975 / cases))


@pytest.mark.parametrize(("trials", "aggregate"), [(1, "mean"), (3, "median"), (2, "max")])
def test_a_score_above_all_reruns_is_cursed(trials: int, aggregate: Aggregate) -> None:
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


def test_groups_have_the_variance_of_polyas_urn() -> None:
    """The mean of m draws from an urn of n values has the variance s²/m · (n + m) / (n + 1)."""
    reruns = np.arange(12.0)
    means = evaluations_by_chance(reruns, 4, "mean", seed=6)
    assert means.mean() == pytest.approx(reruns.mean(), abs=0.1)
    assert means.var() == pytest.approx(reruns.var() / 4 * (12 + 4) / (12 + 1), rel=0.05)


def test_the_share_of_a_maximum_is_exact() -> None:
    """The second draw is in the same half as the first with probability (n/2 + 1) / (n + 1)."""
    reruns = np.arange(100.0)
    curse = winners_curse(50.0, reruns, trials=2, aggregate="max", seed=7)
    assert curse.share == pytest.approx(1 - 0.5 * 51 / 101, abs=0.02)


@pytest.mark.parametrize(
    ("n", "trials", "aggregate", "judged"),
    [
        (MIN_RERUNS - 1, 1, "mean", False),
        (MIN_RERUNS, 1, "mean", True),
        (MIN_RERUNS, 3, "median", True),
        (3 * MIN_RERUNS - 1, 3, "max", False),
        (3 * MIN_RERUNS, 3, "max", True),
    ],
)
def test_too_few_reruns_give_no_verdict(
    n: int, trials: int, aggregate: Aggregate, judged: bool
) -> None:
    curse: WinnersCurse = winners_curse(1e3, np.arange(n), trials=trials, aggregate=aggregate)
    assert curse.verdict == ("cursed" if judged else "few")


def test_the_same_seed_gives_the_same_groups() -> None:
    reruns = np.random.default_rng(8).normal(size=75)
    one, two = (evaluations_by_chance(reruns, 3, "median", seed=9) for _ in range(2))
    assert np.array_equal(one, two)


def test_without_re_runs_there_is_no_verdict() -> None:
    found = winners_curse(1.0, [], trials=3)
    assert (found.n, found.verdict) == (0, "few")
    assert np.isnan(found.share)
