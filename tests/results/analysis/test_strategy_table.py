"""Judged strategies as tables, sentences and frames."""

from dataclasses import replace

import numpy as np
import pytest

from results.analysis.strategies import JudgedStrategies, judge
from results.analysis.strategy_rules import RULES, rules_markdown
from results.analysis.strategy_runs import StrategyGroup, StrategyRuns
from results.analysis.strategy_table import frame, grids, notes, sentences
from tests.results.analysis.made_up_strategies import given, group


@pytest.fixture(scope="module")
def judged() -> JudgedStrategies:
    return judge(group(("random", "descent")))


def test_the_tables_have_strategies_and_ranks(judged: JudgedStrategies) -> None:
    scores, gains, ranks = grids(judged)
    assert [line[0] for line in scores.rows] == ["random", "descent"]
    assert [line[-1] for line in gains.rows] == ["reference", "better"]
    assert [line[:2] for line in ranks.rows[9:11]] == [("random", "10"), ("descent", "1")]
    for grid in (scores, gains, ranks):
        assert {len(line) for line in grid.rows} == {len(grid.headings)} == {len(grid.numeric)}


def test_sentences_have_the_verdicts(judged: JudgedStrategies) -> None:
    assert sentences(judged) == ["Next to random (intervals of 95%): better: descent."]
    assert "its 10 best distinct architectures" in notes([judged])[0]


def test_sentences_name_what_is_missing() -> None:
    made = group(("descent",), repetitions=2)
    first, second = made.strategies[0].searches
    assert first.best is not None
    first.best.fresh[0, 0] = np.nan
    runs = StrategyRuns("descent", (first, replace(second, best=None)))
    judged = judge(StrategyGroup(made.first, (runs,)))
    assert sentences(judged) == [
        "There is no search by random to compare with.",
        "Trainings from fresh seeds that crashed have no score, so the means leave them out: 1 of "
        "descent.",
        "Not all searches have ended: descent (1 of 2).",
    ]


def test_a_frame_has_one_row_per_strategy(judged: JudgedStrategies) -> None:
    table = frame([judged])
    assert table["strategy"].tolist() == ["random", "descent"]
    assert table["operations"].tolist() == ["tau dilation"] * 2
    assert table["verdict"].tolist()[1] == "better"
    assert table["curse"].tolist() == pytest.approx((table["searched"] - table["fresh"]).tolist())


def test_a_frame_may_have_ranks(judged: JudgedStrategies) -> None:
    table = frame([judged], "ranks")
    assert table["rank"].tolist() == [*range(1, 11)] * 2
    assert (table["fresh_low"] < table["fresh_high"]).all()


def test_a_frame_may_have_all_architectures(judged: JudgedStrategies) -> None:
    table = frame([judged], "architectures")
    assert len(table) == 2 * 5 * 10
    assert table.groupby(["strategy", "repetition"])["fresh_rank"].sum().tolist() == [55.0] * 10
    assert table["tau"].between(0.01, 1).all()
    assert (table["n"] == 25).all()
    assert table["architecture"][0].startswith("learnable_gradient(tau=")


def test_architectures_of_a_finite_space_are_whole() -> None:
    scores = np.arange(10.0).reshape(5, 2), np.ones((5, 2, 6))
    table = frame([judge(given({"random": scores}))], "architectures")
    assert table["architecture"][1] == "cnn roll roll roll roll roll roll roll roll roll"
    assert "tau" not in table


def test_each_rule_has_its_heading() -> None:
    text = rules_markdown()
    assert all(f"## {question}\n\n{rule}" in text for question, rule in RULES.items())
