"""The conditions of one search by a strategy."""

import json

from configspace.architecture import ArchitectureSettings
from configspace.condition import Condition
from configspace.hyperparameters import Hyperparameters
from configspace.operations import operations
from configspace.strategies import StrategiesSettings
from configspace.strategy_search import StrategySearch

NETS = ("cnn",) * 10
STEPS = ("learnable_gradient",) * 10
SETTING = Condition(
    campaign="c",
    name="sequential-all-blur-H1",
    preset="H1",
    hyperparameters=Hyperparameters(),
    trials=1,
)
SEARCH = StrategySearch(SETTING, StrategiesSettings(fresh=3), "descent", 1)


def test_trainings_share_one_seed() -> None:
    found = SEARCH.search((NETS, STEPS), ("start", "stencil"), trials=6)
    assert (found.name, found.method) == ("sequential-all-blur-H1-descent-1", "given")
    assert len(set(found.trial_seeds(range(6)))) == 1
    assert found.fixed_architectures(range(1, 2)) == (STEPS,)
    assert found.run is not None
    assert found.run.roles == ("start", "stencil")


def test_each_of_the_best_has_all_fresh_seeds() -> None:
    found = SEARCH.top((NETS, STEPS), trials=6)
    assert found.name == "sequential-all-blur-H1-descent-1-top"
    assert found.fixed_architectures(range(6)) == (NETS,) * 3 + (STEPS,) * 3
    seeds = found.trial_seeds(range(6))
    assert seeds[:3] == seeds[3:]
    assert len(set(seeds)) == 3


def test_a_supernet_chooses_among_its_points() -> None:
    plane = SETTING.model_copy(
        update={"architecture": ArchitectureSettings(layers=2, continuous=("tau",))}
    )
    points = ("learnable_gradient(tau=0.1)", "learnable_gradient(tau=0.2)")
    first, second = (
        StrategySearch(plane, StrategiesSettings(), "supernet-descent", 0).supernet(index, points)
        for index in range(2)
    )
    assert second.name == "sequential-all-blur-H1-supernet-descent-0-supernet-1"
    assert (second.method, second.trials, second.objective) == ("darts", 1, "one-shot")
    assert operations(second.architecture) == points
    assert second.candidates is not None
    assert second.candidates.architectures == tuple((point,) * 2 for point in points)
    assert first.trial_seeds(range(1)) != second.trial_seeds(range(1))


def test_conditions_survive_json() -> None:
    for one in (SEARCH.search((NETS,), ("start",), trials=6), SEARCH.top((), trials=6)):
        assert Condition.model_validate(json.loads(json.dumps(one.model_dump(mode="json")))) == one


def test_a_longer_search_keeps_its_beginning() -> None:
    short = SEARCH.search((NETS,), ("start",), trials=6)
    long = SEARCH.search((NETS, STEPS), ("start", "stencil"), trials=6)
    assert short.differences(long) == []
    assert short.keeping(long) == long
    assert long.keeping(short) == long


def test_another_proposal_is_a_difference() -> None:
    stored = SEARCH.search((NETS,), ("start",), trials=6)
    (found,) = stored.differences(SEARCH.search((STEPS,), ("start",), trials=6))
    assert (found.key, found.expected, found.found) == ("architecture 0", NETS, STEPS)


def test_other_fresh_seeds_are_a_difference() -> None:
    more = StrategySearch(SETTING, StrategiesSettings(fresh=4), "descent", 1)
    (found,) = SEARCH.top((), trials=6).differences(more.top((), trials=8))
    assert found.text("there", "here").startswith("seeds: '3 seeds, first ")
