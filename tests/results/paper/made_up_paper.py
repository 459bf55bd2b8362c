"""A small store of everything that the paper's tables and figures are made of."""

from pathlib import Path
from typing import Literal

import numpy as np

from configspace.campaign import Campaign, load_campaign
from configspace.condition import Cell
from configspace.study import ArchitectureSettings
from results.store.store import Store
from tests.results.made_up import filled
from tests.results.made_up_campaign import crash, finish

FOLDER = Path(__file__).parents[3] / "studies" / "paper"
CAMPAIGNS = ("table1", "table2", "table3", "table4", "figure5")
STUDIES: tuple[tuple[str, Literal["one-shot", "final"], Literal["sequential", "cell"]], ...] = (
    ("blur-one-shot", "one-shot", "sequential"),
    ("blur-final", "final", "sequential"),
    ("blur-cell-final", "final", "cell"),
)


def filled_paper(url: str) -> None:
    """Write the paper's own campaigns, of few trials a cell, and some of its studies.

    A campaign's cells have 3, 4, 5 and 6 finished trials in turn, and one more of the second cell
    crashed. Scores are a function of the trial's seed, as they are of real ones.
    """
    with Store.open(url) as store:
        for name in CAMPAIGNS:
            _run(store, load_campaign(FOLDER / f"{name}.toml"))
        for seed, (study, objective, space) in enumerate(STUDIES):
            architecture = ArchitectureSettings(space=space)
            filled(store, study, objective, reruns=4, seed=seed, architecture=architecture)


def _run(store: Store, campaign: Campaign) -> None:
    counts = [3 + index % 4 for index in range(len(campaign.cells))]
    cells = tuple(
        cell.model_copy(update={"trials": count + (index == 1)})
        for index, (cell, count) in enumerate(zip(campaign.cells, counts, strict=True))
    )
    store.begin_campaign(Campaign(name=campaign.name, cells=cells), {"dartboard": "0.1.0"})
    for cell, count in zip(cells, counts, strict=True):
        finish(store, cell, range(count), _psnrs(cell, count))
        for index in range(count, cell.trials):
            crash(store, cell, index)


def _psnrs(cell: Cell, count: int) -> "np.ndarray[tuple[int, int]]":
    seeds = cell.trial_seeds(range(count))
    return 18 + np.array([np.random.default_rng(seed).normal(size=2) for seed in seeds])
