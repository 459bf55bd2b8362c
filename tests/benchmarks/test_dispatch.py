"""The dispatch benchmark runs a study of our service and one of hpbandster to their ends."""

from typing import Any

import pytest

from tests.benchmarks.running import rows

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def row() -> dict[str, Any]:
    (only,) = rows("dispatch", "--jobs 20 --workers 2 --rounds 1 --joins 1")
    return only


def test_both_services_finish_a_study(row: dict[str, Any]) -> None:
    assert row["ours_jobs_per_s"] > 0 < row["stock_jobs_per_s"]


def test_the_ratio_is_that_of_the_rates(row: dict[str, Any]) -> None:
    assert row["ratio"] == pytest.approx(row["ours_jobs_per_s"] / row["stock_jobs_per_s"])


def test_a_new_worker_gets_a_job(row: dict[str, Any]) -> None:
    assert 0 <= row["first_job_from_join_s"][0] < row["first_job_from_start_s"][0]
