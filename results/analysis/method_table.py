"""Methods next to each other as tables and sentences: for reading, and for other programs."""

import math
from collections.abc import Sequence
from typing import Final

import pandas as pd

from results.analysis.methods import (
    REFERENCES,
    SELECTING,
    Gain,
    JudgedMethods,
    MethodRow,
    Reference,
    Verdict,
)
from results.analysis.setting import setting_columns
from results.stats.estimates import LEAST, NOTHING, Estimate
from results.text import Grid, interval_text, number_text

_UNCOUNTED: Final = {
    "darts-es": "that of darts-es is the cost of a search that is not stopped",
    "darts-ada": "that of darts-ada does not contain the epochs that are computed again",
}
"""What the cost of a method leaves out."""
_HESSIAN: Final = "measurements of the Hessian do not count"


def scores_grid(judged: JudgedMethods) -> Grid:
    """Return the scores and costs of a group's methods as text."""
    rows = [
        (
            row.name,
            str(row.shape.n),
            str(row.crashed),
            interval_text(row.shape.mean),
            number_text(row.shape.median.value),
            _share(row.shape.failed),
            f"{row.cost:,}",
        )
        for row in judged.rows
    ]
    headings = ("method", "n", "crashed", "mean (dB)", "median", "failed", "cost (epochs)")
    return Grid(headings, tuple(rows), (False, *[True] * 6))


def gains_grid(judged: JudgedMethods) -> Grid:
    """Return the comparisons of a group's methods as text, one row each."""
    rows = [
        (
            row.name,
            reference_text(gain),
            number_text(gain.mean),
            interval_text(gain.difference, sign=True),
            verdict_text(judged, gain),
        )
        for reference in REFERENCES
        for row in judged.rows
        if (gain := row.gains.get(reference)) is not None
    ]
    headings = ("method", "next to", "its mean", "difference (dB)", "verdict")
    return Grid(headings, tuple(rows), (False, False, True, True, False))


def reference_text(gain: Gain) -> str:
    """Return the name of what a method is compared with."""
    if gain.reference != "random" or gain.k == 1:
        return gain.reference
    return f"best of {gain.k} random"


def verdict_text(judged: JudgedMethods, gain: Gain) -> str:
    """Return a verdict, or the name of the reference that the campaign does not have."""
    if gain.reference not in judged.group.methods:
        return f"no {gain.reference}"
    return gain.verdict


def sentences(judged: JudgedMethods) -> list[str]:
    """Return the verdicts on a group's methods, and which trials have no score."""
    return [
        *(text for reference in REFERENCES if (text := _verdicts(judged, reference))),
        *_without_best_of_four(judged),
        *_counts(judged),
    ]


def notes(groups: Sequence[JudgedMethods]) -> list[str]:
    """Return what the columns of all groups mean.

    Args:
        groups: At least one group.
    """
    names = {row.name for judged in groups for row in judged.rows}
    uncounted = [text for name, text in _UNCOUNTED.items() if name in names]
    if uncounted:
        uncounted.append(_HESSIAN)
    cost = "; ".join(["epochs of one run, of all its searches and trainings", *uncounted])
    return [
        f"Failed: below {groups[0].rows[0].shape.failed_below:g} dB.",
        f"Cost: {cost}.",
        "Random at equal cost: the expected best of as many random architectures as one run of "
        "the method costs, rounded down, at least 1.",
        "Intervals of means are 95%. Those of differences decide the verdicts; they are wider if "
        "several methods have a verdict next to one reference, so that these hold together. Fewer "
        f"than {LEAST} runs, or {LEAST} random searches, give no interval "
        "and no verdict.",
    ]


def frame(groups: Sequence[JudgedMethods]) -> pd.DataFrame:
    """Return every number as a frame: one row per group and method."""
    found = pd.DataFrame([_row(judged, row) for judged in groups for row in judged.rows])
    return found.astype({"random_k": "Int64"})


def _row(judged: JudgedMethods, row: MethodRow) -> dict[str, object]:
    shape = row.shape
    found: dict[str, object] = {
        **setting_columns(judged.group.first),
        "settings": judged.group.differs or None,
        "method": row.name,
        "n": shape.n,
        "crashed": row.crashed,
        "planned": row.planned,
        **shape.mean.columns("mean"),
        **shape.median.columns("median"),
        **shape.failed.columns("failed"),
        "failed_below": shape.failed_below,
        "cost": row.cost,
    }
    for reference in REFERENCES:
        name, gain = reference.replace("-", "_"), row.gains.get(reference)
        if reference == "random":
            found["random_k"] = None if gain is None else gain.k
        found |= {
            f"{name}_mean": math.nan if gain is None else gain.mean,
            **(NOTHING if gain is None else gain.difference).columns(f"above_{name}"),
            f"{name}_level": math.nan if gain is None else gain.level,
            f"{name}_verdict": None if gain is None else verdict_text(judged, gain),
        }
    return found


def _verdicts(judged: JudgedMethods, reference: Reference) -> str:
    """Write which methods score higher and lower than a reference."""
    gains = {row.name: gain for row in judged.rows if (gain := row.gains.get(reference))}
    if not gains:
        return ""
    if reference not in judged.group.methods:
        return f"The campaign has no condition with {reference} and these settings."
    places: dict[Verdict, list[str]] = {
        one: [name for name, gain in gains.items() if gain.verdict == one]
        for one in ("higher", "lower", "undecided", "no runs", "too few runs")
    }
    parts = [f"{one}: {', '.join(names)}" for one, names in places.items() if names]
    where = "random at equal cost" if reference == "random" else reference
    level = max(gain.level for gain in gains.values())
    return f"Next to {where} (intervals of {100 * level:.4g}%): {'; '.join(parts)}."


def _without_best_of_four(judged: JudgedMethods) -> list[str]:
    """Write which methods have no best of four of equal cost next to them."""
    other = judged.row("best-of-four")
    found = [
        f"{row.name} ({row.cost:,})"
        for row in judged.rows
        if row.name in SELECTING and "best-of-four" not in row.gains
    ]
    if not found:
        return []
    if other is None:
        return ["The campaign has no condition with best-of-four and these settings."]
    return [f"best-of-four ({other.cost:,} epochs) has another cost than {', '.join(found)}."]


def _counts(judged: JudgedMethods) -> list[str]:
    """Write which methods have crashed trials, and which are not finished."""
    crashed = [f"{row.crashed} of {row.name}" for row in judged.rows if row.crashed]
    missing = [
        f"{row.name} ({row.shape.n + row.crashed} of {row.planned})"
        for row in judged.rows
        if row.shape.n + row.crashed < row.planned
    ]
    return [
        *(
            [f"Crashed trials have no score, so the mean leaves them out: {', '.join(crashed)}."]
            * bool(crashed)
        ),
        *([f"Not all trials have ended: {', '.join(missing)}."] * bool(missing)),
    ]


def _share(failed: Estimate) -> str:
    return number_text(100 * failed.value, 0) + "%" * math.isfinite(failed.value)
