"""Made-up studies for comparisons of several."""

from collections.abc import Sequence
from pathlib import Path

from configspace.search import SearchSettings
from configspace.signals import Objective
from results.comparison.report import ComparisonReport, comparison_report
from results.frames.study import Frames, load_from
from results.store.store import Store
from tests.results.comparison.reports import made_up_extra_trials
from tests.results.made_up import filled

VARIANTS = ("darts", "darts-second-order", "darts-single")


def several(folder: Path, others: int, *, reruns: int = 12) -> list[Frames]:
    """Return frames of other studies and of a final study, which is the last one.

    The others are called ``other-0``, ``other-1``, …, and the final study ``final``.

    Args:
        folder: Folder of the store.
        others: Number of other studies.
        reruns: Number of re-runs of each incumbent.
    """
    with Store.open(f"sqlite:///{folder}/store.db") as store:
        for index in range(others):
            search = SearchSettings.model_validate({"variant": VARIANTS[index % len(VARIANTS)]})
            filled(
                store,
                f"other-{index}",
                "one-shot",
                seed=index + 1,
                reruns=reruns,
                configurations=6 + 3 * index,
                search=search,
            )
        filled(store, "final", "final", seed=9, reruns=reruns)
        names = [*(f"other-{index}" for index in range(others)), "final"]
        return [load_from(store, name) for name in names]


def report_of(studies: Sequence[Frames]) -> ComparisonReport:
    """Return the report of a comparison with made-up trials on the other problem, and exchanged."""
    pairs = [(other, studies[-1]) for other in studies[:-1]]
    return comparison_report(studies, [made_up_extra_trials(*pair) for pair in pairs])


def tuned_on(folder: Path, *objectives: Objective, reruns: int = 12) -> list[Frames]:
    """Return frames of a study for each objective, named like it, and of a final study.

    Args:
        folder: Folder of the store.
        *objectives: Objectives of the other studies.
        reruns: Number of re-runs of each incumbent.
    """
    with Store.open(f"sqlite:///{folder}/store.db") as store:
        for seed, objective in enumerate(objectives, start=1):
            filled(store, objective, objective, seed=seed, reruns=reruns, configurations=6)
        filled(store, "final", "final", seed=9, reruns=reruns, configurations=18)
        return [load_from(store, name) for name in (*objectives, "final")]
