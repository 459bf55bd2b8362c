"""The benchmark of the parts around the engine runs and prints its results."""

import pytest

from benchmarks.around import PARTS
from tests.benchmarks.running import printed, rows


@pytest.mark.slow
def test_each_number_of_trials_has_a_row() -> None:
    found = rows("around", "--trials 2,5 --epochs 2 --rounds 1")
    assert [(row["trials"], row["epochs"]) for row in found] == [(2, 2), (5, 2)]
    assert all(row[part] > 0 for row in found for part in PARTS)


@pytest.mark.slow
def test_each_number_of_trials_has_a_table_line() -> None:
    assert "\n| 2 | " in printed("around", "--trials 2 --rounds 1")
