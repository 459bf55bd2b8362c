import pytest

from configspace.rungs import rungs


def test_the_papers_rungs_are_6_17_and_50() -> None:
    assert rungs(5, 50, 3) == (6, 17, 50)


def test_an_exact_power_keeps_all_its_rungs() -> None:
    assert rungs(1, 243, 3) == (1, 3, 9, 27, 81, 243)


@pytest.mark.parametrize("eta", [2, 3, 4, 5, 7])
@pytest.mark.parametrize("power", range(1, 7))
def test_every_exact_power_keeps_all_its_rungs(eta: int, power: int) -> None:
    assert rungs(1, eta**power, eta) == tuple(eta**k for k in range(power + 1))


def test_equal_bounds_give_one_rung() -> None:
    assert rungs(9, 9, 3) == (9,)


def test_the_largest_budget_is_always_a_rung() -> None:
    assert rungs(7, 50, 3)[-1] == 50


def test_a_fractional_budget_becomes_a_whole_epoch() -> None:
    assert rungs(0.5, 1.2, 3) == (1,)


def test_min_above_max_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"expected bohb\.min_epochs up to bohb\.max_epochs \(50\), got 60"
    ):
        rungs(60, 50, 3)


def test_equal_rungs_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected rungs that differ, got \[1, 1, 2\]"):
        rungs(0.5, 2, 2)


def test_a_tiny_smallest_budget_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rungs that differ, got .*; raise min_epochs"):
        rungs(5e-324, 1e6, 2)
