"""Points stand for values, and are drawn uniformly."""

import numpy as np
import pytest

from master.strategies.space import Finite, Plane

PLANE = Plane(("tau", "dilation"), ((0.01, 1.0), (0.5, 8.0)))
FINITE = Finite(edges=3, levels=4)


def test_the_center_is_the_geometric_mean() -> None:
    assert PLANE.values((0.5, 0.5)) == pytest.approx({"tau": 0.1, "dilation": 2.0})


def test_corners_are_the_ends_of_the_ranges() -> None:
    assert PLANE.values((0.0, 1.0)) == pytest.approx({"tau": 0.01, "dilation": 8.0})


@pytest.mark.parametrize("space", [PLANE, FINITE], ids=["plane", "finite"])
def test_values_lead_back_to_their_point(space: Plane | Finite) -> None:
    point = space.random(np.random.default_rng(0))
    assert space.point(space.values(point)) == pytest.approx(point, abs=1e-12)


def test_points_of_a_finite_space_are_integers() -> None:
    point = FINITE.random(np.random.default_rng(1))
    assert all(type(level) is int for level in FINITE.point(FINITE.values(point)))
    assert all(type(level) is int for level in point)


def test_finite_space_counts_its_points() -> None:
    assert FINITE.size == 64


def test_draws_are_uniform_in_the_plane() -> None:
    random = np.random.default_rng(2)
    drawn = np.array([PLANE.random(random) for _ in range(2000)])
    counts = np.histogramdd(drawn, bins=2, range=[(0, 1), (0, 1)])[0]
    assert np.abs(counts - 500).max() < 5 * np.sqrt(2000 * 0.25 * 0.75)
