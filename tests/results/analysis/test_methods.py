"""Verdicts on methods next to DARTS, to random search, and to the best of four."""

from pathlib import Path

import numpy as np
import pytest

from results.analysis.methods import JudgedMethods, judge
from results.stats.best_of import best_of
from results.stats.randomization import difference_of_means
from tests.results.analysis.made_up_methods import group, normal


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


def verdicts(judged: JudgedMethods, reference: str) -> dict[str, str]:
    return {
        row.name: gain.verdict
        for row in judged.rows
        for name, gain in row.gains.items()
        if name == reference
    }


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> JudgedMethods:
    scores = {
        "darts": normal(20.0),
        "darts-es": normal(22.0, seed=1),
        "best-of-four": normal(21.2, seed=2),
        "r-darts-l2": normal(24.0, seed=3),
        "r-darts-dp": normal(18.0, seed=4),
        "random": normal(20.0, n=40, seed=5),
    }
    return judge(group(f"sqlite:///{tmp_path_factory.mktemp('made') / 'store.db'}", scores))


def test_methods_are_judged_next_to_darts(judged: JudgedMethods) -> None:
    assert verdicts(judged, "darts") == {
        "darts-es": "higher",
        "best-of-four": "higher",
        "r-darts-l2": "higher",
        "r-darts-dp": "lower",
        "random": "undecided",
    }


def test_random_has_as_many_architectures_as_the_cost_allows(judged: JudgedMethods) -> None:
    random = judged.row("random")
    assert random is not None
    gains = {row.name: row.gains["random"] for row in judged.rows if row.name != "random"}
    assert [gain.k for gain in gains.values()] == [2, 2, 5, 5, 5]
    assert gains["darts"].mean == pytest.approx(best_of(random.scores, 2).mean.value)
    assert gains["darts"].difference.value == pytest.approx(20 - gains["darts"].mean)
    assert verdicts(judged, "random") == {
        "darts": "undecided",
        "darts-es": "higher",
        "best-of-four": "undecided",
        "r-darts-l2": "higher",
        "r-darts-dp": "lower",
    }


def test_r_darts_stands_next_to_the_best_of_four(judged: JudgedMethods) -> None:
    assert verdicts(judged, "best-of-four") == {"r-darts-l2": "higher", "r-darts-dp": "lower"}


def test_intervals_are_corrected_for_the_verdicts(judged: JudgedMethods) -> None:
    levels = {row.gains["darts"].level for row in judged.rows if row.name != "darts"}
    assert levels == {1 - 0.05 / 5}
    one, darts = judged.row("darts-es"), judged.row("darts")
    assert one is not None
    assert darts is not None
    expected = difference_of_means(one.scores, darts.scores, level=0.99)
    assert one.gains["darts"].difference == expected


def test_four_runs_have_no_verdict(url: str) -> None:
    judged = judge(group(url, {"darts": normal(20.0), "rs-ws": normal(30.0, n=4)}))
    (gain,) = (row.gains["darts"] for row in judged.rows if row.name == "rs-ws")
    assert gain.verdict == "undecided"
    assert np.isnan(gain.difference.low)
    assert gain.level == 0.95


def test_too_few_random_runs_are_no_reference(url: str) -> None:
    judged = judge(group(url, {"best-of-four": normal(20.0), "random": normal(20.0, n=4)}))
    assert verdicts(judged, "random") == {"best-of-four": "too few runs"}


def test_a_missing_reference_has_no_difference(url: str) -> None:
    (row,) = judge(group(url, {"darts-es": normal(20.0)})).rows
    assert {name: gain.verdict for name, gain in row.gains.items()} == {
        "darts": "no runs",
        "random": "no runs",
    }


def test_another_number_of_searches_is_no_equal_cost(url: str) -> None:
    scores = {"r-darts-l2": normal(20.0), "best-of-four": normal(20.0)}
    judged = judge(group(url, scores, search={"weight_decays": (1e-6, 1e-3)}))
    assert verdicts(judged, "best-of-four") == {}


def test_failed_runs_are_those_below_the_limit(url: str) -> None:
    (row,) = judge(group(url, {"darts": [9.0, 11.0, 20.0, 21.0]}), failed_below=12.0).rows
    assert row.shape.failed.value == 0.5
