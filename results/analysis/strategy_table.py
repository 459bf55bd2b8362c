"""Judged strategies as tables and sentences: for reading, and for other programs."""

import math
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from results.analysis.setting import setting_columns
from results.analysis.strategies import REFERENCE, JudgedStrategies, StrategyRow
from results.analysis.strategy_runs import PLANE, Best, StrategyGroup
from results.stats.estimates import LEAST, NOTHING, Floats, estimate
from results.text import DASH, Grid, interval_text, number_text

What = Literal["strategies", "ranks", "architectures"]
"""What a row of a frame is: a strategy, a rank of its best architectures, or one of these."""
Cells = dict[str, object]


def grids(judged: JudgedStrategies) -> tuple[Grid, Grid, Grid]:
    """Return the tables of a group as text: scores, comparisons, and ranks."""
    return scores_grid(judged), gains_grid(judged), ranks_grid(judged)


def scores_grid(judged: JudgedStrategies) -> Grid:
    """Return the scores of the best architectures in the search and from fresh seeds as text."""
    rows = [
        (
            row.runs.strategy,
            str(len(row.best.repetitions)),
            number_text(row.searched),
            interval_text(row.fresh),
            number_text(row.first),
            number_text(row.highest),
            number_text(row.best.spearman),
        )
        for row in judged.rows
    ]
    headings = ("strategy", "n", "in the search", "fresh (dB)", "first", "highest", "Spearman")
    return Grid(headings, tuple(rows), (False, *[True] * 6))


def gains_grid(judged: JudgedStrategies) -> Grid:
    """Return the winner's curse, and the comparisons with random search, as text."""
    rows = [
        (
            row.runs.strategy,
            interval_text(row.curse, sign=True),
            interval_text(row.gain.difference, sign=True) if row.gain else DASH,
            row.gain.verdict if row.gain else _no_gain(row),
        )
        for row in judged.rows
    ]
    headings = ("strategy", "winner's curse (dB)", f"fresh − {REFERENCE} (dB)", "verdict")
    return Grid(headings, tuple(rows), (False, True, True, False))


def ranks_grid(judged: JudgedStrategies) -> Grid:
    """Return the best architectures of each strategy by their rank in the search as text."""
    rows = [
        (
            row.runs.strategy,
            str(rank + 1),
            number_text(one.searched),
            interval_text(one.fresh),
            number_text(one.place, 1),
        )
        for row in judged.rows
        for rank, one in enumerate(row.ranks)
    ]
    headings = ("strategy", "rank", "in the search", "fresh (dB)", "rank by fresh")
    return Grid(headings, tuple(rows), (False, *[True] * 4))


def sentences(judged: JudgedStrategies) -> list[str]:
    """Return the verdicts on a group's strategies, and what is missing in its numbers."""
    return [*_verdicts(judged), *_counts(judged)]


def notes(groups: Sequence[JudgedStrategies]) -> list[str]:
    """Return what the columns of all groups mean.

    Args:
        groups: At least one group.
    """
    top = max(judged.top for judged in groups)
    return [
        f"n: number of searches. Each is judged by its {top} best distinct architectures: by their "
        "scores in the search, and by trainings from fresh seeds, which are the same for all.",
        "First: mean fresh score of the best architecture of the search. Highest: that of the "
        "architecture with the highest one, which is too high, since it chooses by the scores "
        "themselves.",
        "Winner's curse: score in the search minus fresh score of the same architectures. All "
        "trainings of a repetition have one seed, whose luck is part of it; with more repetitions, "
        "that averages out.",
        f"Spearman: correlation of both scores among the {top} architectures of a search. Rank by "
        "fresh: their mean rank by the fresh scores. Both are averaged over the searches.",
        "Intervals of scores and of the winner's curse are 95%, for other searches and other fresh "
        f"seeds. Those of differences from {REFERENCE}, paired by repetition, rank and seed, "
        "decide the verdicts; they are wider if several strategies have a verdict, so that these "
        f"hold together. Fewer than {LEAST} searches or fresh seeds give no interval and no "
        "verdict.",
    ]


