"""Findings and their criteria."""

import math
from dataclasses import replace

import pytest

from results.paper.criteria import (
    Criterion,
    Finding,
    Question,
    RunsBySetting,
    above,
    below,
    judged,
)
from results.paper.published import Setting
from results.stats.estimates import Estimate
from tests.results.paper.campaigns import normal, together, trials

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


def question(n: int = 75, *, wide: float = 1.0, least: int = 5) -> Question:
    """Ask whether a figure is above 0; its interval widens with its coverage."""

    def figure(level: float) -> Estimate:
        half = wide * (1 - 0.05 + (level - 0.95) * 10)
        return Estimate(-1.0, -1.0 - half, -1.0 + half, n)

    return Question("gap", figure, lambda found: above(found, 0.0), least)


def test_one_criterion_is_missed_by_its_interval() -> None:
    (one,) = judged([question()])
    assert one.passed is False
    assert one.text == "gap: −1.00 [−1.95, −0.05] dB (n = 75)"


def test_several_criteria_need_more_to_be_missed() -> None:
    both = judged([question(), question(wide=0.5)])
    assert [one.passed for one in both] == [None, False]
    assert both[0].text.endswith("(n = 75), missed at 95% but not at 97.5%")


def test_too_few_runs_say_how_many_are_needed() -> None:
    (one,) = judged([question(49, least=50)])
    assert one.passed is None
    assert one.text.endswith("(n = 49), at least 50 needed")


@pytest.mark.parametrize(("n", "decides"), [(4, False), (5, True)])
def test_means_of_5_runs_can_differ(n: int, decides: bool) -> None:
    other = replace(DARTS, problem="downsampling")
    runs = RunsBySetting(
        together([trials(normal(20, n=n)), trials(normal(10, n=n), problem="downsampling")])
    )
    found = runs.gain(DARTS, other, 0.95)
    assert found.n == n
    assert (found.low > 0) is decides


def test_a_setting_that_was_not_run_has_no_psnrs() -> None:
    assert len(RunsBySetting(trials([])).psnrs(DARTS)) == 0
