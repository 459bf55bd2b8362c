"""The runs of methods, grouped by everything but the method."""

from pathlib import Path

import pytest

from configspace.architecture import ArchitectureSettings
from configspace.errors import StoreError
from configspace.study import ProblemSettings
from results.analysis.method_runs import load_methods
from results.store.store import Store
from tests.results.analysis.made_up_methods import condition, group, write


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


def test_hyperparameters_and_spaces_are_separate_groups(url: str) -> None:
    cell = ArchitectureSettings(space="cell")
    with Store.open(url) as store:
        write(
            store,
            {
                condition("many", "darts"): [20.0],
                condition("many", "random"): [18.0],
                condition("many", "darts", "H2"): [21.0],
                condition("many", "rs-ws", architecture=cell): [19.0],
            },
        )
    assert {one.name: [*one.methods] for one in load_methods(url, ["many"])} == {
        "blur, sequential, all operations, 50 epochs, H1": ["darts", "random"],
        "blur, sequential, all operations, 50 epochs, H2": ["darts"],
        "blur, cell, all operations, 50 epochs, H1": ["rs-ws"],
    }


@pytest.mark.parametrize(
    ("method", "cost"),
    [
        ("darts", 100),
        ("darts-es", 100),
        ("best-of-four", 4 * (50 + 5) + 50),
        ("r-darts-dp", 4 * (50 + 5) + 50),
        ("rs-ws", 50 + 179 + 50),
        ("random", 50),
        ("nets-only", 50),
    ],
)
def test_a_run_costs_all_its_epochs(url: str, method: str, cost: int) -> None:
    assert group(url, {method: [20.0]}).methods[method].cost == cost


def test_crashed_trials_are_counted(url: str) -> None:
    with Store.open(url) as store:
        write(store, {condition("many", "darts"): [20.0, 21.0]}, crashed=3)
    runs = load_methods(url, ["many"])[0].methods["darts"]
    assert ([*runs.scores.values()], len(runs.crashed), len(runs.planned)) == ([20.0, 21.0], 3, 40)


def test_a_run_of_two_campaigns_counts_once(url: str) -> None:
    with Store.open(url) as store:
        write(store, {condition("one", "darts"): [20.0, 21.0]})
        write(store, {condition("two", "darts"): [20.0, 21.0, 22.0]})
    (found,) = load_methods(url, ["one", "two"])
    assert [*found.methods["darts"].scores.values()] == [20.0, 21.0, 22.0]


def test_a_method_with_two_settings_is_refused(url: str) -> None:
    with Store.open(url) as store:
        write(store, {condition("one", "r-darts-l2"): [20.0]})
        other = condition("two", "r-darts-l2", search={"weight_decays": (0.0, 1e-3)})
        write(store, {other: [20.0]})
    with pytest.raises(StoreError, match=r"one method, got .*one/.*two/.*weight_decays"):
        load_methods(url, ["one", "two"])


def test_groups_with_one_name_are_told_apart(url: str) -> None:
    with Store.open(url) as store:
        write(store, {condition("one", "darts"): [20.0]})
        noisy = condition("two", "darts", problem=ProblemSettings(noise=0.2))
        write(store, {noisy: [20.0]})
    assert [one.name.split(", ")[-1] for one in load_methods(url, ["one", "two"])] == [
        "problem.noise 0.1",
        "problem.noise 0.2",
    ]


def test_given_architectures_are_no_method(url: str) -> None:
    with Store.open(url) as store:
        given = condition("many", "given", architectures=(("cnn",) * 10,), trials=1)
        write(store, {given: []})
    with pytest.raises(StoreError, match="expected conditions with a method, got none in many"):
        load_methods(url, ["many"])
