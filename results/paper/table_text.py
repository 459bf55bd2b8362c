"""Tables 1 to 4 as text: their columns, and the notes below them."""

import math
from collections.abc import Sequence
from typing import Final

from results.paper import labels
from results.paper.pooling import crashed_text, unfinished_text
from results.paper.published import Number, Published, Setting
from results.paper.rows import SettingRow, TimeToTarget, outside
from results.stats.best_of import LEAST_BEST
from results.stats.estimates import LEAST, Estimate
from results.text import DASH, Grid, interval_text, number_text

_BY_METHOD: Final = (1, 2)
"""Tables of methods; the others are of hyperparameters."""
_SPACES: Final[dict[Number, str]] = {1: "sequential", 2: "cell", 3: "sequential", 4: "cell"}
"""The space of each table."""


def grid(number: Number, rows: Sequence[SettingRow]) -> Grid:
    """Return a table as text: each number of dartboard, and next to it the paper's.

    The paper's mean and median are followed by ``within`` if they lie in dartboard's interval,
    otherwise by their distance above or below it. The paper's maximum is followed by its difference
    from dartboard's.
    """
    failed = next((row.distribution.failed_below for row in rows if row.distribution), None)
    headings = ["Data", "Operations", "Method" if number in _BY_METHOD else "Hyperparameters", "n"]
    for name in ("Max.", "Mean [95%]", "Median [95%]"):
        headings += [name, "paper's"]
    headings += ["SD", "failed" if failed is None else f"< {failed:g} dB", "s per run"]
    return Grid(
        headings=tuple(headings),
        rows=tuple(_line(number, row) for row in rows),
        numeric=(False, False, False, *(True,) * (len(headings) - 3)),
    )


def notes(
    number: Number, rows: Sequence[SettingRow], times_to_target: Sequence[TimeToTarget]
) -> list[str]:
    """Return the notes below a table: what its numbers are, and what they hide."""
    texts = [
        "Architecture PSNR in dB; n runs; intervals: 95%, bootstrap of the runs, none for fewer "
        f"than {LEAST} runs, nor for the best of several of fewer than {LEAST_BEST}. They describe "
        "one row: verdicts are in 'dartboard findings'. For fewer than 16 runs, an interval is "
        "too short for scores with failures: it misses the mean in up to a quarter of cases. "
        "The paper's mean and median: 'within' dartboard's interval, or the distance above (+) or "
        "below (−) it; its maximum: the difference from dartboard's. The paper's numbers are "
        "samples, too: even if both came from one distribution, its mean would be outside in about "
        "one case of six.",
    ]
    tried = {row.tries for row in rows if row.tries}
    if tried:
        texts.append(
            "Random Search: the best of k random architectures, over all ways to pick k of the n "
            "runs of Random; equal cost: as many architectures as can be trained in the epochs of "
            "one run of DARTS, which searches and trains."
        )
    if any(row.seconds > 0 for row in rows):
        texts.append(
            "s per run: median wall time of one run in seconds, search and training together, on "
            "the machine and under the load of that time; for a random search, of all its runs."
        )
    known = {row.setting: row.tally for row in rows if row.tally and not row.tries}
    texts += [f"{each}." for each in crashed_text(known)]
    if unfinished := unfinished_text(known):
        texts.append(f"{'; '.join(unfinished)}.")
    texts += [f"{labels.setting(row.setting)}: {_clusters(row)}" for row in rows if _clusters(row)]
    if number == 1:
        texts += [_time_to_target(time) for time in times_to_target]
    return texts


def place_text(value: float, interval: Estimate) -> str:
    """Return a number of the paper, and where it lies relative to dartboard's interval."""
    off = outside(value, interval)
    if math.isnan(off):
        return number_text(value)
    return f"{value:.2f} {'within' if off == 0 else number_text(off, sign=True)}"


def _line(number: Number, row: SettingRow) -> tuple[str, ...]:
    one, in_paper = row.setting, row.published
    shape = row.distribution
    published = ("", "", "") if in_paper is None else _published(row, in_paper)
    return (
        labels.problem(one.problem),
        labels.operation_set(one.operations),
        _what(number, row),
        str(row.n),
        number_text(row.max),
        published[0],
        interval_text(row.mean),
        published[1],
        interval_text(row.median),
        published[2],
        DASH if shape is None else number_text(shape.sd.value),
        DASH if shape is None else f"{shape.failed.value:.0%}",
        DASH if math.isnan(row.seconds) else f"{row.seconds:.3g}",
    )


def _published(row: SettingRow, in_paper: Published) -> tuple[str, str, str]:
    best = f"{in_paper.max:.2f}"
    if not math.isnan(row.max):
        best += f" {number_text(in_paper.max - row.max, sign=True)}"
    return best, place_text(in_paper.mean, row.mean), place_text(in_paper.median, row.median)


def _what(number: Number, row: SettingRow) -> str:
    """Return what distinguishes a row; it omits what all rows of the paper have in common."""
    one = row.setting
    method = labels.method(one.method)
    if row.tries is not None:
        method += f" (best of {row.tries})"
    if number in _BY_METHOD:
        parts = [method, *_unusual(one)]
    else:
        parts = [one.hyperparameters, *([method] if one.method != "darts" else [])]
    if one.space != _SPACES[number]:
        parts.append(labels.space(one.space))
    return ", ".join(parts)


def _unusual(one: Setting) -> list[str]:
    """Return the hyperparameters unless they are those of the paper's Tables 1 and 2."""
    return [] if one.hyperparameters == "H1" else [one.hyperparameters]


def _clusters(row: SettingRow) -> str:
    found = row.distribution.clusters if row.distribution else None
    if found is None:
        return ""
    return (
        f"two clusters, {found.low_share:.0%} of the runs about {number_text(found.low, 1)} dB and "
        f"{1 - found.low_share:.0%} about {number_text(found.high, 1)} dB (n = {found.n}); the "
        "mean describes neither."
    )


def _time_to_target(time: TimeToTarget) -> str:
    one, steps, wins = time.darts, time.steps, time.wins
    where = [labels.problem(one.problem), labels.operation_set(one.operations), *_unusual(one)]
    if one.space != "sequential":
        where.append(labels.space(one.space))
    if math.isfinite(steps.value):
        takes = f"{interval_text(steps, 1)} random architectures on average"
    else:
        takes = "an unknown number of random architectures, because none of the runs passes it"
        if not math.isnan(steps.low):
            takes += f": at least {number_text(steps.low, 1)}"
    beaten = Estimate(wins.value, wins.low, wins.high, wins.n_a)
    return (
        f"{', '.join(where)}: one run of DARTS beats one random architecture with probability "
        f"{interval_text(beaten)}; to pass the DARTS median of {number_text(time.threshold)} dB "
        f"takes {takes} (n = {wins.n_a} and {wins.n_b})."
    )
