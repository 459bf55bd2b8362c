"""Tables 1 to 4 as frames: the columns of the paper's own files, then n, intervals and the rest."""

import math
from collections.abc import Callable, Sequence

import pandas as pd

from results.paper.published import METHODS, Number
from results.paper.rows import Row, outside
from results.stats.estimates import Estimate

_COUNTS = ("n", "crashed", "paper_n", "tries")


def frame(number: Number, rows: Sequence[Row]) -> pd.DataFrame:
    """Return a table with the columns of the paper's own file, and after them n, crashed trials, …

    PSNRs are in dB and times in seconds, to four digits. Of Tables 3 and 4, where a row holds two
    sets of operations, the further columns come once for each.
    """
    listed = _by_method(number, rows) if number in (1, 2) else _by_hyperparameters(rows)
    table = pd.DataFrame(listed)
    counts = [
        column
        for column in table
        if str(column).removeprefix("good_").removeprefix("all_") in _COUNTS
    ]
    return table.astype(dict.fromkeys(counts, "Int64"))


def _by_method(number: Number, rows: Sequence[Row]) -> list[dict[str, object]]:
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


def _by_hyperparameters(rows: Sequence[Row]) -> list[dict[str, object]]:
    groups: dict[tuple[str, str, str], dict[str, Row]] = {}
    for row in rows:
        one = row.setting
        # What is not DARTS' first order is told apart by its name alone in these tables.
        own = (
            one.hyperparameters if one.method == "darts" else f"{one.hyperparameters} {one.method}"
        )
        groups.setdefault((one.space, one.problem, own), {})[one.operations] = row
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


def _values(row: Row) -> dict[str, float]:
    return {
        "max": _rounded(row.max),
        "mean": _rounded(row.mean.value),
        "median": _rounded(row.median.value),
    }


def _further(row: Row) -> dict[str, float]:
    shape, theirs = row.distribution, row.published
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
        "paper_max": math.nan if theirs is None else theirs.max,
        "paper_mean": math.nan if theirs is None else theirs.mean,
        "paper_median": math.nan if theirs is None else theirs.median,
        "paper_n": math.nan if theirs is None else theirs.n,
        "paper_mean_outside": math.nan if theirs is None else outside(theirs.mean, row.mean),
        "paper_median_outside": math.nan if theirs is None else outside(theirs.median, row.median),
    }
    return {key: _rounded(value) for key, value in cells.items()}


def _of_both(sets: dict[str, Row], cells: Callable[[Row], dict[str, float]]) -> dict[str, float]:
    return {
        f"{operations}_{key}": value
        for operations in ("good", "all")
        if operations in sets
        for key, value in cells(sets[operations]).items()
    }


def _rounded(value: float) -> float:
    return round(value, 4)
