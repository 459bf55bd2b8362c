"""The engine benchmark runs and prints its results."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.running import printed, rows

pytestmark = pytest.mark.slow

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


@pytest.fixture(scope="module")
def found() -> list[dict[str, Any]]:
    return rows("engine", f"--engines eager,torch,numba {SMALL}")


def test_each_engine_and_phase_has_a_row(found: list[dict[str, Any]]) -> None:
    assert [list(row) for row in found] == [COLUMNS] * 6
    assert {(row["engine"], row["phase"]) for row in found} == {
        (engine, phase) for engine in ("eager", "torch", "numba") for phase in ("search", "retrain")
    }


def test_ratios_are_those_of_the_times(found: list[dict[str, Any]]) -> None:
    eager = {row["phase"]: row["ms_per_trial_step"] for row in found if row["engine"] == "eager"}
    for row in found:
        ratio = eager[row["phase"]] / row["ms_per_trial_step"]
        assert row["ratio_to_eager"] == pytest.approx(ratio)
        assert row["ratio_to_ceiling"] > 0


def test_the_cell_space_has_the_same_rows() -> None:
    in_cells = rows("engine", f"--space cell --engines eager,numba {SMALL}")
    assert [list(row) for row in in_cells] == [COLUMNS] * 4
    assert all(row["ratio_to_eager"] > 0 for row in in_cells)


def test_without_eager_there_is_no_ratio() -> None:
    alone = rows("engine", f"--engines numba {SMALL}")
    assert [row["ratio_to_eager"] for row in alone] == [None, None]


@pytest.fixture(scope="module")
def full_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the folder with the files of a full run, and what it prints."""
    folder = tmp_path_factory.mktemp("engine")
    text = printed(
        "engine",
        f"--engines eager,numba {SMALL} --memory-trials 2"
        f" --json {folder}/engine.json --plot {folder}/engine.png --markdown {folder}/engine.md",
    )
    return folder, text


@pytest.mark.parametrize(
    "part", ["one core reaches", "inside Conv1d", "above the imports", "first steps"]
)
def test_the_full_run_prints_each_part(full_run: tuple[Path, str], part: str) -> None:
    assert part in full_run[1]


def test_the_full_run_writes_the_rows(full_run: tuple[Path, str]) -> None:
    assert len(json.loads((full_run[0] / "engine.json").read_text())["rows"]) == 4


def test_the_full_run_writes_a_plot(full_run: tuple[Path, str]) -> None:
    assert (full_run[0] / "engine.png").stat().st_size > 0


def test_the_full_run_writes_a_markdown_table(full_run: tuple[Path, str]) -> None:
    head, _, search, retraining = (full_run[0] / "engine.md").read_text().splitlines()
    assert "numba over eager" in head
    assert search.startswith("| search, 4 channels | 2 |")
    assert retraining.startswith("| retraining, 4 channels | 2 |")
