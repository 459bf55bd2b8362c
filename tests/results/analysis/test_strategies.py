"""How strategies are judged, on made-up scores with known answers."""

import numpy as np
import pytest

from results.analysis.strategies import JudgedStrategies, StrategyRow, judge
from results.stats.crossed import crossed_mean
from results.stats.estimates import Floats
from tests.results.analysis.made_up_strategies import given, group


def made(
    random: np.random.Generator,
    mean: float,
    *,
    of_searches: float = 0.5,
    of_seeds: float = 0.3,
    repetitions: int = 5,
) -> tuple[Floats, Floats]:
    """Return scores of ten architectures: in the search 1 dB higher than from fresh seeds.

    Args:
        random: Source of the noise.
        mean: Mean score in dB.
        of_searches: Standard deviation of what the scores of one search have in common.
        of_seeds: The same of one seed.
        repetitions: Number of searches.
    """
    fresh = (
        mean
        + of_searches * random.normal(size=(repetitions, 1, 1))
        + of_seeds * random.normal(size=(1, 1, 25))
        + random.normal(size=(repetitions, 10, 25))
    )
    return mean + 1 - np.tile(np.arange(10) / 10, (repetitions, 1)), fresh


def row(judged: JudgedStrategies, strategy: str) -> StrategyRow:
    return next(one for one in judged.rows if one.runs.strategy == strategy)


def verdicts(judged: JudgedStrategies) -> dict[str, str | None]:
    return {one.runs.strategy: one.gain.verdict if one.gain else None for one in judged.rows}


def test_strategies_are_judged_next_to_random() -> None:
    random = np.random.default_rng(1)
    judged = judge(
        given(
            {
                "random": made(random, 20),
                "bayesian": made(random, 20),
                "descent": made(random, 24),
                "supernet-descent": made(random, 16),
            }
        )
    )
    assert verdicts(judged) == {
        "random": None,
        "bayesian": "undecided",
        "descent": "better",
        "supernet-descent": "lower",
    }
    assert {one.gain.level for one in judged.rows if one.gain} == {1 - 0.05 / 3}


def test_differences_are_paired_by_repetition_rank_and_seed() -> None:
    searched, fresh = made(np.random.default_rng(2), 20)
    differences = np.random.default_rng(3).normal(1, 0.1, size=fresh.shape)
    judged = judge(given({"random": (searched, fresh), "descent": (searched, fresh + differences)}))
    gain = row(judged, "descent").gain
    assert gain is not None
    expected = crossed_mean(differences.mean(axis=1))
    assert (gain.difference.low, gain.difference.high) == pytest.approx(
        (expected.low, expected.high)
    )


def test_only_common_repetitions_are_compared() -> None:
    searched, fresh = made(np.random.default_rng(2), 20, repetitions=7)
    judged = judge(given({"random": (searched[:5], fresh[:5]), "descent": (searched, fresh + 1)}))
    gain = row(judged, "descent").gain
    assert gain is not None
    assert gain.difference.value == pytest.approx(1)
    assert gain.difference.n == 5


def test_means_are_over_ranks_searches_and_seeds() -> None:
    searched, fresh = made(np.random.default_rng(4), 20)
    (one,) = judge(given({"random": (searched, fresh)})).rows
    assert one.searched == pytest.approx(searched.mean())
    assert one.fresh.value == pytest.approx(fresh.mean())
    assert one.first == pytest.approx(fresh[:, 0].mean())
    assert one.highest == pytest.approx(fresh.mean(axis=2).max(axis=1).mean())
    assert one.curse.value == pytest.approx(searched.mean() - fresh.mean())
    assert [rank.fresh.value for rank in one.ranks] == pytest.approx(fresh.mean(axis=(0, 2)))


def test_ranks_by_fresh_scores_have_a_correlation() -> None:
    searched, fresh = made(np.random.default_rng(4), 20)
    levels = np.arange(10)[:, None]
    (one,) = judge(given({"random": (searched, 0 * fresh + levels)})).rows
    assert [rank.place for rank in one.ranks] == list(range(10, 0, -1))
    assert one.best.spearman == pytest.approx(-1)


def test_crashed_trainings_are_left_out() -> None:
    searched, fresh = made(np.random.default_rng(5), 20)
    crashed = fresh.copy()
    crashed[0, 3, 7] = np.nan
    (one,) = judge(given({"random": (searched, crashed)})).rows
    assert one.crashed == 1
    assert one.fresh.n == 5
    assert one.fresh.value == pytest.approx(np.nanmean(crashed, axis=1).mean())
    # The mean of one rank leaves the seed out in all searches.
    kept = np.delete(crashed[:, 3], 7, axis=1)
    assert one.ranks[3].fresh.value == pytest.approx(kept.mean())


def test_searches_may_have_fewer_architectures() -> None:
    searched, fresh = made(np.random.default_rng(5), 20)
    made_up = given({"random": (searched, fresh), "descent": (searched[:, :3], fresh[:, :3] + 1)})
    gain = row(judge(made_up), "descent").gain
    assert gain is not None
    assert gain.difference.value == pytest.approx(1)


def test_four_repetitions_are_undecided() -> None:
    searched, fresh = made(np.random.default_rng(6), 20, repetitions=4)
    judged = judge(given({"random": (searched, fresh), "descent": (searched, fresh + 9)}))
    assert verdicts(judged)["descent"] == "undecided"
    gain = row(judged, "descent").gain
    assert gain is not None
    assert gain.difference.value == pytest.approx(9)
    assert np.isnan(gain.difference.low)


def test_without_random_search_there_is_no_verdict() -> None:
    judged = judge(given({"descent": made(np.random.default_rng(6), 20)}))
    assert verdicts(judged) == {"descent": None}


def test_without_a_finished_search_there_is_no_number() -> None:
    judged = judge(group(repetitions=0))
    assert judged.top == 0
    assert all(np.isnan([one.searched, one.fresh.value, one.highest]).all() for one in judged.rows)


def test_the_winners_curse_of_noisy_scores_is_seen() -> None:
    judged = judge(group(("random", "descent")))
    assert row(judged, "descent").curse.low > 0


@pytest.mark.slow
@pytest.mark.parametrize(("of_searches", "of_seeds"), [(0.5, 0.0), (0.1, 0.5)])
def test_equal_strategies_differ_in_five_percent(of_searches: float, of_seeds: float) -> None:
    """Three strategies next to random, also where differences depend on the shared seeds most."""
    random = np.random.default_rng(7)
    names = ("random", "bayesian", "descent", "supernet-descent")
    wrong = []
    for _ in range(200):
        judged = judge(
            given(
                {
                    name: made(random, 20, of_searches=of_searches, of_seeds=of_seeds)
                    for name in names
                }
            )
        )
        wrong.append(any(verdicts(judged)[name] != "undecided" for name in names[1:]))
    # 200 cases of 5% have a standard deviation of 1.5%.
    assert np.mean(wrong) <= 0.095
