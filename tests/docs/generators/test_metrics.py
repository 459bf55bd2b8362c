"""The reference of the metrics."""

from tests.docs.generators.generator import generator

ROWS = generator("metrics").every_metric().splitlines()[2:]


def test_metrics_that_need_an_incumbent_or_a_worker_are_listed() -> None:
    names = [row.split("`")[1] for row in ROWS]
    assert "dartboard_incumbent_psnr_decibels" in names
    assert "dartboard_worker_busy" in names


def test_every_metric_has_a_meaning() -> None:
    assert [row for row in ROWS if not row.split("|")[4].strip()] == []
