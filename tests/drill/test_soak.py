"""The figures that a soak computes from its measurements of the master."""

import pytest

from tests.drill.soak import Sample, _growth, _handles

STARTING = [Sample(100, 50_000_000, 3), Sample(100, 200_000_000, 9)]


def test_growth_is_measured_on_the_most_productive_master_at_work() -> None:
    at_work = [Sample(100 + 10 * n, 210_000_000 + 5_000 * n, 20) for n in range(1, 20)]
    short = [Sample(300 + n, 10_000 * n, 3) for n in range(9)]
    lives = [short, [*STARTING, *at_work]]
    assert _growth(lives) == pytest.approx(500.0)
    assert _handles(lives) == 0


def test_growth_of_a_barely_measured_master_is_unknown() -> None:
    with pytest.raises(ValueError, match="expected at least 3 measurements"):
        _growth([STARTING])
