"""Kernel densities equal those of statsmodels, and stay finite where those do not."""

import inspect

import numpy as np
import pytest
from scipy import integrate
from statsmodels.nonparametric.kernel_density import KDEMultivariate

from master.bohb.density import Density

LEVELS = np.array([0, 2, 0, 3])
RNG = {"rng": 0} if "rng" in inspect.signature(KDEMultivariate).parameters else {}
"""A seed for statsmodels, which draws nothing here, but asks for one since 0.15."""


def observations(n: int = 40, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    levels = np.where(LEVELS > 0, random.integers(np.maximum(LEVELS, 1), size=(n, 4)), 0)
    return np.where(LEVELS > 0, levels, random.random((n, 4)))


@pytest.fixture
def stock() -> KDEMultivariate:
    return KDEMultivariate(observations(), "cucu", bw="normal_reference", **RNG)


def test_bandwidths_follow_scott_s_rule(stock: KDEMultivariate) -> None:
    density = Density.fit(observations(), LEVELS, min_bandwidth=1e-3)
    widest = [np.inf, 1 / 2, np.inf, 2 / 3]
    np.testing.assert_allclose(density.bandwidths, np.minimum(stock.bw, widest))


def test_densities_agree_with_statsmodels(stock: KDEMultivariate) -> None:
    density = Density.fit(observations(), LEVELS, min_bandwidth=1e-3)
    stock.bw = density.bandwidths
    points = observations(7, seed=1)
    # Both sum 40 products of four kernels; the order of the sums differs.
    np.testing.assert_allclose(density(points), stock.pdf(points), rtol=1e-9)


def test_no_bandwidth_is_below_the_minimum() -> None:
    density = Density.fit(np.full((20, 4), 1.0), LEVELS, min_bandwidth=1e-2)
    assert (density.bandwidths == 1e-2).all()


def test_an_absent_level_has_a_finite_density() -> None:
    data = observations()
    data[:, 3] = np.minimum(data[:, 3], 1)
    density = Density.fit(data, LEVELS, min_bandwidth=1e-3)
    assert 0 < density(np.array([[0.5, 1, 0.5, 2]]))[0] < np.inf


def test_kernels_of_levels_add_up_to_one() -> None:
    levels = np.array([3])
    density = Density.fit(np.array([[0.0], [1.0], [1.0]]), levels, min_bandwidth=1e-3)
    assert density(np.array([[0.0], [1.0], [2.0]])).sum() == pytest.approx(1)


def test_kernels_of_reals_integrate_to_one() -> None:
    density = Density.fit(np.array([[0.4], [0.5], [0.6]]), np.array([0]), min_bandwidth=1e-3)
    area = integrate.quad(lambda x: density(np.array([[x]]))[0], -5, 5, points=[0.5])[0]
    assert area == pytest.approx(1)


def test_candidates_stay_in_the_space() -> None:
    density = Density.fit(observations(), LEVELS, min_bandwidth=1e-3)
    drawn = density.draw(np.random.default_rng(0), 1000, bandwidth_factor=3.0)
    assert (drawn >= 0).all()
    assert (drawn <= np.where(LEVELS > 0, LEVELS - 1, 1)).all()
    assert (drawn[:, LEVELS > 0] % 1 == 0).all()
