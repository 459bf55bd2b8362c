"""Strategies by the names that a campaign file gives them."""

from functools import partial

from master.strategies.base import Replayed, Strategy
from master.strategies.random_search import random_search
from master.strategies.space import Space


def strategy(name: str, space: Space, seed: int) -> Strategy:
    """Return a strategy.

    Args:
        name: `random`, `bayesian`, `descent` or `supernet-descent`.
        space: Space in which it searches.
        seed: Seed, not negative. Equal seeds give both variants of the descent equal starts.

    Raises:
        ValueError: If there is no such strategy in the space.
    """
    match name:
        case "random":
            return Replayed(partial(random_search, space, seed))
    raise ValueError(f"expected a strategy of this space, got {name!r}")
