"""The overview of a comparison."""

from dataclasses import replace
from pathlib import Path

import pytest

from results.comparison.overview import overview_headings, overview_note, overview_rows
from results.comparison.report import ComparisonReport, EqualCost
from results.stats.estimates import Estimate
from tests.results.comparison.several import report_of, several


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ComparisonReport:
    folder: Path = tmp_path_factory.mktemp("overview")
    return report_of(several(folder, 2))


def cells(made: ComparisonReport, heading: str) -> list[str]:
    """Return the column with the given heading."""
    place = overview_headings(made).index(heading)
    return [row[place] for row in overview_rows(made)]


def test_each_study_has_one_row(made: ComparisonReport) -> None:
    assert cells(made, "study") == ["other-0", "other-1", "final"]
    assert cells(made, "objective") == ["one-shot", "one-shot", "final"]
    assert {len(row) for row in overview_rows(made)} == {len(overview_headings(made))}


def test_differences_are_those_to_the_reference(made: ComparisonReport) -> None:
    found = cells(made, "final minus it (dB)")
    for cell, versus in zip(found, made.comparison.versus, strict=False):
        value = versus.gain.value
        assert cell.startswith(f"{value:+.2f} [".replace("-", "−"))
    assert found[-1] == "–"


@pytest.mark.parametrize(
    ("changes", "cell"),
    [
        ({}, "not re-run"),
        ({"incumbent": None}, "nothing yet"),
        ({"is_last": True}, "the same"),
    ],
)
def test_equal_cost_without_re_runs_says_why(
    made: ComparisonReport, changes: dict[str, object], cell: str
) -> None:
    pair = made.pairs[0]
    other, reference = pair.at_the_others_cost
    changed = replace(pair, at_the_others_cost=(other, replace(reference, **changes)))  # type: ignore[arg-type]
    found = cells(replace(made, pairs=(changed, *made.pairs[1:])), "at equal cost (dB)")
    assert found[0] == cell


def test_equal_cost_with_re_runs_is_a_difference(made: ComparisonReport) -> None:
    pair, mean = made.pairs[0], Estimate(1.0, 0.5, 1.5, 12)
    assert pair.crossed is not None
    contrast = replace(pair.crossed.contrast, difference=mean)
    changed = replace(pair, equal_cost=EqualCost(mean, mean, contrast))
    found = cells(replace(made, pairs=(changed, *made.pairs[1:])), "at equal cost (dB)")
    assert found[0] == "+1.00 [+0.50, +1.50]"


def test_crashed_re_runs_are_in_the_overview(made: ComparisonReport) -> None:
    pair = made.pairs[0]
    other = replace(pair.versus.other, crashed=3)
    changed = replace(pair, versus=replace(pair.versus, other=other))
    assert cells(replace(made, pairs=(changed,)), "re-runs") == ["12 (3 crashed)", "12"]


def test_the_note_states_the_coverage(made: ComparisonReport) -> None:
    assert "coverage of 97.5%, so that together they have 95%." in overview_note(made)
    assert "coverage of 95%." in overview_note(replace(made, pairs=made.pairs[:1]))
