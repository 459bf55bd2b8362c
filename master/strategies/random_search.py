"""Random search: points that are drawn uniformly."""

import numpy as np

from master.strategies.base import Ask, Course, fresh
from master.strategies.space import Point, Space

AT_ONCE = 64
"""Number of points per ask. All points could be trained at once; a caller with fewer trainings cuts
off the rest."""


def random_search(space: Space, seed: int) -> Course:
    """Draw different points, without looking at their scores."""
    random = np.random.default_rng(seed)
    known = dict[Point, None]()  # a set in the order in which the points were drawn
    while True:
        count = max(1, int(min(AT_ONCE, space.size - len(known))))
        for _ in range(count):
            known[fresh(space, random, known)] = None
        yield Ask.alike(tuple(known)[-count:], "proposal")
