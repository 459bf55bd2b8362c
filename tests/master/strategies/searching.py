"""Run a strategy against a function, as the master runs it against trainings."""

from collections.abc import Callable
from itertools import accumulate

from master.strategies.base import Answer, Ask, Strategy
from master.strategies.space import Point

Score = Callable[[Point], float]


def costs(ask: Ask) -> int:
    """Return how many trainings an ask costs; a supernet costs one."""
    return 1 if ask.supernet else len(ask.points)


def searched(
    strategy: Strategy, score: Score, trainings: int, surrogate: Score | None = None
) -> list[Answer]:
    """Return the answers to as many whole asks as the trainings allow.

    Args:
        strategy: The strategy.
        score: Score of a point after training.
        trainings: Number of trainings, supernets included.
        surrogate: Score of a point from a supernet; ``score`` if None.
    """
    answers: list[Answer] = []
    while trainings > 0:
        ask = strategy.next(answers)
        trainings -= costs(ask)
        if trainings >= 0:
            by = surrogate if ask.supernet and surrogate else score
            answers.append(Answer(ask, tuple(map(by, ask.points))))
    return answers


def trained(answers: list[Answer]) -> list[Point]:
    """Return the points that were trained, in their order."""
    return [point for answer in answers if not answer.ask.supernet for point in answer.ask.points]


def best_scores(answers: list[Answer]) -> list[float]:
    """Return the best score of a training up to each training."""
    scores = [s for answer in answers if not answer.ask.supernet for s in answer.scores]
    return list(accumulate(scores, max))
