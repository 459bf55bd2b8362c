"""Strategies by the names that a campaign file gives them."""

from functools import partial

from configspace.strategies import StrategyName
from master.strategies.base import Replayed, Strategy
from master.strategies.bayesian import Bayesian
from master.strategies.finite_descent import finite_descent
from master.strategies.plane_descent import plane_descent
from master.strategies.random_search import random_search
from master.strategies.space import Finite, Plane, Space


def strategy(name: StrategyName, space: Space, seed: int) -> Strategy:
    """Return a strategy.

    Args:
        name: Its name; `supernet-descent` only in a plane.
        space: Space in which it searches.
        seed: Seed, not negative. Equal seeds give both variants of the descent equal starts.

    Raises:
        ValueError: If there is no such strategy in the space.
    """
    match name, space:
        case "random", _:
            return Replayed(partial(random_search, space, seed))
        case "bayesian", _:
            return Bayesian(space, seed)
        case "descent", Finite():
            return Replayed(partial(finite_descent, space, seed))
        case "descent", Plane():
            return Replayed(partial(plane_descent, space, seed))
        case "supernet-descent", Plane():
            return Replayed(partial(plane_descent, space, seed, supernet=True))
    raise ValueError(f"expected a strategy for {space}, got {name!r}")
