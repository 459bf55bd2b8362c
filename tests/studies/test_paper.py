"""The files in `studies/paper` define the runs of the paper's tables and figures."""

from pathlib import Path

import pytest

from configspace.campaign import Campaign, load_campaign, load_searches
from configspace.files import is_campaign
from configspace.hyperparameters import Hyperparameters, preset_names
from configspace.study import Study, load_study

FOLDER = Path(__file__).parents[2] / "studies" / "paper"
FILES = sorted(FOLDER.glob("*.toml"))
SEARCHES = [path for path in FILES if "[strategies]" in path.read_text()]
CAMPAIGNS = [path for path in FILES if is_campaign(path) and path not in SEARCHES]
STUDIES = [path for path in FILES if not is_campaign(path)]


def campaign(name: str) -> Campaign:
    return load_campaign(FOLDER / f"{name}.toml")


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_is_named_after_its_file(path: Path) -> None:
    assert load_study(path).name == path.stem


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_has_the_papers_budget(path: Path) -> None:
    study = load_study(path)
    assert (study.bohb.iterations, study.rungs()) == (128, (6, 17, 50))
    assert study.architecture.operations == "all"


@pytest.mark.parametrize("path", CAMPAIGNS, ids=lambda path: path.stem)
def test_a_campaign_is_named_after_its_file(path: Path) -> None:
    assert load_campaign(path).name == path.stem


@pytest.mark.parametrize("path", SEARCHES, ids=lambda path: path.stem)
def test_searches_are_repeated_five_times(path: Path) -> None:
    found = load_searches(path)
    # Supernets of points need the PyTorch engine, which would take hours for the paper's 50 epochs.
    epochs = 20 if path.stem == "strategies-plane" else 50
    assert {(one.setting.campaign, one.setting.epochs) for one in found} == {(path.stem, epochs)}
    assert {one.repetition for one in found} == set(range(5))


@pytest.mark.parametrize("path", CAMPAIGNS, ids=lambda path: path.stem)
def test_a_campaign_trains_for_50_epochs(path: Path) -> None:
    assert {condition.epochs for condition in load_campaign(path).conditions} == {50}


@pytest.mark.parametrize("path", CAMPAIGNS, ids=lambda path: path.stem)
def test_only_the_incumbents_are_not_the_papers(path: Path) -> None:
    found = load_campaign(path)
    of_the_paper = {condition.preset for condition in found.conditions} <= set(preset_names())
    assert of_the_paper == (path.stem not in ("incumbents", "signals"))


@pytest.mark.parametrize(
    ("name", "conditions", "trials", "spaces", "methods"),
    [
        ("table1", 12, 75, {"sequential"}, 4),
        ("table2", 12, 100, {"cell"}, 4),
        ("table3", 16, 75, {"sequential"}, 1),
        ("table4", 12, 75, {"cell"}, 1),
        ("figure5", 4, 75, {"sequential"}, 2),
        ("alpha-scale", 10, 32, {"sequential"}, 1),
        ("noise", 12, 32, {"cell"}, 4),
        ("incumbents", 7, 75, {"sequential"}, 2),
    ],
)
def test_a_campaign_has_the_conditions_of_its_table(
    name: str, conditions: int, trials: int, spaces: set[str], methods: int
) -> None:
    found = campaign(name).conditions
    assert len(found) == conditions
    assert {condition.trials for condition in found} == {trials}
    assert {condition.architecture.space for condition in found} == spaces
    assert len({condition.method for condition in found}) == methods


@pytest.mark.parametrize(("table", "first"), [("table3", "table1"), ("table4", "table2")])
def test_the_earlier_table_has_the_conditions_of_h1(table: str, first: str) -> None:
    presets = {condition.preset for condition in campaign(table).conditions}
    settings = {
        (condition.problem.name, condition.architecture.operations)
        for condition in campaign(first).conditions
        if (condition.method, condition.preset) == ("darts", "H1")
    }
    assert "H1" not in presets
    assert settings >= {
        (condition.problem.name, condition.architecture.operations)
        for condition in campaign(table).conditions
    }


def test_campaigns_share_the_seeds_of_a_condition() -> None:
    seeds = {
        name: {
            condition.name: condition.trial_seeds(range(3))
            for condition in campaign(name).conditions
        }
        for name in ("table3", "figure5")
    }
    both = seeds["table3"].keys() & seeds["figure5"].keys()
    assert len(both) == 1
    assert all(seeds["table3"][name] == seeds["figure5"][name] for name in both)


def test_darts_single_tunes_only_alpha() -> None:
    study: Study = load_study(FOLDER / "blur-single.toml")
    assert study.search.variant == "darts-single"
    weights = Hyperparameters.preset("BOHB-one-shot-Blur").model_dump()
    fixed = {name: value for name, value in weights.items() if name.startswith("param_")}
    assert study.hyperparameters == fixed
