"""The course of a search within its budget."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from master.sources.proposals import Proposals
from master.strategies.base import Answer, Ask
from master.strategies.space import Point
from tests.master.sources.made_up_searches import PLANE, search


@dataclass
class Listed:
    """A strategy that asks for what a list has, one after the other."""

    asks: Sequence[Ask]

    def next(self, answers: Sequence[Answer]) -> Ask:
        """Return the next one of the list."""
        return self.asks[len(answers)]


def proposed(*points: Point, supernet: bool = False) -> Ask:
    return Ask.alike(points, "proposal", supernet=supernet)


FOUR = ((0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0))


def test_the_last_ask_is_cut_off() -> None:
    course = Proposals(search(trainings=6), Listed([proposed(*FOUR), proposed(*FOUR)]))
    assert course.ask == proposed(*FOUR)
    course.answer(proposed(*FOUR), (1.0, 2.0, 3.0, 4.0))
    assert course.ask == proposed(*FOUR[:2])
    assert len(course.searching.architectures or ()) == 6
    course.answer(proposed(*FOUR[:2]), (1.0, 2.0))
    assert course.ask is None


def test_a_supernet_costs_one_training() -> None:
    stencil = proposed((0.1, 0.1), (0.2, 0.1), supernet=True)
    asks = Listed([proposed((0.5, 0.5)), stencil, proposed((0.4, 0.4)), proposed((0.3, 0.3))])
    course = Proposals(search("supernet-descent", PLANE, trainings=3), asks)
    planned = []
    while course.ask is not None:
        planned.append(course.searching.trials)
        course.answer(course.ask, [1.0] * len(course.ask.points))
    assert planned == [3, 2, 2]
    assert (course.first, course.supernets) == (2, 1)
    assert len(course.searching.architectures or ()) == 2


def test_the_best_are_distinct_and_did_not_crash() -> None:
    again = proposed(*FOUR, (0, 0, 1))
    course = Proposals(search(trainings=5, top=4), Listed([again]))
    course.answer(again, (1.0, 3.0, -math.inf, 2.0, 3.0))
    assert [names.count("cnn") for names in course.best()] == [1, 1, 0]
    assert course.best()[0] == ("learnable_gradient", "learnable_gradient", "cnn")


@pytest.mark.parametrize("top", [1, 2])
def test_only_the_best_are_returned(top: int) -> None:
    course = Proposals(search(trainings=4, top=top), Listed([proposed(*FOUR)]))
    course.answer(proposed(*FOUR), (1.0, 3.0, 4.0, 2.0))
    assert len(course.best()) == top
