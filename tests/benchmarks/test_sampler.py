"""The sampler's benchmark runs, and says what it is to say."""

import pytest

from tests.benchmarks.running import printed, rows


def test_there_is_a_row_for_each_number_of_observations() -> None:
    found = rows("sampler", "--observations 30,60 --rounds 1")
    assert [row["observations"] for row in found] == [30, 60]
    for row in found:
        assert row["ratio"] == pytest.approx(row["stock_ms"] / row["ours_ms"])
        assert row["stock_ms"] > 0 < row["ours_ms"]


def test_the_table_has_a_line_for_each_number_of_observations() -> None:
    assert "\n| 30 | " in printed("sampler", "--observations 30 --rounds 1")
