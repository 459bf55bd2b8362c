"""The reference of the signals."""

from configspace.signals import SIGNALS
from tests.docs.generators.generator import generator

ROWS = generator("signal_table").every_signal().splitlines()


def test_every_row_has_all_cells() -> None:
    assert {row.count("|") for row in ROWS} == {6}


def test_every_signal_has_a_row() -> None:
    assert [row.split("`")[1] for row in ROWS[2:]] == [one.column for one in SIGNALS.values()]
