"""What a soak makes of its looks at the master."""

import pytest

from tests.drill.soak import Sample, _growth, _handles

STARTING = [Sample(100, 50_000_000, 3), Sample(100, 200_000_000, 9)]


def test_growth_is_that_of_the_life_in_which_most_was_done_once_it_works() -> None:
    at_work = [Sample(100 + 10 * n, 210_000_000 + 5_000 * n, 20) for n in range(1, 20)]
    short = [Sample(300 + n, 10_000 * n, 3) for n in range(9)]
    lives = [short, [*STARTING, *at_work]]
    assert _growth(lives) == pytest.approx(500.0)
    assert _handles(lives) == 0


def test_growth_of_a_master_that_was_hardly_seen_is_not_zero_but_unknown() -> None:
    with pytest.raises(ValueError, match="wanted a master that lives for longer"):
        _growth([STARTING])
