"""All strategies are pure functions, and never train a point twice."""

import functools
import math

import pytest

from configspace.strategies import StrategyName
from master.strategies.base import Answer
from master.strategies.by_name import strategy
from master.strategies.space import Finite, Plane, Point, Space
from tests.master.strategies.searching import Score, costs, searched, trained

SPACES: dict[str, Space] = {
    "plane": Plane(("tau", "dilation"), ((0.01, 1.0), (0.5, 8.0))),
    "line": Plane(("tau",), ((0.01, 1.0),)),
    "finite": Finite(edges=5, levels=4),
}
NAMES: tuple[StrategyName, ...] = ("random", "bayesian", "descent")
CASES = [(name, space) for space in SPACES for name in NAMES]
CASES += [("supernet-descent", "plane"), ("supernet-descent", "line")]
TRAININGS = 130
SEED = 5
Case = tuple[StrategyName, Space]


@pytest.fixture(params=CASES, ids="-".join)
def case(request: pytest.FixtureRequest) -> Case:
    name, space = request.param
    return name, SPACES[space]


def score(point: Point) -> float:
    return -sum((x - 0.3 * (i + 1)) ** 2 for i, x in enumerate(point))


def often_failing(point: Point) -> float:
    return -math.inf if math.sin(1e4 * sum(point) + len(point)) > 0 else score(point)


def always_failing(point: Point) -> float:
    return -math.inf


@functools.cache
def answers_of(case: Case, score: Score) -> list[Answer]:
    return searched(strategy(*case, SEED), score, TRAININGS)


@pytest.mark.parametrize("score", [score, often_failing, always_failing])
def test_a_new_strategy_repeats_every_ask(case: Case, score: Score) -> None:
    answers = answers_of(case, score)
    for count in {0, 1, len(answers) // 2, len(answers) - 1}:
        assert strategy(*case, SEED).next(answers[:count]) == answers[count].ask


@pytest.mark.parametrize("score", [score, often_failing, always_failing])
def test_no_point_is_trained_twice(case: Case, score: Score) -> None:
    points = trained(answers_of(case, score))
    assert len(set(points)) == len(points) > 40


@pytest.mark.parametrize("score", [score, often_failing, always_failing])
def test_all_points_lie_in_the_space(case: Case, score: Score) -> None:
    space = case[1]
    for point in trained(answers_of(case, score)):
        assert space.point(space.values(point)) == pytest.approx(point, abs=1e-12)
        assert isinstance(space, Finite) or 0 <= min(point) <= max(point) <= 1


@pytest.mark.parametrize("score", [score, often_failing, always_failing])
def test_every_training_is_asked_for(case: Case, score: Score) -> None:
    used = sum(costs(answer.ask) for answer in answers_of(case, score))
    widest = max(costs(answer.ask) for answer in answers_of(case, score))
    assert TRAININGS - widest < used <= TRAININGS


def test_another_seed_asks_for_other_points(case: Case) -> None:
    asks = [strategy(*case, seed).next([]) for seed in (1, 2)]
    assert asks[0].points[0] != asks[1].points[0]


def test_both_descents_start_at_one_point() -> None:
    plane = SPACES["plane"]
    first = strategy("descent", plane, SEED).next([])
    assert strategy("supernet-descent", plane, SEED).next([]) == first


def test_supernets_need_a_plane() -> None:
    with pytest.raises(ValueError, match="got 'supernet-descent'"):
        strategy("supernet-descent", SPACES["finite"], SEED)
