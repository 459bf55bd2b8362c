"""Tables 1 to 4 with the columns of the paper's own files."""

import csv
from pathlib import Path

import pytest

import results.paper.published
from results.paper.pooling import Tally
from results.paper.published import Number, Setting
from results.paper.rows import outside, rows
from results.paper.table_csv import frame
from tests.results.paper.campaigns import table1, table3

FOLDER = Path(results.paper.__file__).parent


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_table_starts_like_the_papers_file(number: Number) -> None:
    made = table1() if number < 3 else table3()
    found = frame(number, rows(number, made))
    lines = (FOLDER / f"table{number}.csv").read_text().splitlines()
    in_paper = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    columns = list(in_paper[0])
    assert list(found.columns)[: len(columns)] == columns
    keys = [column for column in columns if not column.endswith(("max", "mean", "median", "_s"))]
    in_table = [tuple(line) for line in found[keys].itertuples(index=False)]
    of_the_paper = [tuple(line[key] for key in keys) for line in in_paper]
    assert [key for key in in_table if key in of_the_paper] == of_the_paper


@pytest.mark.slow
def test_n_intervals_and_the_papers_numbers_follow() -> None:
    made = rows(1, table1())
    found = frame(1, made)
    line, row = found.iloc[2], made[2]
    assert (line["method"], line["n"]) == ("das", 75)
    assert line["mean_low"] == pytest.approx(row.mean.low, abs=1e-4)
    assert line["median_high"] == pytest.approx(row.median.high, abs=1e-4)
    assert (line["paper_max"], line["paper_mean"], line["paper_n"]) == (23.46, 21.56, 75)
    assert line["paper_mean_outside"] == pytest.approx(outside(21.56, row.mean), abs=1e-4)
    assert {"pearson_low", "spearman", "kendall_high", "failed"} <= set(found.columns)
    search = found.iloc[4]
    assert (search["method"], search["tries"]) == ("random_search", 5)


def test_rows_of_table_3_have_both_sets_of_operations() -> None:
    found = frame(3, rows(3, table3()))
    assert len(found) == 10 + 1
    assert {"good_n", "all_n", "good_mean_low", "all_paper_median"} <= set(found.columns)
    first = found.iloc[0]
    assert (first["good_n"], first["all_n"], first["good_paper_max"]) == (30, 30, 23.46)
    assert found.iloc[1]["all_n"] == 0
    assert "1.0" not in found["good_n"].astype(str).tolist()


@pytest.mark.slow
def test_crashed_trials_follow_n() -> None:
    cells = [("good", Tally(32, 30, 2)), ("all", Tally(30, 30, 0))]
    known = {
        Setting("sequential", operations, "blur", "darts", "H1"): tally
        for operations, tally in cells
    }
    first = frame(1, rows(1, table3(), known))
    columns = list(first.columns)
    assert columns.index("crashed") == columns.index("n") + 1
    assert list(first["crashed"][:4]) == [0, 0, 2, 0]
    third = frame(3, rows(3, table3(), known)).iloc[0]
    assert (third["good_crashed"], third["all_crashed"]) == (2, 0)
