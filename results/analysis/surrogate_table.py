"""Judged surrogates as tables and sentences: for reading, and for other programs."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from configspace.names import counted
from results.analysis.setting import setting_columns
from results.analysis.surrogate import LEAST_SUPERNETS, TOP, JudgedSurrogates, Ranking
from results.stats.estimates import NOTHING
from results.text import DASH, Grid, interval_text, number_text

SCORES: Final = {"psnr": "one-hot PSNR", "alpha_likelihood": "log-likelihood"}
"""Words for what of the supernets is the score."""


def grid(judged: JudgedSurrogates) -> Grid:
    """Return the rankings of a group as text: scores, then the baseline and the ceiling."""
    rows = [
        (
            one.name,
            SCORES[one.score] if one.score else DASH,
            str(one.supernets) if one.supernets else DASH,
            interval_text(one.spearman),
            interval_text(one.kendall),
            f"{one.overlap:.1f}",
            number_text(one.regret),
            _verdict(judged, one),
        )
        for one in _all(judged)
    ]
    headings = (
        "supernets by",
        "score",
        "n",
        "Spearman",
        "Kendall",
        f"of the {TOP} best",
        "regret (dB)",
        "next to counting",
    )
    return Grid(headings, tuple(rows), (False, False, *[True] * 5, False))


def sentences(judged: JudgedSurrogates) -> list[str]:
    """Return what a group shows, and what its columns mean."""
    group = judged.group
    trained = len(group.trained)
    found = []
    if judged.baseline is None:
        found.append("There is no baseline: it is not known which operations are harmful.")
    else:
        better = [label(one) for one in judged.rankings if one.verdict == "better"]
        worse = [label(one) for one in judged.rankings if one.verdict == "worse"]
        found.append(
            "Ranks better than counting harmful operations: "
            f"{', '.join(better) or 'no score'}; worse: {', '.join(worse) or 'no score'}."
        )
    if best := [label(one) for one in judged.rankings if one.best]:
        found.append(f"May be the best score: {', '.join(best)}.")
    found.append(
        f"{counted(trained, 'architecture')}, each trained twice"
        + (f"; of {group.planned}, the others crashed." if trained < group.planned else ".")
    )
    return found


def notes() -> list[str]:
    """Return what the columns of all groups mean."""
    return [
        "Correlations, and what the other columns count, are means over the supernets and both "
        "trainings. The last row is the ceiling: one training as the score of the other.",
        f"Of the {TOP} best: how many of the {TOP} best by the score are among the {TOP} best by a "
        "training.",
        "Regret: PSNR of the architecture that is best in the mean of both trainings minus that of "
        "the one that the score ranks first.",
        f"Intervals are 95%. Fewer than {LEAST_SUPERNETS} supernets give no verdict.",
    ]


def label(ranking: Ranking) -> str:
    """Return the name of a score."""
    return f"{ranking.name} ({SCORES[ranking.score]})" if ranking.score else ranking.name


def frame(groups: Sequence[JudgedSurrogates]) -> pd.DataFrame:
    """Return every number as a frame: one row per group and score."""
    return pd.DataFrame([_row(judged, one) for judged in groups for one in _all(judged)])


def _all(judged: JudgedSurrogates) -> list[Ranking]:
    baseline = [judged.baseline] if judged.baseline else []
    return [*judged.rankings, *baseline, judged.ceiling]


def _row(judged: JudgedSurrogates, one: Ranking) -> dict[str, object]:
    return {
        **setting_columns(judged.group.first),
        "supernets_by": one.name,
        "score": one.score,
        "supernets": one.supernets,
        "architectures": len(judged.group.trained),
        **one.spearman.columns("spearman"),
        **one.kendall.columns("kendall"),
        "of_ten_best": one.overlap,
        "regret": one.regret,
        **(one.above_baseline or NOTHING).columns("above_baseline"),
        "verdict": one.verdict,
        "may_be_best": one.best if one.score else None,
    }


def _verdict(judged: JudgedSurrogates, one: Ranking) -> str:
    if one is judged.baseline:
        return "baseline"
    if one is judged.ceiling:
        return "ceiling"
    return one.verdict or DASH
