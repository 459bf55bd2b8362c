"""Correlations of resamples that are written as counts, against scipy's of the drawn values."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau, pearsonr, spearmanr

from results.stats.correlations import Kind
from results.stats.estimates import Floats
from results.stats.weighted import Indices, coefficients, ordered

REFERENCES: dict[Kind, Callable[[Floats, Floats], Any]] = {
    "spearman": spearmanr,
    "kendall": kendalltau,
    "pearson": pearsonr,
}


@pytest.fixture
def pairs() -> tuple[Floats, Floats, Indices]:
    """Return 120 related pairs with ties, and the starts of their four groups."""
    random = np.random.default_rng(0)
    x = np.round(random.normal(size=120), 1)
    return x, np.round(x + random.normal(size=120), 1), np.array([0, 7, 40, 90])


@pytest.mark.parametrize("kind", ["spearman", "kendall", "pearson"])
def test_a_resample_has_scipy_s_coefficient(
    pairs: tuple[Floats, Floats, Indices], kind: Kind
) -> None:
    x, y, starts = pairs
    random = np.random.default_rng(1)
    counts = random.integers(3, size=(3, len(x))).astype(np.float64)
    found = coefficients(ordered(x, starts), ordered(y, starts), counts, kind)
    ends = np.append(starts[1:], len(x))
    for resample, group in np.ndindex(3, 4):
        inside = slice(starts[group], ends[group])
        times = counts[resample, inside].astype(int)
        drawn = np.repeat(x[inside], times), np.repeat(y[inside], times)
        assert found[resample, group] == pytest.approx(
            REFERENCES[kind](*drawn).statistic, abs=1e-12
        )


def test_blocks_of_equal_counts_change_nothing(pairs: tuple[Floats, Floats, Indices]) -> None:
    x, y, blocks = pairs
    of_blocks = np.random.default_rng(2).integers(3, size=(5, 4)) + 1.0
    counts = np.repeat(of_blocks, np.diff(blocks, append=len(x)), axis=1)
    one, other = (ordered(values, np.array([0])) for values in (x, y))
    alone = coefficients(one, other, counts, "kendall")
    np.testing.assert_allclose(coefficients(one, other, counts, "kendall", blocks=blocks), alone)


def test_a_constant_signal_tells_nothing() -> None:
    flat, y = ordered(np.ones(6), np.array([0])), ordered(np.arange(6.0), np.array([0]))
    assert coefficients(flat, y, np.ones((1, 6)), "spearman")[0, 0] == 0.0


def test_constant_scores_have_no_correlation() -> None:
    x, flat = ordered(np.arange(6.0), np.array([0])), ordered(np.ones(6), np.array([0]))
    assert np.isnan(coefficients(x, flat, np.ones((1, 6)), "kendall")[0, 0])
