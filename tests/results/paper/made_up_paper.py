"""A small store with the campaigns and studies of the paper's tables and figures."""

from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np

from configspace.architecture import ArchitectureSettings
from configspace.campaign import Campaign, load_campaign
from configspace.condition import Condition
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
    """Write the paper's campaigns, with few trials per condition, and some of its studies.

    The conditions of a campaign have 3, 4, 5 and 6 finished trials in turn, and one more trial of
    the second condition crashed. The scores depend only on the seed of the trial, as real ones do.
    """
    with Store.open(url) as store:
        for name in CAMPAIGNS:
            _run(store, load_campaign(FOLDER / f"{name}.toml"))
        for seed, (study, objective, space) in enumerate(STUDIES):
            architecture = ArchitectureSettings(space=space)
            filled(store, study, objective, reruns=4, seed=seed, architecture=architecture)


def _run(store: Store, campaign: Campaign) -> None:
    counts = [3 + index % 4 for index in range(len(campaign.conditions))]
    conditions = tuple(
        condition.model_copy(update={"trials": count + (index == 1)})
        for index, (condition, count) in enumerate(zip(campaign.conditions, counts, strict=True))
    )
    store.begin_campaign(
        Campaign(name=campaign.name, conditions=conditions),
        {"dartboard": metadata.version("dartboard")},
    )
    for condition, count in zip(conditions, counts, strict=True):
        finish(store, condition, range(count), _psnrs(condition, count))
        for index in range(count, condition.trials):
            crash(store, condition, index)


def _psnrs(condition: Condition, count: int) -> "np.ndarray[tuple[int, int]]":
    seeds = condition.trial_seeds(range(count))
    return 18 + np.array([np.random.default_rng(seed).normal(size=2) for seed in seeds])
