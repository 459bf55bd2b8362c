"""The dispatcher's benchmark runs ours and hpbandster's service to the end of a study."""

import pytest

from tests.benchmarks.running import rows


def test_both_services_finish_a_study_and_a_new_worker_gets_a_job() -> None:
    (row,) = rows("dispatch", "--jobs 20 --workers 2 --rounds 1 --joins 1")
    assert row["ours_jobs_per_s"] > 0 < row["stock_jobs_per_s"]
    assert row["ratio"] == pytest.approx(row["ours_jobs_per_s"] / row["stock_jobs_per_s"])
    assert 0 <= row["first_job_from_join_s"][0] < row["first_job_from_start_s"][0]
