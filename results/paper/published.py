"""The paper's Tables 1 to 4 as data.

The files have the columns and names of the paper; this module translates them to dartboard's names.

Source: Geiping, Lukasik, Moeller and Keuper 2023, "Is Differentiable Architecture Search truly a
One-Shot Method?".
"""

import csv
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Number = Literal[1, 2, 3, 4]

METHODS = {
    "darts": "das",
    "learnable-gradient-only": "learnable_grad_only",
    "nets-only": "nets_only",
    "random": "random",
    "random-search": "random_search",
}
"""Name of each method in the paper's files."""

_METHODS_BY_PAPER = {in_paper: method for method, in_paper in METHODS.items()}
_TRIALS: dict[Number, int] = {1: 75, 2: 100, 3: 75, 4: 75}


@dataclass(frozen=True, slots=True)
class Setting:
    """The setting of one row of a table, and of the conditions of campaigns that belong to it."""

    space: str
    operations: str
    problem: str
    method: str
    hyperparameters: str
    """Name of a preset or of a configuration. A baseline uses only its ``param_*``."""


@dataclass(frozen=True, slots=True)
class Published:
    """The paper's numbers of one setting: architecture PSNRs in dB."""

    max: float
    mean: float
    median: float
    n: int
    """Number of trials."""
    seconds: float | None = None
    """Seconds of one run on the paper's GPU; only in Table 1."""


@functools.cache
def published(number: Number) -> dict[Setting, Published]:
    """Return a table of the paper, with the settings in its order."""
    with Path(__file__).with_name(f"table{number}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    if number in (1, 2):
        return {
            Setting(
                row["space"], row["ops"], row["data"], _METHODS_BY_PAPER[row["method"]], "H1"
            ): _numbers(row, number)
            for row in rows
        }
    return {
        Setting(row["space"], operations, row["data"], "darts", row["hyperparameters"]): _numbers(
            row, number, f"{operations}_"
        )
        for row in rows
        for operations in ("good", "all")
    }


def _numbers(row: dict[str, str], number: Number, prefix: str = "") -> Published:
    return Published(
        max=float(row[f"{prefix}max"]),
        mean=float(row[f"{prefix}mean"]),
        median=float(row[f"{prefix}median"]),
        n=_TRIALS[number],
        seconds=float(row["runtime_s"]) if "runtime_s" in row else None,
    )
