"""Descent in the plane follows the gradient, and finds the optimum of a quadratic."""

import itertools
import math

import numpy as np
import pytest

from master.strategies.base import Answer, Known, Replayed
from master.strategies.by_name import strategy
from master.strategies.plane_descent import DEFAULT, ascent, plane_descent, stencil
from master.strategies.space import Plane, Point
from tests.master.strategies.searching import best_scores, searched, trained

PLANE = Plane(("tau", "dilation"), ((0.01, 1.0), (0.5, 8.0)))
OPTIMUM = np.array((0.62, 0.35))
CURVATURE = np.array([[1.0, 0.6], [0.6, 0.7]])


def quadratic(point: Point) -> float:
    offset = np.array(point) - OPTIMUM
    return float(-offset @ CURVATURE @ offset)


def descent(seed: int, *, supernet: bool = False) -> Replayed:
    return Replayed(lambda: plane_descent(PLANE, seed, supernet=supernet))


def with_role(answers: list[Answer], role: str) -> list[Answer]:
    return [answer for answer in answers if answer.ask.roles[0] == role]


@pytest.mark.parametrize("x", [(0.4, 0.8), (0.05, 0.5), (0.0, 0.9)])
def test_central_differences_of_a_line_are_exact(x: Point) -> None:
    slopes = np.array((0.6, -0.8))
    pairs = stencil(x, 0.2)
    scores = {point: float(slopes @ point) for pair in pairs for point in pair}
    assert ascent(x, pairs, scores) == pytest.approx(slopes)


def test_no_step_leads_out_of_the_square() -> None:
    x = (1.0, 0.5)
    pairs = stencil(x, 0.1)
    scores = {point: point[0] + point[1] for pair in pairs for point in pair}
    assert ascent(x, pairs, scores) == (0.0, 1.0)


def test_a_failed_side_leaves_the_other_difference() -> None:
    x = (0.5, 0.5)
    pairs = stencil(x, 0.1)
    scores: Known = {
        x: 0.0,
        (0.4, 0.5): -math.inf,
        (0.6, 0.5): 3.0,
        (0.5, 0.4): 2.0,
        (0.5, 0.6): -2.0,
    }
    assert ascent(x, pairs, scores) == pytest.approx(
        (30 / math.hypot(30, 20), -20 / math.hypot(30, 20))
    )


def test_two_failed_sides_have_no_difference() -> None:
    x = (0.5, 0.5)
    pairs = stencil(x, 0.1)
    scores = dict.fromkeys((point for pair in pairs for point in pair), -math.inf)
    assert ascent(x, pairs, scores | {x: 0.0}) == (0.0, 0.0)


def test_a_failed_side_without_center_is_ignored() -> None:
    x = (0.5, 0.5)
    pairs = stencil(x, 0.1)
    scores: Known = {(0.4, 0.5): -math.inf, (0.6, 0.5): -1.0, (0.5, 0.4): -2.0, (0.5, 0.6): -1.0}
    assert ascent(x, pairs, scores) == (0.0, 1.0)


@pytest.mark.parametrize("seed", range(4))
def test_descent_finds_the_optimum_of_a_quadratic(seed: int) -> None:
    answers = searched(descent(seed), quadratic, 80)
    assert best_scores(answers)[-1] > -0.002  # at most 0.08 away from the optimum


@pytest.mark.parametrize("seed", range(4))
def test_a_supernet_s_ranks_suffice(seed: int) -> None:
    def surrogate(point: Point) -> float:
        return math.exp(3 * quadratic(point))

    answers = searched(descent(seed, supernet=True), quadratic, 80, surrogate)
    assert best_scores(answers)[-1] > -0.002


def test_the_stencil_surrounds_the_last_accepted_point() -> None:
    answers = searched(descent(0), quadratic, 40)
    x, best = None, -math.inf
    for answer in answers:
        role = answer.ask.roles[0]
        if role in ("start", "step"):
            if role == "start" or answer.scores[0] > best:
                x, best = answer.ask.points[0], answer.scores[0]
        else:
            assert x is not None
            assert max(math.dist(point, x) for point in answer.ask.points) <= DEFAULT.stencil + 1e-9


def test_rejected_steps_are_halved() -> None:
    def only_the_start_is_good(point: Point) -> float:
        return 9.0 if point == start else point[0] - 0.5 * point[1]

    start = strategy("descent", PLANE, 2).next([]).points[0]
    answers = searched(descent(2), only_the_start_is_good, 9)
    steps = [answer.ask.points[0] for answer in with_role(answers, "step")]
    lengths = [math.dist(step, start) for step in steps]
    assert len(lengths) == DEFAULT.halvings + 1
    assert lengths == pytest.approx([lengths[-1] * 2**n for n in (3, 2, 1, 0)])


def test_a_local_optimum_starts_the_descent_again() -> None:
    answers = searched(descent(1), lambda point: 0.0, 60)
    starts = [answer.ask.points[0] for answer in with_role(answers, "start")]
    # Three stencils of four points each, without a direction for a step.
    assert len(starts) == len(set(starts)) == 5
    assert not with_role(answers, "step")


def test_failed_starts_are_replaced_at_once() -> None:
    def fails_on_the_left(point: Point) -> float:
        return -math.inf if point[0] < 0.5 else quadratic(point)

    answers = searched(descent(7), fails_on_the_left, 80)
    for answer, following in itertools.pairwise(answers):
        if answer.ask.roles == ("start",) and answer.scores[0] == -math.inf:
            assert following.ask.roles == ("start",)
    assert best_scores(answers)[-1] > -0.002


def test_a_supernet_that_fails_makes_no_step() -> None:
    answers = searched(descent(3, supernet=True), quadratic, 30, lambda point: -math.inf)
    assert {answer.ask.roles[0] for answer in answers} == {"start", "stencil"}


def test_the_points_of_a_supernet_are_not_trained() -> None:
    answers = searched(descent(3, supernet=True), quadratic, 30)
    stencils = with_role(answers, "stencil")
    assert stencils
    assert all(answer.ask.supernet for answer in stencils)
    assert not set(trained(answers)) & {p for a in stencils for p in a.ask.points}
