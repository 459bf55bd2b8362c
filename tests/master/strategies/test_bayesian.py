"""Bayesian search proposes what BOHB's sampler proposes, and learns from scores and failures."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from configspace.bohb import BohbSettings
from configspace.space import configuration_space
from master.bohb.sampler import Sampler
from master.strategies.base import Answer, Ask
from master.strategies.bayesian import Bayesian
from master.strategies.space import Finite, Plane, Point
from tests.master.strategies.searching import Score, searched, trained

PLANE = Plane(("tau", "dilation"), ((0.01, 1.0), (0.5, 8.0)))
BEST = (0.3, 0.6)


def score(point: Point) -> float:
    return -math.dist(point, BEST)


def fails_far_away(point: Point) -> float:
    return score(point) if score(point) > -0.4 else -math.inf


def test_the_sampler_of_bohb_proposes_the_points() -> None:
    answers = searched(Bayesian(PLANE, seed=3), score, 30)
    sampler = Sampler(configuration_space(PLANE.domains()), BohbSettings(), 3)
    for index, answer in enumerate(answers):
        values, _ = sampler.get_config(1, (index, 0, 0))
        assert PLANE.values(answer.ask.points[0]) == pytest.approx(values, rel=1e-12)
        kwargs = {"budget": 1, "config": values}
        result = {"loss": -answer.scores[0]}
        sampler.new_result(
            SimpleNamespace(id=(index, 0, 0), kwargs=kwargs, result=result, exception=None)
        )


@pytest.mark.parametrize("score", [score, fails_far_away])
def test_later_points_are_nearer_to_the_best(score: Score) -> None:
    points = trained(searched(Bayesian(PLANE, seed=4), score, 90))
    distances = [math.dist(point, BEST) for point in points]
    assert np.median(distances[45:]) < 0.7 * np.median(distances[:15])


def test_a_small_space_is_searched_to_its_end() -> None:
    space = Finite(edges=2, levels=3)
    answers = searched(Bayesian(space, seed=0), sum, 9)
    assert len(set(trained(answers))) == 9
    with pytest.raises(ValueError, match="fewer trainings than the 9 points"):
        Bayesian(space, seed=0).next(answers)


def test_answers_of_several_points_are_learned() -> None:
    ask = Ask.alike([(0.1, 0.2), (0.3, 0.4)], "proposal")
    single = [
        Answer(Ask.alike([point], "proposal"), (float(index),))
        for index, point in enumerate(ask.points)
    ]
    search = Bayesian(PLANE, seed=1)
    assert search.next([Answer(ask, (0.0, 1.0))]) == search.next(single)
