"""All strategies are pure functions, and never train a point twice."""

import math

import pytest

from master.strategies.base import Strategy
from master.strategies.by_name import strategy
from master.strategies.space import Finite, Plane, Point, Space
from tests.master.strategies.searching import Score, searched, trained

SPACES: dict[str, Space] = {
    "plane": Plane(("tau", "dilation"), ((0.01, 1.0), (0.5, 8.0))),
    "line": Plane(("tau",), ((0.01, 1.0),)),
    "finite": Finite(edges=5, levels=4),
}
CASES = [(name, space) for space in SPACES for name in ("random",)]
TRAININGS = 200


@pytest.fixture(params=CASES, ids="-".join)
def case(request: pytest.FixtureRequest) -> tuple[str, Space]:
    name, space = request.param
    return name, SPACES[space]


def begun(case: tuple[str, Space], seed: int = 5) -> Strategy:
    return strategy(*case, seed)


def score(point: Point) -> float:
    return -sum((x - 0.3 * (i + 1)) ** 2 for i, x in enumerate(point))


def often_failing(point: Point) -> float:
    return -math.inf if math.sin(1e4 * sum(point) + len(point)) > 0 else score(point)


def always_failing(point: Point) -> float:
    return -math.inf


@pytest.mark.parametrize("score", [score, often_failing, always_failing])
def test_a_new_strategy_repeats_every_ask(case: tuple[str, Space], score: Score) -> None:
    answers = searched(begun(case), score, TRAININGS)
    assert len(answers) > 1
    for count in range(len(answers)):
        assert begun(case).next(answers[:count]) == answers[count].ask


@pytest.mark.parametrize("score", [score, often_failing, always_failing])
def test_no_point_is_trained_twice(case: tuple[str, Space], score: Score) -> None:
    points = trained(searched(begun(case), score, TRAININGS))
    assert len(set(points)) == len(points) > 120
