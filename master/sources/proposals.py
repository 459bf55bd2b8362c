"""What a strategy has asked for so far, within the budget of its search, and how that ended."""

import math
from collections.abc import Sequence
from dataclasses import replace

from configspace.condition import Condition
from configspace.strategies import Role
from configspace.strategy_search import StrategySearch
from configspace.surrogate import Architecture
from master.sources.campaign import condition_job
from master.sources.points import architecture_at, operation_at
from master.strategies.base import Answer, Ask, Strategy


class Proposals:
    """The course of one search: a function of the scores that the strategy received."""

    def __init__(self, search: StrategySearch, strategy: Strategy) -> None:
        """Begin a search.

        Args:
            search: The search.
            strategy: Its strategy.
        """
        self._search, self._strategy = search, strategy
        self._answers: list[Answer] = []
        self._trained: list[tuple[Architecture, Role, float]] = []
        self._left = search.strategies.trainings * search.setting.epochs
        self.supernets = 0
        """Number of supernets that are trained."""
        self.ask = self._next()
        """What must be trained next; None if the budget is used up."""

    @property
    def first(self) -> int:
        """Index of the ask's first training among those of the search."""
        return len(self._trained)

    @property
    def searching(self) -> Condition:
        """The condition of all trainings so far, including those of the ask."""
        architectures = [one for one, _, _ in self._trained]
        roles = [role for _, role, _ in self._trained]
        # Whatever is left may become a training.
        planned = self.first + self._left // self._search.setting.epochs
        if self.ask is not None and self.ask.supernet:
            planned -= 1
        elif self.ask is not None:
            architectures += [architecture_at(self._search, point) for point in self.ask.points]
            roles += self.ask.roles
        return self._search.search(architectures, roles, trials=max(planned, 1))

    def supernet(self, ask: Ask) -> Condition:
        """Return the condition of the supernet for which an ask is."""
        points = [operation_at(self._search, point) for point in ask.points]
        return self._search.supernet(self.supernets, points)

    def answer(self, ask: Ask, scores: Sequence[float]) -> None:
        """Record the scores of the ask, and find the next one.

        Args:
            ask: The current ask.
            scores: One score per point, −inf for a crash.
        """
        self._left -= self._cost(ask) * (1 if ask.supernet else len(ask.points))
        self._answers.append(Answer(ask, tuple(scores)))
        if ask.supernet:
            self.supernets += 1
        else:
            self._trained += [
                (architecture_at(self._search, point), role, score)
                for point, role, score in zip(ask.points, ask.roles, scores, strict=True)
            ]
        self.ask = self._next()

    def best(self) -> list[Architecture]:
        """Return the best distinct architectures, the best one first, without crashed ones."""
        ranked = sorted(self._trained, key=lambda one: -one[2])  # stable
        found = dict.fromkeys(one for one, _, score in ranked if math.isfinite(score))
        return list(found)[: self._search.strategies.top]

    def _next(self) -> Ask | None:
        """Return the next ask, cut off where the budget ends."""
        if not self._left:
            return None
        ask = self._strategy.next(self._answers)
        room = self._left // self._cost(ask)
        if ask.supernet or not room:
            return ask if room else None
        return replace(ask, points=ask.points[:room], roles=ask.roles[:room])

    def _cost(self, ask: Ask) -> int:
        """Return the cost of a supernet, or of one training, in epochs."""
        if not ask.supernet:
            return self._search.setting.epochs
        return sum(condition_job(self.supernet(ask), range(1)).phases.values())
