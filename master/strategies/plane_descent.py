"""Descent in a plane by finite differences of the score.

Around a point x, a stencil x ± h·e_i measures the difference of the score along each axis. A step
goes along the normalized gradient. It is accepted if a training there has a higher score than x;
otherwise it is halved, a few times. If none is accepted, the stencil becomes smaller; below the
smallest stencil, the descent starts again elsewhere. So it uses every training that it gets.

In the variant with a supernet, one supernet over the stencil replaces the trainings of its points:
the differences are those of the log-likelihoods under α. Trainings accept the steps as before.

Like gradient descent on minus the score, it climbs the score.
"""

import itertools
import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass

import numpy as np

from master.strategies.base import Ask, Course, Known, failed, fresh
from master.strategies.space import Plane, Point

Pairs = tuple[tuple[Point, Point], ...]
"""The two points of a stencil on each axis: the one below its center, and the one above."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of the descent, in units of the side of the square, and their factors.

    Chosen on quadratics with noise, not on trainings: `python -m benchmarks.descent --choices`
    compares each with others. The results depend little on them.
    """

    stencil: float = 0.2
    """Distance h of the first stencil's points from its center. Differences of a wide stencil have
    less noise; those of a narrow one have less bias."""
    smallest: float = 0.05
    """Smallest h. Below it, noise outweighs the differences, and trainings are better used from
    another start."""
    shrink: float = 0.5
    """Factor of h after a stencil without an accepted step."""
    step: float = 2.0
    """Length of the first step with a new h, divided by h: a step leaves the stencil, which has
    been measured."""
    halvings: int = 3
    """How often a step is halved before the stencil becomes smaller."""
    growth: float = 2.0
    """Factor of the length after a step that was accepted at once: it takes back one halving."""


DEFAULT = Lengths()


def plane_descent(
    space: Plane, seed: int, *, supernet: bool = False, lengths: Lengths = DEFAULT
) -> Course:
    """Descend from random points, one after the other.

    Args:
        space: The plane.
        seed: Seed of the starts. With and without a supernet they are the same.
        supernet: Whether supernets measure the differences.
        lengths: Lengths of stencils and steps.
    """
    known: Known = {}
    for start in itertools.count():
        x = fresh(space, np.random.default_rng([seed, start]), known)
        known[x] = (yield Ask.alike([x], "start"))[0]
        if not failed(known[x]):
            yield from _climb(x, known, supernet, lengths)


def _climb(x: Point, known: Known, supernet: bool, lengths: Lengths) -> Course:
    """Climb from a point until its smallest stencil shows no way up."""
    width = lengths.stencil
    length = lengths.step * width
    while width >= lengths.smallest:
        pairs = stencil(x, width)
        scores = yield from _scores(pairs, known, supernet)
        steps = _steps(x, ascent(x, pairs, scores), length, lengths.halvings)
        accepted = yield from _first_better(x, steps, known)
        if accepted is None:
            width *= lengths.shrink
            length = lengths.step * width
        else:
            x = steps[accepted]
            length *= lengths.growth if accepted == 0 else 0.5**accepted


def _scores(
    pairs: Pairs, known: Known, supernet: bool
) -> Generator[Ask, tuple[float, ...], Mapping[Point, float]]:
    """Ask for the scores of a stencil, and return those by which its points are compared."""
    points = tuple(dict.fromkeys(itertools.chain(*pairs)))  # in a corner, both axes share one
    if not supernet:
        points = tuple(point for point in points if point not in known)
    scores: tuple[float, ...] = ()
    if points:
        scores = yield Ask.alike(points, "stencil", supernet=supernet)
    by_point = dict(zip(points, scores, strict=True))
    if supernet:
        return by_point
    known |= by_point
    return known


def _steps(x: Point, direction: Point, length: float, halvings: int) -> list[Point]:
    """Return the ends of a step and of its halves, as far as they leave x."""
    ends = [
        tuple(
            min(max(at + length * 0.5**halving * part, 0.0), 1.0)
            for at, part in zip(x, direction, strict=True)
        )
        for halving in range(halvings + 1)
    ]
    return [] if x in ends else ends


def _first_better(
    x: Point, steps: list[Point], known: Known
) -> Generator[Ask, tuple[float, ...], int | None]:
    """Train one step after the other, and return the index of the first that is better than x."""
    for index, new in enumerate(steps):
        if new not in known:
            known[new] = (yield Ask.alike([new], "step"))[0]
        if known[new] > known[x]:
            return index
    return None


def stencil(x: Point, width: float) -> Pairs:
    """Return the points at a distance of ``width`` from x on both sides, or on the border."""
    return tuple(
        (
            (*x[:axis], max(at - width, 0.0), *x[axis + 1 :]),
            (*x[:axis], min(at + width, 1.0), *x[axis + 1 :]),
        )
        for axis, at in enumerate(x)
    )


def ascent(x: Point, pairs: Pairs, scores: Mapping[Point, float]) -> Point:
    """Return the direction of the steepest ascent from x.

    The difference on an axis is the central one, divided by the distance of both points. If one of
    them failed, it is that between x and the other one, if x has a score. Otherwise it is 0, as is
    one that leads out of the square at its border.

    Args:
        x: Center of the stencil.
        pairs: Its points.
        scores: Scores of the points; with supernets, x itself is missing.

    Returns:
        A vector of length 1, or 0 if all differences are 0.
    """
    gradient = [_slope(axis, x, pair, scores) for axis, pair in enumerate(pairs)]
    norm = math.hypot(*gradient)
    return tuple(slope / norm if norm else 0.0 for slope in gradient)


def _slope(axis: int, x: Point, pair: tuple[Point, Point], scores: Mapping[Point, float]) -> float:
    below, above = (x if failed(scores[end]) else end for end in pair)
    low, high = (scores.get(point, -math.inf) for point in (below, above))
    if below == above or failed(low) or failed(high):
        return 0.0
    slope = (high - low) / (above[axis] - below[axis])
    outwards = x[axis] == (1.0 if slope > 0 else 0.0)
    return 0.0 if outwards else slope