def frame(groups: Sequence[JudgedStrategies], what: What = "strategies") -> pd.DataFrame:
    """Return every number as a frame.

    Args:
        groups: The groups.
        what: What a row is.
    """
    return pd.DataFrame(
        [
            {**_setting(judged), "strategy": row.runs.strategy, **cells}
            for judged in groups
            for row in judged.rows
            for cells in _rows(judged, row, what)
        ]
    )


def _rows(judged: JudgedStrategies, row: StrategyRow, what: What) -> list[Cells]:
    match what:
        case "strategies":
            return [_of_strategy(row)]
        case "ranks":
            return [
                {
                    "rank": rank,
                    "searched": one.searched,
                    **one.fresh.columns("fresh"),
                    "fresh_rank": one.place,
                }
                for rank, one in enumerate(row.ranks, start=1)
            ]
        case "architectures":
            return [
                {"repetition": repetition, **cells}
                for (repetition, best), places in zip(
                    row.runs.finished.items(), row.best.places, strict=True
                )
                for cells in _of_architectures(judged.group, best, places)
            ]


def _of_strategy(row: StrategyRow) -> Cells:
    return {
        "searches": len(row.best.repetitions),
        "planned": len(row.runs.searches),
        "crashed": row.crashed,
        "searched": row.searched,
        **row.fresh.columns("fresh"),
        "first": row.first,
        "highest": row.highest,
        "spearman": row.best.spearman,
        **row.curse.columns("curse"),
        **(row.gain.difference if row.gain else NOTHING).columns(f"above_{REFERENCE}"),
        "level": row.gain.level if row.gain else math.nan,
        "verdict": row.gain.verdict if row.gain else None,
    }


def _of_architectures(group: StrategyGroup, best: Best, places: Floats) -> Iterator[Cells]:
    """Yield the best architectures of one search.

    In a space with continuous parameters, an architecture has one operation on all layers; its
    columns are this operation and the parameters.
    """
    continuous = bool(group.first.architecture.continuous)
    points = group.points(best.architectures) if continuous else ()
    for rank, names in enumerate(best.architectures):
        scores = best.fresh[rank][np.isfinite(best.fresh[rank])]
        yield {
            "rank": rank + 1,
            "architecture": names[0] if continuous else " ".join(names),
            **(dict(zip(PLANE, points[rank], strict=True)) if continuous else {}),
            "searched": best.scores[rank],
            "n": len(scores),
            **estimate(scores, "mean").columns("fresh"),
            "fresh_rank": places[rank],
        }


def _setting(judged: JudgedStrategies) -> Cells:
    columns = setting_columns(judged.group.first)
    if continuous := judged.group.first.architecture.continuous:
        columns["operations"] = " ".join(continuous)
    return columns


def _verdicts(judged: JudgedStrategies) -> list[str]:
    gains = {row.runs.strategy: row.gain for row in judged.rows if row.gain is not None}
    if not gains:
        others = any(row.runs.strategy != REFERENCE for row in judged.rows)
        return [f"There is no search by {REFERENCE} to compare with."] * others
    parts = [
        f"{verdict}: {', '.join(names)}"
        for verdict in ("better", "lower", "undecided")
        if (names := [name for name, gain in gains.items() if gain.verdict == verdict])
    ]
    level = max(gain.level for gain in gains.values())
    return [f"Next to {REFERENCE} (intervals of {100 * level:.4g}%): {'; '.join(parts)}."]


def _counts(judged: JudgedStrategies) -> list[str]:
    """Write which fresh trainings have crashed, and which searches are not finished."""
    crashed = [f"{row.crashed} of {row.runs.strategy}" for row in judged.rows if row.crashed]
    missing = [
        f"{row.runs.strategy} ({len(row.best.repetitions)} of {len(row.runs.searches)})"
        for row in judged.rows
        if len(row.best.repetitions) < len(row.runs.searches)
    ]
    return [
        *(
            [
                "Trainings from fresh seeds that crashed have no score, so the means leave them "
                f"out: {', '.join(crashed)}."
            ]
            * bool(crashed)
        ),
        *([f"Not all searches have ended: {', '.join(missing)}."] * bool(missing)),
    ]


def _no_gain(row: StrategyRow) -> str:
    return "reference" if row.runs.strategy == REFERENCE else f"no {REFERENCE}"
