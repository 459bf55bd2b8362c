"""Means of crossed values: closed forms, and the level by simulation."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from results.stats.crossed import crossed_mean


def made(
    random: np.random.Generator, of_row: float, of_column: float, rest: float, rows: int = 5
) -> np.ndarray:
    """Return values around 0 with these standard deviations, shape ``(rows, 25)``."""
    return np.asarray(
        of_row * random.normal(size=(rows, 1))
        + of_column * random.normal(size=(1, 25))
        + rest * random.normal(size=(rows, 25))
    )


def test_equal_columns_give_students_interval_of_the_rows() -> None:
    rows = np.random.default_rng(1).normal(size=6)
    found = crossed_mean(np.repeat(rows[:, None], 25, axis=1), level=0.9)
    expected = ttest_1samp(rows, 0).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.n == 6


def test_equal_rows_give_students_interval_of_the_columns() -> None:
    columns = np.random.default_rng(1).normal(size=25)
    found = crossed_mean(np.tile(columns, (5, 1)))
    expected = ttest_1samp(columns, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_rows_and_columns_may_be_exchanged() -> None:
    values = made(np.random.default_rng(2), 1, 1, 1)
    one, other = crossed_mean(values), crossed_mean(values.T)
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_an_interval_moves_and_scales_with_the_values() -> None:
    values = made(np.random.default_rng(3), 1, 1, 1)
    one, other = crossed_mean(values), crossed_mean(1e6 * (values + 3))
    assert (other.low, other.high) == pytest.approx((1e6 * (one.low + 3), 1e6 * (one.high + 3)))


def test_the_interval_includes_the_spread_of_the_rows() -> None:
    values = made(np.random.default_rng(4), 0, 0, 1)
    error = np.std(values.mean(axis=1), ddof=1) / np.sqrt(5)
    found = crossed_mean(values)
    assert found.high - found.value >= 1.96 * error


def test_four_rows_have_no_interval() -> None:
    found = crossed_mean(np.ones((4, 25)))
    assert found.value == 1
    assert np.isnan([found.low, found.high]).all()
    assert found.n == 4


def test_equal_values_have_an_interval_without_length() -> None:
    found = crossed_mean(np.full((5, 25), 7.0))
    assert (found.low, found.value, found.high) == (7, 7, 7)


def test_without_values_there_is_no_mean() -> None:
    assert np.isnan(crossed_mean(np.empty((0, 25))).value)


def test_values_must_be_a_finite_matrix() -> None:
    with pytest.raises(ValueError, match=r"expected finite values of shape \(row, column\)"):
        crossed_mean(np.ones(5))
    with pytest.raises(ValueError, match="expected finite values"):
        crossed_mean(np.full((5, 5), np.nan))


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.95, 1 - 0.05 / 3])
@pytest.mark.parametrize(
    ("of_row", "of_column", "rest"),
    [(1, 0, 0.3), (1, 0, 3), (0, 1, 1), (0, 0, 1), (0.3, 1, 1), (1, 1, 1), (0.3, 1.5, 0.5)],
)
def test_five_rows_hold_the_level(
    of_row: float, of_column: float, rest: float, level: float
) -> None:
    """Student's t of the means of the rows leaves the mean out in up to 31% of such cases."""
    random = np.random.default_rng(5)
    cases = [crossed_mean(made(random, of_row, of_column, rest), level=level) for _ in range(1000)]
    wrong = np.mean([not one.low <= 0 <= one.high for one in cases])
    # 1000 cases of 5% have a standard deviation of 0.7%.
    assert wrong <= 1 - level + 0.02
