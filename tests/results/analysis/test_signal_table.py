"""The tables of judged signals."""

import pytest

from results.analysis.signal_runs import BASELINE
from results.analysis.signal_table import correlation_grid, frame, selection_grid
from results.analysis.signals import JudgedGroup, judge
from results.text import text
from tests.results.analysis.made_up_signals import group


@pytest.fixture(scope="module")
def judged() -> JudgedGroup:
    made = group(second_final=0.0)
    made.runs["second_final"] = made.runs["score"]
    return judge(made, resamples=200)


def test_each_signal_has_a_row_with_its_verdict(judged: JudgedGroup) -> None:
    verdicts = {row[0]: row[-1] for row in correlation_grid(judged, "spearman").rows}
    assert verdicts == {
        "second-final": "ceiling",
        "inherited": "beats baseline",
        "harmful operations": "baseline",
        "one-shot": "undecided",
        "entropy": "undecided",
        "flips": "constant",
    }


def test_other_coefficients_are_shown_on_request(judged: JudgedGroup) -> None:
    shown = {
        kind: correlation_grid(judged, kind).rows[1][1]
        for kind in ("spearman", "kendall", "pearson")
    }
    assert len(set(shown.values())) == 3


def test_the_tables_fit_a_hundred_columns(judged: JudgedGroup) -> None:
    for grid in (correlation_grid(judged, "spearman"), selection_grid(judged)):
        assert max(map(len, text(grid).splitlines())) <= 100


def test_the_last_row_is_the_best_possible_gain(judged: JudgedGroup) -> None:
    *_, (name, *gains, cost) = selection_grid(judged).rows
    assert (name, cost) == ("best possible", "1,000")
    assert all(gain.startswith("+") and gain.endswith(" dB") for gain in gains)


def test_the_frame_has_every_scope_of_every_signal(judged: JudgedGroup) -> None:
    found = frame([judged])
    assert len(found) == 3 * len(judged.signals)
    row = found.query("signal == 'inherited' and scope == 'within'").iloc[0]
    assert (row["role"], row["predicts"], row["runs"]) == ("signal", "yes", 90)
    assert row["spearman_low"] < row["spearman"] < row["spearman_high"]
    assert (row["cost_of_10"], row["best_cost_of_10"]) == (550, 1000)
    assert set(found["role"]) == {"signal", "baseline", "ceiling"}
    assert BASELINE in set(found["signal"])
