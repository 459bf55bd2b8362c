"""What a strategy asks for, what it receives, and how a strategy is replayed.

A strategy is a pure function of its space, its seed and the answers so far. So a search resumes
from what the store has, and repeats nothing.
"""

import math
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from configspace.strategies import Role
from master.strategies.space import Point, Space


@dataclass(frozen=True, slots=True)
class Ask:
    """Points whose scores a strategy needs before it can continue."""

    points: tuple[Point, ...]
    """At least one, distinct."""
    roles: tuple[Role, ...]
    """Role of each point."""
    supernet: bool = False
    """Whether one supernet over the points scores all of them, and none is trained alone."""

    @classmethod
    def alike(cls, points: Iterable[Point], role: Role, *, supernet: bool = False) -> Self:
        """Return an ask for points that have one role."""
        points = tuple(points)
        return cls(points, (role,) * len(points), supernet)


@dataclass(frozen=True, slots=True)
class Answer:
    """The scores of all points of an ask."""

    ask: Ask
    scores: tuple[float, ...]
    """PSNR of each point after training, in dB; −inf if the training failed. From a supernet, the
    log-likelihood of each point under α, summed over the edges."""

    def __post_init__(self) -> None:
        if len(self.scores) != len(self.ask.points):
            raise ValueError(f"expected {len(self.ask.points)} scores, got {len(self.scores)}")


class Strategy(Protocol):
    """Decides which points are trained.

    A strategy never asks for the training of one point twice. It has no end: the caller stops when
    the trainings are used up, and then cuts off what is too much of the last ask. A strategy
    that receives only part of the scores of an ask cannot continue.
    """

    def next(self, answers: Sequence[Answer]) -> Ask:
        """Return the next points.

        Args:
            answers: The answers to all asks so far, in their order.

        Raises:
            ValueError: If all points of a finite space have been trained, or the answers belong
                to other asks.
        """


Known = dict[Point, float]
"""Scores of all points that were trained, in their order."""

Course = Generator[Ask, tuple[float, ...], None]
"""The course of a search, without an end: yields asks, and receives their scores."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A strategy that is written as a generator and replayed from its beginning each time.

    The replay costs next to nothing compared with a training, and there is no state to store.
    """

    begin: Callable[[], Course]
    """Begins the course, the same one each time."""

    def next(self, answers: Sequence[Answer]) -> Ask:
        """Return the next points; see `Strategy`."""
        course = self.begin()
        ask = next(course)
        for answer in answers:
            if answer.ask != ask:
                raise ValueError(f"expected the answer to {ask}, got the answer to {answer.ask}")
            ask = course.send(answer.scores)
        return ask


def fresh(space: Space, random: np.random.Generator, known: Collection[Point]) -> Point:
    """Draw uniformly among the points that are not known.

    Args:
        space: The space.
        random: Random generator.
        known: Points that have been trained.

    Raises:
        ValueError: If all points of the space are known.
    """
    if len(known) >= space.size:
        raise ValueError(f"expected fewer trainings than the {space.size:g} points of the space")
    while (point := space.random(random)) in known:
        pass
    return point


def failed(score: float) -> bool:
    """Return whether a score is that of a failed training."""
    return not math.isfinite(score)
