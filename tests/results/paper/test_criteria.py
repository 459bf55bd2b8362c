"""Findings and their criteria."""

import math

import pytest

from results.paper.criteria import Criterion, Finding, RunsBySetting, above, below
from results.paper.published import Setting
from results.stats.estimates import Estimate
from tests.results.paper.campaigns import normal, trials

DARTS = Setting("sequential", "good", "blur", "darts", "H1")


def test_above_and_below_need_the_whole_interval() -> None:
    found = Estimate(2.0, 1.0, 3.0, 75)
    assert (above(found, 0.5), above(found, 2.0), above(found, 3.5)) == (True, None, False)
    assert (below(found, 0.5), below(found, 2.0), below(found, 3.5)) == (False, None, True)
    assert above(Estimate(2.0, math.nan, math.nan, 1), 0.0) is None


@pytest.mark.parametrize(
    ("passed", "verdict"),
    [
        ((True, True), "holds"),
        ((True, None), "undecided"),
        ((True, None, False), "does not hold"),
    ],
)
def test_a_finding_holds_if_all_criteria_are_met(
    passed: tuple[bool | None, ...], verdict: str
) -> None:
    made = tuple(Criterion("text", one) for one in passed)
    assert Finding("a", "claim", "rule", made).verdict == verdict


@pytest.mark.parametrize(("n", "decides"), [(9, False), (10, True)])
def test_fewer_than_10_runs_have_no_interval(n: int, decides: bool) -> None:
    found = RunsBySetting(trials(normal(20, n=n))).mean(DARTS)
    assert found.n == n
    assert math.isnan(found.low) is not decides


def test_a_setting_that_was_not_run_has_no_psnrs() -> None:
    assert len(RunsBySetting(trials([])).psnrs(DARTS)) == 0
