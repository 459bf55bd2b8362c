"""The sampler benchmark runs and prints its results."""

import pytest

from tests.benchmarks.running import printed, rows


@pytest.mark.slow
def test_each_number_of_observations_has_a_row() -> None:
    found = rows("sampler", "--observations 30,60 --rounds 1")
    assert [row["observations"] for row in found] == [30, 60]
    for row in found:
        assert row["ratio"] == pytest.approx(row["stock_ms"] / row["ours_ms"])
        assert row["stock_ms"] > 0 < row["ours_ms"]


@pytest.mark.slow
def test_each_number_of_observations_has_a_table_line() -> None:
    assert "\n| 30 | " in printed("sampler", "--observations 30 --rounds 1")
