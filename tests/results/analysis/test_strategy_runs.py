"""Searches and their best architectures, read from a store."""

from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from configspace.campaign import Campaign
from configspace.condition import Condition
from configspace.errors import StoreError
from configspace.operations import parametric_name
from configspace.strategies import Role, StrategiesSettings, StrategyName
from configspace.strategy_search import StrategySearch
from results.analysis.strategy_runs import StrategyGroup, load_strategies
from results.stats.estimates import Floats
from results.store.store import Store
from tests.results.analysis.made_up_strategies import search, setting
from tests.results.made_up_campaign import crash, filled_campaign, finish

SETTINGS = StrategiesSettings(trainings=4, top=2, fresh=3)
POINTS = [
    (parametric_name("learnable_gradient", tau=tau, dilation=2.0),) * 10
    for tau in (0.1, 0.2, 0.3, 0.4)
]


def a_search(strategy: StrategyName = "random", repetition: int = 0) -> StrategySearch:
    named = setting().model_copy(
        update={"name": "sequential-all-blur-H1", "architectures": None, "run": None, "seeds": None}
    )
    return StrategySearch(named, SETTINGS, strategy, repetition)


def begin(store: Store, *conditions: Condition) -> None:
    store.begin_campaign(
        Campaign(name="made", conditions=conditions), {"dartboard": metadata.version("dartboard")}
    )


def train(store: Store, condition: Condition, first: int, *scores: float) -> None:
    """Write trainings with these scores; NaN is one that crashed."""
    for index, score in enumerate(scores, start=first):
        if np.isnan(score):
            crash(store, condition, index)
        else:
            finish(store, condition, range(index, index + 1), np.array([[score, score]]))


def of_search(one: StrategySearch, *roles: Role) -> Condition:
    return one.search(POINTS, roles or ("proposal",) * 4, trials=4)


def loaded(url: str) -> StrategyGroup:
    (group,) = load_strategies(url, ["made"])
    return group


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


def test_trainings_keep_their_order_and_roles(url: str) -> None:
    condition = of_search(a_search("descent"), "start", "stencil", "stencil", "step")
    with Store.open(url) as store:
        begin(store, condition)
        train(store, condition, 0, 20.0, np.nan, 22.0, 23.0)
    group = loaded(url)
    (found,) = group.strategies[0].searches
    assert found.roles == ("start", "stencil", "stencil", "step")
    np.testing.assert_array_equal(found.scores, [20, np.nan, 22, 23])
    np.testing.assert_array_equal(found.cost, [1, 2, 3, 4])
    assert group.points(found.architectures).tolist() == [[t, 2] for t in (0.1, 0.2, 0.3, 0.4)]
    assert group.name == "blur, sequential, tau and dilation, 50 epochs, H1"
    assert found.best is None


def test_the_best_have_a_row_of_fresh_scores_each(url: str) -> None:
    one = a_search()
    searched, top = of_search(one), one.top([POINTS[3], POINTS[1]], trials=6)
    with Store.open(url) as store:
        begin(store, searched, top)
        train(store, searched, 0, 20.0, 22.0, 21.0, 23.0)
        train(store, top, 0, 22.1, 22.2, 22.3, 21.1, np.nan, 21.3)
    (runs,) = loaded(url).strategies
    best = runs.finished[0]
    assert best.architectures == (POINTS[3], POINTS[1])
    assert best.scores.tolist() == [23, 22]
    np.testing.assert_array_equal(best.fresh, [[22.1, 22.2, 22.3], [21.1, np.nan, 21.3]])


def test_a_search_without_all_fresh_scores_is_unfinished(url: str) -> None:
    one = a_search()
    searched, top = of_search(one), one.top([POINTS[3], POINTS[1]], trials=6)
    with Store.open(url) as store:
        begin(store, searched, top)
        train(store, searched, 0, 20.0, 22.0, 21.0, 23.0)
        train(store, top, 0, *[22.0] * 5)
    (runs,) = loaded(url).strategies
    assert runs.finished == {}
    assert len(runs.searches[0].scores) == 4


def test_a_supernet_costs_one_training(url: str) -> None:
    one = a_search("supernet-descent")
    searched = of_search(one, "start", "step", "step", "start")
    supernet = one.supernet(0, [names[0] for names in POINTS])
    with Store.open(url) as store:
        begin(store, searched, supernet)
        train(store, searched, 0, 20.0)
        train(store, supernet, 0, 10.0)
        train(store, searched, 1, 21.0, 22.0, 23.0)
    (found,) = loaded(url).strategies[0].searches
    assert found.cost.tolist() == [1, 3, 4, 5]


def test_strategies_and_repetitions_are_in_order(url: str) -> None:
    names: tuple[StrategyName, ...] = ("random", "bayesian")
    conditions = [of_search(a_search(name, place)) for place in range(2) for name in names]
    with Store.open(url) as store:
        begin(store, *conditions)
    group = loaded(url)
    assert [runs.strategy for runs in group.strategies] == ["random", "bayesian"]
    assert [[one.repetition for one in runs.searches] for runs in group.strategies] == [[0, 1]] * 2


def test_a_campaign_without_searches_is_named(url: str) -> None:
    with Store.open(url) as store:
        filled_campaign(store, "many")
    with pytest.raises(StoreError, match="expected searches by strategies, got none in many"):
        load_strategies(url, ["many"])


def path(scores: Floats, *roles: Role) -> list[list[int]]:
    made = search(0, trainings=len(scores))
    return replace(made, roles=roles, scores=scores).paths


def test_a_path_has_the_steps_that_score_higher() -> None:
    roles: list[Role] = ["start", "stencil", "step", "step", "step"]
    assert path(np.array([1.0, 9.0, 2.0, 1.5, 3.0]), *roles) == [[0, 2, 4]]


def test_each_start_begins_a_path() -> None:
    roles: list[Role] = ["start", "step", "start", "step"]
    assert path(np.array([1.0, 2.0, 0.0, 1.0]), *roles) == [[0, 1], [2, 3]]


def test_any_score_is_higher_than_a_crash() -> None:
    roles: list[Role] = ["start", "step", "step"]
    assert path(np.array([np.nan, np.nan, 1.0]), *roles) == [[0, 2]]


def test_random_search_has_no_path() -> None:
    assert search(0, trainings=5).paths == []
