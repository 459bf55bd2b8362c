"""Correlations and the regression line: closed forms, scipy, and invariants."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import bootstrap, kendalltau, pearsonr, spearmanr
from scipy.stats import t as student

from results.stats.correlations import Kind, correlation, correlations, regression

KINDS: tuple[Kind, ...] = ("pearson", "spearman", "kendall")


def normal(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


def tied(n: int, seed: int = 0) -> np.ndarray:
    return np.round(normal(n, seed))


def test_the_interval_of_spearman_is_bonett_and_wrights() -> None:
    x, y = normal(40, 1), normal(40, 1) + normal(40, 2)
    found = correlation(x, y, "spearman")
    half = student.ppf(0.975, 38) * math.sqrt((1 + found.value**2 / 2) / 37)
    assert math.atanh(found.high) - math.atanh(found.value) == pytest.approx(half)
    assert math.atanh(found.value) - math.atanh(found.low) == pytest.approx(half)


def test_a_perfect_ranking_of_few_pairs_has_a_width() -> None:
    few, many = (correlation(range(n), range(n), "spearman") for n in (5, 50))
    assert few.value == few.high == many.value == many.high == 1.0
    assert few.low < 0.5 < many.low < 1.0


@pytest.mark.parametrize("n", [3, 4])
def test_few_pairs_have_no_interval(n: int) -> None:
    found = correlation(normal(n, 1), normal(n, 2))
    assert not math.isnan(found.value)
    assert math.isnan(found.low)


@pytest.mark.parametrize(("slope", "r"), [(2.0, 1.0), (-0.5, -1.0)])
def test_points_on_a_line_correlate_fully(slope: float, r: float) -> None:
    x = normal(12)
    found = correlation(x, slope * x + 3)
    assert (found.value, found.low, found.high) == pytest.approx((r, r, r))


def test_pearson_is_numpys() -> None:
    x, y = normal(30, 1), normal(30, 2)
    assert correlation(x, y).value == pytest.approx(np.corrcoef(x, y)[0, 1])


def test_spearman_depends_only_on_the_order() -> None:
    x, y = normal(30, 1), normal(30, 2)
    first, second = correlation(x, y, "spearman"), correlation(np.exp(x), y**3, "spearman")
    assert first == second
    assert correlation(x, np.exp(x), "spearman").value == pytest.approx(1.0)


def test_the_interval_is_close_to_fishers() -> None:
    x = normal(200, 1)
    found = correlation(x, x + normal(200, 2))
    center, half = math.atanh(found.value), 1.96 / math.sqrt(197)
    assert found.low == pytest.approx(math.tanh(center - half), abs=0.04)
    assert found.high == pytest.approx(math.tanh(center + half), abs=0.04)


def test_a_constant_sample_has_no_correlation() -> None:
    assert math.isnan(correlation([1.0] * 9, normal(9)).value)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_two_points_are_too_few_for_a_correlation(n: int) -> None:
    found = correlation(normal(n), normal(n))
    assert math.isnan(found.value)
    assert found.n == n


def test_samples_must_be_paired() -> None:
    with pytest.raises(ValueError, match="expected pairs, got 3 and 4 values"):
        correlation(normal(3), normal(4))


@pytest.mark.parametrize("draw", [normal, tied])
def test_all_three_coefficients_are_scipys(draw: Callable[[int, int], np.ndarray]) -> None:
    x, y = draw(60, 1), draw(60, 1) + draw(60, 2)
    found = correlations(x, y)
    assert found.pearson.value == pytest.approx(pearsonr(x, y).statistic)
    assert found.spearman.value == pytest.approx(spearmanr(x, y).statistic)
    assert found.kendall.value == pytest.approx(kendalltau(x, y).statistic)
    assert found.pearson.n == found.spearman.n == found.kendall.n == 60


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "of_scipy"), [("pearson", pearsonr), ("kendall", kendalltau)])
def test_the_interval_is_scipys_bootstrap(kind: Kind, of_scipy: Any) -> None:
    x, y = tied(40, 1), normal(40, 1) + normal(40, 2)
    of_scipy = bootstrap(
        (x, y),
        lambda a, b: of_scipy(a, b).statistic,
        paired=True,
        vectorized=False,
        n_resamples=800,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    found = correlation(x, y, kind)
    # A quantile of 800 resamples has a standard deviation of about 0.01 here.
    assert (found.low, found.high) == pytest.approx((of_scipy.low, of_scipy.high), abs=0.04)


@pytest.mark.parametrize("kind", KINDS)
def test_negating_a_sample_changes_the_sign(kind: Kind) -> None:
    x, y = normal(20, 1), normal(20, 2)
    forth, back = correlation(x, y, kind), correlation(-x, y, kind)
    assert (forth.value, forth.low, forth.high) == pytest.approx(
        (-back.value, -back.high, -back.low)
    )


def test_regression_is_numpys_least_squares_line() -> None:
    x, y = normal(30, 1), normal(30, 2)
    assert regression(x, y) == pytest.approx(tuple(np.polyfit(x, y, 1)))


@pytest.mark.parametrize("x", [[], [1.0], [2.0, 2.0, 2.0]])
def test_a_constant_sample_has_no_line(x: list[float]) -> None:
    assert regression(x, x) is None
