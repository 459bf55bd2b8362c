"""Answers fit their asks, and a replay notices answers of another search."""

import pytest

from master.strategies.base import Answer, Ask
from master.strategies.by_name import strategy
from master.strategies.space import Finite

SPACE = Finite(edges=2, levels=2)
ASK = Ask(((0, 1), (1, 1)), ("proposal", "proposal"))


def test_answer_needs_a_score_per_point() -> None:
    with pytest.raises(ValueError, match="expected 2 scores, got 1"):
        Answer(ASK, (1.0,))


def test_replay_rejects_answers_of_another_search() -> None:
    with pytest.raises(ValueError, match="expected the answer to"):
        strategy("random", SPACE, 0).next([Answer(ASK, (1.0, 2.0))])


def test_an_exhausted_space_is_an_error() -> None:
    search = strategy("random", SPACE, 0)
    all_points = search.next([])
    assert len(set(all_points.points)) == 4
    with pytest.raises(ValueError, match="fewer trainings than the 4 points"):
        search.next([Answer(all_points, (1.0,) * 4)])
