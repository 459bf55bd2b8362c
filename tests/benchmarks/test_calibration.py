"""The verdicts hold their level: the calibration, for few and more runs."""

import itertools
import json
import math
from pathlib import Path
from typing import get_args

import pytest

from benchmarks.calibration import SIZES, Cell, main, markdown, measure
from benchmarks.calibration_rules import RULES
from benchmarks.calibration_scores import Scores

KEPT = Path(__file__).parents[2] / "docs" / "reference" / "calibration.json"
AT_MOST = 0.07
"""Error rate that a rule may have; 5% is what it should have."""
CASES = 2000
FEW_CASES = 100
FEW = (
    "better-of-4",
    "equal-cost",
    "signal-within",
    "signal-overall",
    "signal-baseline",
    "signal-best",
)
"""Rules of which some cells have fewer than `CASES` cases, and at least `FEW_CASES`."""

_FAST = (
    "better",
    "better-of-4",
    "architectures",
    "training",
    "interaction",
    "agreement",
    "closeness",
    "mean",
    "unequal",
)
"""Rules that give verdicts for 5 or 16 runs."""


def highest(cell: Cell) -> float:
    """Return the highest error rate of a cell of few cases: 5%, and four standard deviations."""
    return 0.05 + 4 * math.sqrt(0.05 * 0.95 / cell.simulations)


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 16])
@pytest.mark.parametrize("rule", _FAST)
def test_a_rule_holds_its_level(rule: str, n: int) -> None:
    found = [
        measure(rule, scores, n, simulations=200) for scores in ("normal", "skewed", "failing")
    ]
    errors = [cell.error for cell in found if cell.error is not None]
    assert len(errors) == 3
    # 200 cases of 5% have a standard deviation of 1.5%, and 600 of 0.9%; the kept table has 2,000
    # cases for each of most rules.
    assert max(errors) <= AT_MOST + 0.03
    assert sum(errors) / 3 <= AT_MOST + 0.01


@pytest.mark.parametrize("rule", RULES)
def test_two_runs_give_no_verdict(rule: str) -> None:
    assert measure(rule, "normal", 2, simulations=1).error is None


def test_results_are_kept_and_not_computed_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cells.json"
    kept = [
        Cell("agreement", scores, 5, 10, 0.04, 0.5) for scores in ("normal", "skewed", "failing")
    ]
    path.write_text(
        json.dumps([{name: getattr(cell, name) for name in Cell.__slots__} for cell in kept])
    )
    main(["--rules", "agreement", "--n", "5", "--simulations", "10", "--json", str(path)])
    assert capsys.readouterr().out == f"{markdown(kept)}\n"


def test_an_unknown_rule_is_a_clear_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--rules", "nosuch"])
    assert "expected rules among better, " in capsys.readouterr().err


def test_the_kept_calibration_is_complete_and_holds_every_level() -> None:
    cells = [Cell(**each) for each in json.loads(KEPT.read_text())]
    found = [(cell.rule, cell.scores, cell.n) for cell in cells]
    assert found == list(itertools.product(RULES, get_args(Scores), SIZES))
    least = {rule: FEW_CASES if rule in FEW else CASES for rule in RULES}
    assert [cell for cell in cells if cell.simulations < least[cell.rule]] == []
    at_most = {cell: AT_MOST if cell.simulations >= CASES else highest(cell) for cell in cells}
    assert [cell for cell, bound in at_most.items() if (cell.error or 0) > bound] == []
