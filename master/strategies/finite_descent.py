"""Descent in a finite space by differences between an architecture and its neighbors.

There is no canonical descent in a finite space; this one is ours. The neighbors of an architecture
x differ from it in the operation of one edge. In each round, one neighbor per edge is trained, with
an operation drawn among those not yet tried there: a stencil. The step changes all edges at once
whose neighbor is better than x. If the result is not better than x, only the half of the changes
with the largest differences is kept, and so on, down to the best neighbor, which is better than x.
If no neighbor of a round is better, the next round tries other operations. If no neighbor of x is
better, x is a local optimum, and the descent starts again elsewhere.

A relative is local search, which trains neighbors until one is better (White, Nolen & Savani 2021,
*Exploring the Loss Landscape in Neural Architecture Search*); it changes one operation at a time.
"""

import itertools
from collections.abc import Generator, Sequence

import numpy as np

from master.strategies.base import Ask, Course, Known, failed, fresh
from master.strategies.space import Finite, Point

Round = tuple[Point, ...]
"""Neighbors of an architecture, at most one per edge."""


def finite_descent(space: Finite, seed: int) -> Course:
    """Descend from random architectures, one after the other.

    Args:
        space: The finite space.
        seed: Seed of the starts and of the order in which operations are tried.
    """
    known: Known = {}
    for start in itertools.count():
        random = np.random.default_rng([seed, start])
        x = fresh(space, random, known)
        known[x] = (yield Ask.alike([x], "start"))[0]
        here = None if failed(known[x]) else x
        while here is not None:
            here = yield from _better(here, space, random, known)


def _better(
    x: Point, space: Finite, random: np.random.Generator, known: Known
) -> Generator[Ask, tuple[float, ...], Point | None]:
    """Return an architecture better than x that a stencil leads to; None at a local optimum."""
    for neighbors in rounds(x, space, random):
        new = tuple(point for point in neighbors if point not in known)
        if new:
            scores = yield Ask.alike(new, "stencil")
            known.update(zip(new, scores, strict=True))
        better = [point for point in neighbors if known[point] > known[x]]
        better.sort(key=known.__getitem__, reverse=True)
        if better:
            return (yield from _largest_step(x, better, known))
    return None


def _largest_step(
    x: Point, better: Sequence[Point], known: Known
) -> Generator[Ask, tuple[float, ...], Point]:
    """Return the result of as many changes as are better than x together.

    Args:
        x: The architecture.
        better: Neighbors that are better than x, the best first.
        known: Scores so far.
    """
    count = len(better)
    while count > 1:
        new = merged(x, better[:count])
        if new not in known:
            known[new] = (yield Ask.alike([new], "step"))[0]
        if known[new] > known[x]:
            return new
        count //= 2
    return better[0]


def rounds(x: Point, space: Finite, random: np.random.Generator) -> list[Round]:
    """Return all neighbors of x in random order: in each round, one per edge."""
    orders = [random.permutation([o for o in range(space.levels) if o != here]) for here in x]
    return [
        tuple((*x[:edge], int(order[number]), *x[edge + 1 :]) for edge, order in enumerate(orders))
        for number in range(space.levels - 1)
    ]


def merged(x: Point, neighbors: Sequence[Point]) -> Point:
    """Return x with the changes of several of its neighbors."""
    return tuple(
        next((other for other in levels if other != here), here)
        for here, *levels in zip(x, *neighbors, strict=True)
    )
