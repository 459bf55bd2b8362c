"""A synthetic campaign of several methods with given scores."""

from collections.abc import Mapping
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from configspace.campaign import Campaign
from configspace.condition import SEARCHES, Condition
from configspace.hyperparameters import Hyperparameters
from configspace.search import SearchSettings
from results.analysis.method_runs import MethodGroup, load_methods
from results.store.store import Store
from tests.results.made_up_campaign import crash, finish


def normal(mean: float, n: int = 32, seed: int = 0) -> list[float]:
    """Return scores with a standard deviation of 1 dB, at exactly this mean."""
    drawn = np.random.default_rng(seed).normal(size=n)
    return list(mean + drawn - drawn.mean())


def condition(name: str, method: Any, preset: str = "H1", **settings: Any) -> Condition:
    """Return a condition of a campaign; ``search`` has settings of its search."""
    search = settings.pop("search", {})
    if method in SEARCHES:
        search = search | {"variant": method}
    return Condition(
        campaign=name,
        name=f"{method}-{preset}",
        method=method,
        preset=preset,
        hyperparameters=Hyperparameters.preset(preset),
        search=SearchSettings(**search),
        **({"trials": 40} | settings),
    )


def write(store: Store, scores: Mapping[Condition, ArrayLike], crashed: int = 0) -> None:
    """Write a campaign to a store.

    Args:
        store: Store to write to.
        scores: Final scores of each condition, the first trials.
        crashed: Number of trials of each condition that crash after these.
    """
    name = next(iter(scores)).campaign
    store.begin_campaign(
        Campaign(name=name, conditions=tuple(scores)), {"dartboard": metadata.version("dartboard")}
    )
    for one, finals in scores.items():
        final = np.asarray(finals, dtype=float)
        if len(final):
            finish(store, one, range(len(final)), np.stack([final, final], axis=1))
        for index in range(len(final), len(final) + crashed):
            crash(store, one, index)


def group(url: str, scores: Mapping[str, ArrayLike], **settings: Any) -> MethodGroup:
    """Write a campaign with these final scores of each method, and return its only group."""
    with Store.open(url) as store:
        write(store, {condition("many", name, **settings): found for name, found in scores.items()})
    (found,) = load_methods(url, ["many"])
    return found
