"""The engines' benchmark runs, and says what it is to say."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.running import printed, rows

SMALL = "--trials 2 --channels 4 --seconds 0.01 --rounds 1"
COLUMNS = [
    "engine",
    "phase",
    "trials",
    "channels",
    "threads",
    "ms_per_trial_step",
    "ratio_to_eager",
    "ratio_to_ceiling",
]


def test_there_is_a_row_for_each_engine_and_phase_and_nothing_else_is_printed() -> None:
    found = rows("engine", f"--engines eager,torch,numba {SMALL}")
    assert [list(row) for row in found] == [COLUMNS] * 6
    assert {(row["engine"], row["phase"]) for row in found} == {
        (engine, phase) for engine in ("eager", "torch", "numba") for phase in ("search", "retrain")
    }
    eager = {row["phase"]: row["ms_per_trial_step"] for row in found if row["engine"] == "eager"}
    for row in found:
        ratio = eager[row["phase"]] / row["ms_per_trial_step"]
        assert row["ratio_to_eager"] == pytest.approx(ratio)
        assert row["ratio_to_ceiling"] > 0


def test_the_cell_space_has_the_same_rows() -> None:
    found = rows("engine", f"--space cell --engines eager,numba {SMALL}")
    assert [list(row) for row in found] == [COLUMNS] * 4
    assert all(row["ratio_to_eager"] > 0 for row in found)


def test_without_eager_there_is_no_ratio_to_it() -> None:
    found = rows("engine", f"--engines numba {SMALL}")
    assert [row["ratio_to_eager"] for row in found] == [None, None]


def test_the_full_run_writes_tables_a_file_and_a_plot(tmp_path: Path) -> None:
    result, plot = tmp_path / "engine.json", tmp_path / "engine.png"
    table = tmp_path / "engine.md"
    text = printed(
        "engine",
        f"--engines eager,numba {SMALL} --memory-trials 2"
        f" --json {result} --plot {plot} --markdown {table}",
    )
    for said in ("one core reaches", "inside Conv1d", "above the imports", "first steps"):
        assert said in text
    assert len(json.loads(result.read_text())["rows"]) == 4
    assert plot.stat().st_size > 0
    head, _, search, retraining = table.read_text().splitlines()
    assert "numba over eager" in head
    assert search.startswith("| search, 4 channels | 2 |")
    assert retraining.startswith("| retraining, 4 channels | 2 |")
