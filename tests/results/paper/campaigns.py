"""Made-up trials of campaigns, as in their frames."""

import itertools
import zlib
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

COLUMNS = [
    "campaign",
    "condition",
    "space",
    "operations",
    "problem",
    "method",
    "hyperparameters",
    "epochs",
    "seed",
    "one_shot_psnr",
    "architecture_psnr",
    "architecture",
    "search_seconds",
    "retrain_seconds",
]


def trials(
    psnrs: Sequence[float],
    *,
    campaign: str = "table1",
    space: str = "sequential",
    operations: str = "good",
    problem: str = "blur",
    method: str = "darts",
    hyperparameters: str = "H1",
    one_shot: Sequence[float] | None = None,
    search_seconds: float = 2.0,
    retrain_seconds: float = 0.5,
) -> pd.DataFrame:
    """Return the trials of one condition, one row per PSNR; a baseline has no search."""
    searched = method.startswith("darts")
    condition = "-".join((space, operations, problem, method, hyperparameters))
    edges = 10 if space == "sequential" else 30
    values: dict[str, object] = {
        "campaign": campaign,
        "condition": condition,
        "space": space,
        "operations": operations,
        "problem": problem,
        "method": method,
        "hyperparameters": hyperparameters,
        "epochs": 50,
        "seed": [zlib.crc32(f"{condition} {index}".encode()) for index in range(len(psnrs))],
        "one_shot_psnr": (list(one_shot) if one_shot is not None else [20.0] * len(psnrs))
        if searched
        else np.nan,
        "architecture_psnr": [float(psnr) for psnr in psnrs],
        "architecture": " ".join(["learnable_gradient", "cnn"] * (edges // 2)),
        "search_seconds": search_seconds if searched else np.nan,
        "retrain_seconds": retrain_seconds,
    }
    return pd.DataFrame(values, columns=COLUMNS, index=range(len(psnrs)))


def together(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(list(frames), ignore_index=True)


def normal(mean: float, sd: float = 1.0, n: int = 75, seed: int = 0) -> list[float]:
    return list(np.random.default_rng(seed).normal(mean, sd, size=n))


def table1() -> pd.DataFrame:
    """Return trials of all conditions of Table 1; 40% of DARTS with all operations on blur fail."""
    random = np.random.default_rng(9).uniform(5, 20.86, size=75)
    conditions: list[tuple[str, str, str, list[float]]] = [
        ("good", "blur", "learnable-gradient-only", normal(16.4, 0.5, seed=1)),
        ("good", "blur", "nets-only", normal(20.0, 1.0, seed=2)),
        ("good", "blur", "darts", normal(21.6, 0.8, seed=3)),
        ("good", "blur", "random", normal(22.0, 0.9, seed=4)),
        ("all", "blur", "darts", normal(8.1, 0.5, 30, 5) + normal(20.2, 1.0, 45, 6)),
        ("all", "blur", "random", list(random)),
        ("good", "downsampling", "learnable-gradient-only", normal(13.2, 0.6, seed=7)),
        ("good", "downsampling", "nets-only", normal(13.5, 2.0, seed=8)),
        ("good", "downsampling", "darts", normal(16.4, 0.8, seed=9)),
        ("good", "downsampling", "random", normal(16.7, 0.6, seed=10)),
        ("all", "downsampling", "darts", normal(15.4, 1.2, seed=11)),
        ("all", "downsampling", "random", normal(5.1, 2.0, seed=12)),
    ]
    return together(
        trials(psnrs, operations=operations, problem=problem, method=method)
        for operations, problem, method, psnrs in conditions
    )


def table3(space: str = "sequential", problems: Iterable[str] = ("blur",)) -> pd.DataFrame:
    """Return trials of DARTS with two of the paper's hyperparameters and one other setting."""
    return together(
        trials(
            normal(level, 1.0, 30, seed),
            campaign="table3" if space == "sequential" else "table4",
            space=space,
            operations=operations,
            problem=problem,
            hyperparameters=hyperparameters,
            one_shot=normal(18.0, 1.0, 30, seed + 100),
        )
        for problem in problems
        for seed, (operations, hyperparameters, level) in enumerate(
            itertools.product(("good", "all"), ("H1", "BOHB-Blur", "mine"), (16.0,))
        )
    )
