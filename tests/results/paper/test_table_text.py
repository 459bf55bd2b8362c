"""Tables 1 to 4 as text."""

import functools
from dataclasses import replace

import pytest

from results.paper.pooling import Tally
from results.paper.published import Setting
from results.paper.rows import SettingRow, rows, times_to_target
from results.paper.table_text import grid, notes, place_text
from results.stats.estimates import Estimate
from results.text import text
from tests.results.paper.campaigns import normal, table1, table3, together, trials


@functools.cache
def made_rows() -> list[SettingRow]:
    return rows(1, table1())


@pytest.mark.slow
def test_table_1_has_the_papers_numbers_in_each_row() -> None:
    table = grid(1, made_rows())
    assert table.headings[:6] == ("Data", "Operations", "Method", "n", "Max.", "paper's")
    darts = dict(zip(table.headings, table.rows[2], strict=True))
    assert (darts["Data"], darts["Operations"], darts["Method"]) == ("Blur", "good ops.", "DARTS")
    assert darts["n"] == "75"
    assert table.rows[2][5].startswith("23.46 ")
    assert table.rows[4][2] == "Random Search (best of 5)"
    assert table.rows[5][2] == "Random Search, equal cost (best of 2)"
    assert {len(line) for line in table.rows} == {len(table.headings)}


def test_means_and_medians_have_intervals() -> None:
    for line in grid(1, made_rows()).rows:
        assert "[" in line[6]
        assert "[" in line[8]
        if line[2] != "Random Search, equal cost (best of 2)":
            assert "within" in line[7] or "+" in line[7] or "−" in line[7]


def test_a_place_is_within_above_or_below() -> None:
    interval = Estimate(2.0, 1.0, 3.0, 9)
    assert place_text(2.5, interval) == "2.50 within"
    assert place_text(3.25, interval) == "3.25 +0.25"
    assert place_text(0.5, interval) == "0.50 −0.50"


def test_a_setting_without_runs_shows_dashes() -> None:
    table = grid(3, rows(3, table3()))
    assert table.headings[2] == "Hyperparameters"
    line = next(line for line in table.rows if line[2] == "H2")
    assert line[3:7] == ("0", "–", "23.46", "–")


def test_notes_describe_clusters_and_times_to_target() -> None:
    made = table1()
    said = notes(1, made_rows(), times_to_target(made))
    (clusters,) = (line for line in said if "two clusters" in line)
    assert clusters.startswith("Blur, all ops., DARTS, H1: two clusters, 40% of the runs about 8.")
    assert "(n = 75)" in clusters
    passing = [line for line in said if "to pass the DARTS median" in line]
    assert len(passing) == 4
    assert all("(n = 75 and 75)" in line for line in passing)
    assert sum("because none of the runs passes it: at least " in line for line in passing) == 1


def test_a_table_without_runs_has_every_row() -> None:
    made = trials([])
    found = rows(4, made)
    assert len(text(grid(4, found)).splitlines()) == 14 + 2
    assert len(notes(4, found, times_to_target(made))) == 1


def test_table_3_names_other_methods() -> None:
    single = trials([15.0, 16.0, 17.0], method="darts-single", hyperparameters="BOHB-DAS-single")
    assert grid(3, rows(3, single)).rows[-1][2] == "BOHB-DAS-single, DARTS-single"


def test_different_rows_have_different_names() -> None:
    made = together(
        trials(normal(20, n=12), method=method, hyperparameters=name, space=space)
        for method in ("darts", "random")
        for name, space in (("H1", "sequential"), ("mine", "sequential"), ("mine", "cell"))
    )
    table = grid(1, rows(1, made))
    assert [line[2] for line in table.rows if line[3] == "12" and "Search" not in line[2]] == [
        "DARTS",
        "Random",
        "DARTS, mine",
        "DARTS, mine, cell space",
        "Random, mine",
        "Random, mine, cell space",
    ]
    said = notes(1, rows(1, made), times_to_target(made))
    passing = [line.split(": ")[0] for line in said if "to pass the DARTS median" in line]
    assert passing == [
        "Blur, good ops.",
        "Blur, good ops., mine",
        "Blur, good ops., mine, cell space",
    ]


def test_notes_mention_crashed_and_missing_trials() -> None:
    darts = Setting("sequential", "good", "blur", "darts", "H1")
    random, nets = replace(darts, method="random"), replace(darts, method="nets-only")
    known = {darts: Tally(75, 73, 2), random: Tally(80, 75, 1), nets: Tally(75, 0, 0)}
    made = together([trials(normal(20, n=73)), trials(normal(21), method="random")])
    said = notes(1, rows(1, made, known), [])
    assert [line for line in said if "crashed" in line] == [
        "Blur, good ops., DARTS, H1: 2 of 75 trials crashed and are not counted.",
        "Blur, good ops., Random, H1: 1 of 80 trials crashed and are not counted.",
    ]
    assert [line for line in said if "so far" in line] == [
        "Blur, good ops., Nets only, H1: 0 of 75 trials so far; "
        "Blur, good ops., Random, H1: 75 of 80 trials so far."
    ]


@pytest.mark.slow
def test_notes_explain_the_seconds_per_run() -> None:
    for number in (1, 2, 3, 4):
        said = notes(number, rows(number, table3()), [])
        (seconds,) = (line for line in said if line.startswith("s per run: median wall time"))
        assert "under the load of that time" in seconds
