"""Descent in the finite space changes all edges that improve, and finds the best architecture."""

import math
from itertools import pairwise

import numpy as np
import pytest

from master.strategies.base import Replayed
from master.strategies.finite_descent import finite_descent, merged, rounds
from master.strategies.space import Finite, Point
from tests.master.strategies.searching import Score, best_scores, searched, trained

SPACE = Finite(edges=10, levels=4)


def table(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((SPACE.edges, SPACE.levels))


def additive(seed: int) -> Score:
    gains = table(seed)
    return lambda point: float(
        sum(row[int(level)] for row, level in zip(gains, point, strict=True))
    )


def descent(seed: int, space: Finite = SPACE) -> Replayed:
    return Replayed(lambda: finite_descent(space, seed))


def changes(one: Point, other: Point) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


def test_rounds_have_every_neighbor_once() -> None:
    x = (0, 1, 2, 3, 0, 1, 2, 3, 0, 1)
    found = rounds(x, SPACE, np.random.default_rng(0))
    assert [len(neighbors) for neighbors in found] == [10, 10, 10]
    neighbors = {point for one in found for point in one}
    assert len(neighbors) == 30
    assert {changes(x, point) for point in neighbors} == {1}


def test_merging_joins_the_changes_of_neighbors() -> None:
    assert merged((0, 0, 0), [(1, 0, 0), (0, 0, 2)]) == (1, 0, 2)


@pytest.mark.parametrize("seed", range(4))
def test_descent_finds_the_best_of_an_additive_score(seed: int) -> None:
    answers = searched(descent(seed), additive(seed), 90)
    assert best_scores(answers)[-1] == pytest.approx(table(seed).max(axis=1).sum())


def test_the_first_step_changes_every_improving_edge() -> None:
    start, stencil, step = searched(descent(0), additive(0), 12)
    better = sum(score > start.scores[0] for score in stencil.scores)
    assert better > 1
    assert changes(start.ask.points[0], step.ask.points[0]) == better


def test_a_rejected_step_keeps_the_better_half() -> None:
    start = descent(0).next([]).points[0]
    score = additive(0)

    def alone(point: Point) -> float:
        return score(point) if changes(point, start) < 2 else -math.inf

    answers = searched(descent(0), alone, 26)
    steps = [answer for answer in answers if answer.ask.roles == ("step",)]
    counts = [changes(answer.ask.points[0], start) for answer in steps]
    better = sum(s > answers[0].scores[0] for s in answers[1].scores)
    assert counts == [better // 2**n for n in range(len(counts))]
    assert counts[-1] in (2, 3)
    best = max(zip(answers[1].scores, answers[1].ask.points, strict=True))[1]
    following = answers[2 + len(steps)].ask
    assert {changes(point, best) for point in following.points} == {1}


def test_all_operations_are_tried_before_a_restart() -> None:
    answers = searched(descent(4), lambda point: 0.0, 62)
    roles = [(answer.ask.roles[0], len(answer.ask.points)) for answer in answers]
    round_by_round = [("start", 1), *[("stencil", 10)] * 3]
    assert roles == round_by_round * 2


def test_a_small_space_is_searched_to_its_end() -> None:
    space = Finite(edges=3, levels=2)
    answers = searched(descent(0, space), sum, 8)
    assert len(set(trained(answers))) == 8


def test_failed_neighbors_are_never_taken() -> None:
    score = additive(3)

    def fails_with_zero(point: Point) -> float:
        return -math.inf if 0 in point[3:] else score(point)

    answers = searched(descent(3), fails_with_zero, 200)
    best = table(3)[:3].max(axis=1).sum() + table(3)[3:, 1:].max(axis=1).sum()
    assert best_scores(answers)[-1] == pytest.approx(best)
    for failed_start, following in pairwise(answers):
        if failed_start.ask.roles == ("start",) and failed_start.scores == (-math.inf,):
            assert following.ask.roles == ("start",)
