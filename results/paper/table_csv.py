"""Tables 1 to 4 as frames: the columns of the paper's files, then n, intervals and more."""

import math
from collections.abc import Callable, Sequence

import pandas as pd

from results.paper.published import METHODS, Number
from results.paper.rows import SettingRow, outside
from results.stats.estimates import Estimate

_COUNTS = ("n", "crashed", "paper_n", "tries")


def frame(number: Number, rows: Sequence[SettingRow]) -> pd.DataFrame:
    """Return a table with the columns of the paper's file, then n, crashed trials and more.

    PSNRs are in dB and times in seconds, rounded to four digits. In Tables 3 and 4, a row has both
    sets of operations, so it has the further columns twice.
    """
    listed = _by_method(number, rows) if number in (1, 2) else _by_hyperparameters(rows)
    table = pd.DataFrame(listed)
    counts = [
        column
        for column in table
        if str(column).removeprefix("good_").removeprefix("all_") in _COUNTS
    ]
    return table.astype(dict.fromkeys(counts, "Int64"))


def _by_method(number: Number, rows: Sequence[SettingRow]) -> list[dict[str, object]]:
    return [
        {
            "space": row.setting.space,
            "ops": row.setting.operations,
            "data": row.setting.problem,
            "method": METHODS.get(row.setting.method, row.setting.method.replace("-", "_")),
            **_values(row),
            **({"runtime_s": _rounded(row.seconds)} if number == 1 else {}),
            **_further(row),
            "tries": row.tries,
            "hyperparameters": row.setting.hyperparameters,
        }
        for row in rows
    ]


def _by_hyperparameters(rows: Sequence[SettingRow]) -> list[dict[str, object]]:
    groups: dict[tuple[str, str, str], dict[str, SettingRow]] = {}
    for row in rows:
        one = row.setting
        # These tables have no column for the method: other methods than DARTS are part of the name.
        name = (
            one.hyperparameters if one.method == "darts" else f"{one.hyperparameters} {one.method}"
        )
        groups.setdefault((one.space, one.problem, name), {})[one.operations] = row
    return [
        {
            "space": space,
            "data": problem,
            "hyperparameters": hyperparameters,
            **_of_both(sets, _values),
            **_of_both(sets, _further),
        }
        for (space, problem, hyperparameters), sets in groups.items()
    ]


def _values(row: SettingRow) -> dict[str, float]:
    return {
        "max": _rounded(row.max),
        "mean": _rounded(row.mean.value),
        "median": _rounded(row.median.value),
    }


def _further(row: SettingRow) -> dict[str, float]:
    shape, in_paper = row.distribution, row.published
    nothing = Estimate(math.nan, math.nan, math.nan, 0)
    sd, failed = (nothing, nothing) if shape is None else (shape.sd, shape.failed)
    clusters = None if shape is None else shape.clusters
    crashed = 0 if row.tally is None else row.tally.crashed
    cells: dict[str, float] = {"n": row.n, "crashed": crashed}
    for key, found in (("mean", row.mean), ("median", row.median)):
        cells |= {f"{key}_low": found.low, f"{key}_high": found.high}
    for key, found in (("sd", sd), ("failed", failed)):
        cells |= {key: found.value, f"{key}_low": found.low, f"{key}_high": found.high}
    r = row.correlations
    for key in ("pearson", "spearman", "kendall"):
        found = nothing if r is None else getattr(r, key)
        cells |= {key: found.value, f"{key}_low": found.low, f"{key}_high": found.high}
    cells |= {
        "failed_below": math.nan if shape is None else shape.failed_below,
        "cluster_low": math.nan if clusters is None else clusters.low,
        "cluster_high": math.nan if clusters is None else clusters.high,
        "cluster_low_share": math.nan if clusters is None else clusters.low_share,
        "paper_max": math.nan if in_paper is None else in_paper.max,
        "paper_mean": math.nan if in_paper is None else in_paper.mean,
        "paper_median": math.nan if in_paper is None else in_paper.median,
        "paper_n": math.nan if in_paper is None else in_paper.n,
        "paper_mean_outside": math.nan if in_paper is None else outside(in_paper.mean, row.mean),
        "paper_median_outside": math.nan
        if in_paper is None
        else outside(in_paper.median, row.median),
    }
    return {key: _rounded(value) for key, value in cells.items()}


def _of_both(
    sets: dict[str, SettingRow], cells: Callable[[SettingRow], dict[str, float]]
) -> dict[str, float]:
    return {
        f"{operations}_{key}": value
        for operations in ("good", "all")
        if operations in sets
        for key, value in cells(sets[operations]).items()
    }


def _rounded(value: float) -> float:
    return round(value, 4)
