"""The comparison of strategies on noisy quadratics is fair, and finds descent ahead."""

import numpy as np
import pytest

from benchmarks.descent import NOISES, SQUARE, STRATEGIES, Noise, Quadratic, distances
from master.strategies.base import Ask, Course
from tests.benchmarks.running import printed, rows

EXACT = Noise("none", 0.0)


def test_the_optimum_has_the_highest_value() -> None:
    quadratic = Quadratic.draw(3, EXACT)
    best = quadratic.observe(tuple(quadratic.optimum))
    random = np.random.default_rng(0)
    assert all(quadratic.observe(SQUARE.random(random)) < best for _ in range(100))


def test_noise_has_its_deviation() -> None:
    common = NOISES[-1]
    values = [
        [one.observe(tuple(one.optimum)) for _ in range(20)]
        for one in (Quadratic.draw(repetition, common) for repetition in range(400))
    ]
    assert np.std(values) == pytest.approx(0.03, rel=0.15)
    assert np.std(values, axis=1).mean() == pytest.approx(common.independent, rel=0.1)


def test_noise_does_not_change_the_quadratic() -> None:
    one, other = (Quadratic.draw(5, noise) for noise in NOISES[:2])
    np.testing.assert_array_equal(one.optimum, other.optimum)
    np.testing.assert_array_equal(one.curvature, other.curvature)


def test_distances_are_those_of_the_best_so_far() -> None:
    optimum = Quadratic.draw(1, EXACT).optimum
    corner = tuple(np.round(optimum))
    middle = tuple((optimum + corner) / 2)

    def given(seed: int) -> Course:
        for points in ([corner], [middle, corner], [tuple(optimum)], [corner]):
            yield Ask.alike(points, "proposal")

    far = float(np.linalg.norm(optimum - corner))
    found = distances(given, EXACT, 1, 4)
    assert found == pytest.approx([far, far / 2, far / 2, 0.0])


def test_no_strategy_starts_near_the_optimum() -> None:
    for begin in STRATEGIES.values():
        first = [distances(begin, EXACT, seed, 1)[0] for seed in range(30)]
        assert np.median(first) > 0.25


def test_descent_gets_nearer_than_random_search() -> None:
    medians = {
        name: np.median([distances(STRATEGIES[name], EXACT, seed, 60)[-1] for seed in range(30)])
        for name in ("random", "descent")
    }
    assert medians["descent"] < 0.6 * medians["random"]


@pytest.mark.slow
def test_each_strategy_and_noise_has_rows() -> None:
    found = rows("descent", "--repetitions 5 --evaluations 8")
    assert len(found) == len(NOISES) * len(STRATEGIES) * 2
    for row in found:
        assert 0 <= row["low"] <= row["median"] <= row["high"] < 1.5


@pytest.mark.slow
def test_choices_have_a_table_line_each() -> None:
    assert "\n| stencil = 0.1 | 60 |" in printed("descent", "--repetitions 1 --choices")
