"""The verdicts on signals hold their level for runs of configurations that differ."""

import zlib
from functools import partial
from typing import get_args

import numpy as np
import pytest

from benchmarks.calibration_rules import Verdict
from benchmarks.calibration_scores import Draw, Scores
from benchmarks.calibration_signals import beats, predicts

RULES: dict[str, Verdict] = {
    "within": partial(predicts, scope="within"),
    "overall": partial(predicts, scope="overall"),
    "baseline": partial(beats, rule="baseline"),
    "best": partial(beats, rule="best"),
}
CASES = 100


def share(rule: str, scores: Scores, effect: float, cases: int) -> float:
    random = np.random.default_rng(zlib.crc32(f"{rule} {scores}".encode()))
    draw = Draw(scores, random)
    return float(np.mean([RULES[rule](draw, 16, effect) for _ in range(cases)]))


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_holds_its_level_for_sixteen(rule: str) -> None:
    errors = [share(rule, scores, 0.0, CASES) for scores in get_args(Scores)]
    # 300 cases of 5% have a standard deviation of 1.3%.
    assert np.mean(errors) <= 0.09


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_finds_a_large_difference(rule: str) -> None:
    found = {"within": 0.9, "overall": 0.7, "baseline": 0.6, "best": 0.2}
    assert share(rule, "normal", 1.0, 20) >= found[rule]


@pytest.mark.parametrize("rule", RULES)
def test_few_runs_give_no_verdict(rule: str) -> None:
    draw = Draw("normal", np.random.default_rng(0))
    assert [RULES[rule](draw, n, 0.0) for n in (2, 8)] == [None, None]
