"""Bayesian search: the density-ratio model of BOHB on full trainings, without brackets."""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np

from configspace.bohb import BohbSettings
from configspace.space import configuration_space
from master.bohb.sampler import Sampler
from master.strategies.base import Answer, Ask, Known, failed, fresh
from master.strategies.space import Point, Space

BUDGET = 1.0
"""All trainings have one budget; the sampler only needs it to be the same."""
DRAWS = 100
"""Number of points that the sampler may propose until one is new. BOHB would train a point of a
finite space again, which would give the same score here: all seeds are equal."""


class Bayesian:
    """Proposes one point after the other, with BOHB's default settings.

    A third of the points is random, as in BOHB. A failed training counts as worse than all others,
    like a crash in BOHB.
    """

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._seed = seed
        self._configurations = configuration_space(space.domains())

    def next(self, answers: Sequence[Answer]) -> Ask:
        """Return the next point; see `Strategy`."""
        sampler = Sampler(self._configurations, BohbSettings(), self._seed)
        known: Known = {}
        for answer in answers:
            known.update(zip(answer.ask.points, answer.scores, strict=True))
        for index, (point, score) in enumerate(known.items()):
            sampler.new_result(
                SimpleNamespace(
                    id=(index, 0, 0),
                    kwargs={"budget": BUDGET, "config": self._space.values(point)},
                    result=None if failed(score) else {"loss": -score},
                    exception=None,
                )
            )
        return Ask.alike([self._proposal(sampler, known)], "proposal")

    def _proposal(self, sampler: Sampler, known: Known) -> Point:
        for draw in range(DRAWS):
            values, _ = sampler.get_config(BUDGET, (len(known), draw, 0))
            point = self._space.point(values)
            if point not in known:
                return point
        return fresh(self._space, np.random.default_rng([self._seed, len(known)]), known)
