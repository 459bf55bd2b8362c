"""The files in `studies/paper`: each of the paper's tables and figures can be run from them."""

from pathlib import Path

import pytest

from configspace.campaign import Campaign, is_campaign, load_campaign
from configspace.hyperparameters import Hyperparameters, preset_names
from configspace.study import Study, load_study

FOLDER = Path(__file__).parents[2] / "studies" / "paper"
FILES = sorted(FOLDER.glob("*.toml"))
CAMPAIGNS = [path for path in FILES if is_campaign(path)]
STUDIES = [path for path in FILES if not is_campaign(path)]


def campaign(name: str) -> Campaign:
    return load_campaign(FOLDER / f"{name}.toml")


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_is_called_as_its_file_and_is_the_papers(path: Path) -> None:
    study = load_study(path)
    assert study.name == path.stem
    assert (study.bohb.iterations, study.rungs()) == (128, (6, 17, 50))
    assert study.architecture.operations == "all"


@pytest.mark.parametrize("path", CAMPAIGNS, ids=lambda path: path.stem)
def test_a_campaign_is_called_as_its_file_and_trains_for_50_epochs(path: Path) -> None:
    found = load_campaign(path)
    assert found.name == path.stem
    assert {cell.epochs for cell in found.cells} == {50}
    assert {cell.preset for cell in found.cells} <= set(preset_names())


@pytest.mark.parametrize(
    ("name", "cells", "trials", "spaces", "methods"),
    [
        ("table1", 12, 75, {"sequential"}, 4),
        ("table2", 12, 100, {"cell"}, 4),
        ("table3", 20, 75, {"sequential"}, 1),
        ("table4", 14, 75, {"cell"}, 1),
        ("figure5", 4, 75, {"sequential"}, 2),
    ],
)
def test_a_campaign_has_the_cells_of_its_table(
    name: str, cells: int, trials: int, spaces: set[str], methods: int
) -> None:
    found = campaign(name).cells
    assert len(found) == cells
    assert {cell.trials for cell in found} == {trials}
    assert {cell.architecture.space for cell in found} == spaces
    assert len({cell.method for cell in found}) == methods


def test_the_tables_share_the_trials_of_the_cells_that_they_share() -> None:
    seeds = {
        name: {cell.name: cell.trial_seeds(range(3)) for cell in campaign(name).cells}
        for name in ("table1", "table3")
    }
    both = seeds["table1"].keys() & seeds["table3"].keys()
    assert len(both) == 4
    assert all(seeds["table1"][name] == seeds["table3"][name] for name in both)


def test_darts_single_tunes_alpha_alone() -> None:
    study: Study = load_study(FOLDER / "blur-single.toml")
    assert study.search.variant == "darts-single"
    weights = Hyperparameters.preset("BOHB-one-shot-Blur").model_dump()
    fixed = {name: value for name, value in weights.items() if name.startswith("param_")}
    assert study.hyperparameters == fixed


def test_the_campaign_that_the_readme_shows_is_one(tmp_path: Path) -> None:
    readme = (FOLDER.parents[1] / "README.md").read_text()
    (block,) = (text for text in readme.split("```") if text.startswith('toml\nname = "my-camp'))
    path = tmp_path / "campaign.toml"
    path.write_text(block.removeprefix("toml\n"))
    cells = load_campaign(path).cells
    assert len(cells) == (4 + 4) * 2 * 2
    assert {cell.preset for cell in cells} == {"H1", "mine"}
