"""Runs with made-up signals, in a group that can be judged."""

from typing import Any, Literal

import numpy as np
import pandas as pd

from configspace.architecture import ArchitectureSettings
from configspace.study import ProblemSettings
from results.analysis.signal_runs import BASELINE, RunGroup


def group(
    configurations: int = 3,
    runs: int = 30,
    *,
    seed: int = 0,
    operations: Literal["good", "all"] = "all",
    **columns: Any,
) -> RunGroup:
    """Return runs whose score is a run's quality plus that of its configuration.

    ``inherited`` follows the run's quality, ``one_shot`` that of the configuration, ``entropy``
    is noise, ``flips`` is constant, and the baseline follows the run's quality loosely.

    Args:
        configurations: Number of configurations.
        runs: Number of runs of each.
        seed: Seed of the runs.
        operations: Set of the operations; only ``all`` has the baseline.
        columns: Further columns of the runs.
    """
    random = np.random.default_rng(seed)
    n = configurations * runs
    configuration = np.repeat(np.arange(configurations), runs)
    quality = random.normal(size=n)
    shift = 3 * random.normal(size=configurations)[configuration]
    made = {
        "configuration": [f"study ({one}, 0, 0)" for one in configuration],
        "rerun": np.zeros(n, dtype=bool),
        "score": 20 + quality + shift,
        "one_shot": shift + 0.1 * random.normal(size=n),
        "inherited": quality + 0.5 * random.normal(size=n),
        "entropy": random.normal(size=n),
        "flips": np.zeros(n),
        **columns,
    }
    if operations == "all":
        made[BASELINE] = np.round(-2 + 0.5 * quality + random.normal(size=n))
    return RunGroup(
        ProblemSettings(),
        ArchitectureSettings(operations=operations),
        50,
        pd.DataFrame(made),
    )
