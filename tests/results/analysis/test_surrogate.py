"""How well scores rank trained architectures, on made-up numbers with known answers."""

import numpy as np
import pytest

from configspace.condition import Condition
from configspace.hyperparameters import Hyperparameters
from results.analysis.surrogate import Ranking, judge
from results.analysis.surrogate_runs import Supernets, SurrogateGroup
from results.analysis.surrogate_table import frame, grid, sentences
from results.stats.estimates import Floats

RANDOM = Condition(
    campaign="made", name="random", method="random", preset="H1",
    hyperparameters=Hyperparameters(), trials=64,
)  # fmt: skip
TRUTH = np.random.default_rng(1).permutation(64).astype(np.float64)


def group(trained: Floats, *supernets: Supernets, baseline: Floats | None = None) -> SurrogateGroup:
    return SurrogateGroup(RANDOM, trained, baseline, supernets, planned=len(trained))


def twice(values: Floats) -> Floats:
    return np.stack([values, values], axis=1)


def noisy(values: Floats, noise: float, count: int = 10, seed: int = 0) -> Floats:
    """Return scores by several supernets, each with another noise; shape ``(count, n)``."""
    drawn = np.random.default_rng(seed).normal(size=(count, len(values)))
    return np.asarray(values + noise * drawn)


def only(found: SurrogateGroup) -> Ranking:
    (ranking,) = judge(found, resamples=200).rankings
    return ranking


def test_a_perfect_surrogate_loses_nothing() -> None:
    ranking = only(group(twice(TRUTH), Supernets("darts", np.tile(TRUTH, (10, 1)), None)))
    assert ranking.spearman.value == ranking.kendall.value == 1
    assert ranking.overlap == 10
    assert ranking.regret == 0


def test_a_reversed_surrogate_picks_the_worst() -> None:
    ranking = only(group(twice(TRUTH), Supernets("darts", np.tile(-TRUTH, (10, 1)), None)))
    assert ranking.spearman.value == ranking.kendall.value == -1
    assert ranking.overlap == 0
    assert ranking.regret == np.ptp(TRUTH)


def test_a_constant_score_tells_nothing() -> None:
    ranking = only(group(twice(TRUTH), Supernets("darts", np.ones((10, 64)), None)))
    assert ranking.spearman.value == ranking.kendall.value == 0
    assert ranking.overlap == pytest.approx(10 * 10 / 64)
    assert ranking.regret == pytest.approx(TRUTH.max() - TRUTH.mean())


def test_a_score_that_diverged_ranks_last() -> None:
    scores = np.where(TRUTH == 0, -np.inf, TRUTH)
    ranking = only(group(twice(TRUTH), Supernets("darts", np.tile(scores, (10, 1)), None)))
    assert ranking.spearman.value == 1


def test_coefficients_are_means_over_supernets() -> None:
    halves = np.stack([TRUTH] * 5 + [-TRUTH] * 5)
    ranking = only(group(twice(TRUTH), Supernets("darts", halves, None)))
    assert ranking.spearman.value == pytest.approx(0)
    assert ranking.overlap == 5
    # Other supernets might all be of one half or the other.
    assert ranking.spearman.high > 0.4


@pytest.mark.slow
def test_the_ceiling_is_one_training_as_score_of_the_other() -> None:
    trained = np.stack([TRUTH, noisy(TRUTH, 10, 1)[0]], axis=1)
    ceiling = judge(group(trained, Supernets("darts", noisy(TRUTH, 1), None))).ceiling
    ranks = trained.argsort(0).argsort(0)
    assert ceiling.spearman.value == pytest.approx(np.asarray(np.corrcoef(ranks.T))[0, 1])
    assert ceiling.spearman.low < ceiling.spearman.value < ceiling.spearman.high
    (first, second), best = trained.argmax(axis=0), trained.mean(axis=1).max()
    assert ceiling.regret == pytest.approx(best - (trained[first, 1] + trained[second, 0]) / 2)


@pytest.mark.slow
def test_scores_are_judged_next_to_the_baseline() -> None:
    judged = judge(
        group(
            twice(TRUTH),
            Supernets("darts", noisy(TRUTH, 3), noisy(TRUTH, 300)),
            Supernets("rs-ws", noisy(TRUTH, 12, seed=2), None),
            Supernets("darts-single", noisy(TRUTH, 3, count=9), None),
            baseline=np.floor(noisy(TRUTH, 12, 1, seed=3)[0] / 8),
        ),
        resamples=500,
    )
    verdicts = [(one.name, one.score, one.verdict) for one in judged.rankings]
    assert verdicts == [
        ("darts", "psnr", "better"),
        ("darts", "alpha_likelihood", "worse"),
        ("rs-ws", "psnr", "undecided"),
        ("darts-single", "psnr", "too few"),
    ]
    assert [one.best for one in judged.rankings] == [True, False, False, True]
    assert (
        "Ranks better than counting harmful operations: darts (one-hot PSNR); worse: darts "
        in (sentences(judged)[0])
    )


def test_scores_of_the_same_supernets_share_their_resamples() -> None:
    scores = noisy(TRUTH, 20)
    scores[:5] = noisy(TRUTH, 200, 5)  # so that it matters which supernets are drawn
    first, second = judge(group(twice(TRUTH), Supernets("darts", scores, 2 * scores))).rankings
    assert first.spearman == second.spearman
    assert first.kendall == second.kendall
    assert (first.best, second.best) == (True, True)


def test_without_a_baseline_there_is_no_verdict() -> None:
    judged = judge(group(twice(TRUTH), Supernets("darts", noisy(TRUTH, 3), None)), resamples=100)
    assert judged.baseline is None
    assert judged.rankings[0].verdict is None
    assert "There is no baseline" in sentences(judged)[0]


def test_the_tables_have_all_scores_baseline_and_ceiling() -> None:
    made = group(twice(TRUTH), Supernets("darts", noisy(TRUTH, 3), None), baseline=TRUTH // 8)
    judged = judge(made, resamples=100)
    assert [row[-1] for row in grid(judged).rows][1:] == ["baseline", "ceiling"]
    table = frame([judged])
    assert table["supernets_by"].tolist() == ["darts", "harmful operations", "training"]
    assert table["supernets"].tolist() == [10, 0, 0]
    assert (table["spearman_low"] <= table["spearman"]).all()


@pytest.mark.slow
def test_the_interval_covers_other_supernets_and_architectures() -> None:
    """Over samples of both, the intervals contain the correlation of the population."""
    population = _population()
    random = np.random.default_rng(6)
    covered = 0
    for _ in range(60):
        truth = random.normal(size=48)
        skills = random.normal(1.0, 0.5, size=(10, 1))  # some supernets are better than others
        scores = skills * truth + random.normal(size=(10, 48))
        ranking = only(group(twice(truth), Supernets("darts", scores, None)))
        covered += ranking.spearman.low <= population <= ranking.spearman.high
    # With 95%, fewer than 52 of 60 would have a probability of 1%.
    assert covered >= 52


def _population() -> float:
    """Return the mean Spearman correlation of many supernets over many architectures."""
    random = np.random.default_rng(7)
    truth = random.normal(size=4000)
    scores = random.normal(1.0, 0.5, size=(200, 1)) * truth + random.normal(size=(200, 4000))
    ranks = np.argsort(np.argsort(np.vstack([truth, scores]), axis=1), axis=1)
    return float(np.asarray(np.corrcoef(ranks))[0, 1:].mean())
