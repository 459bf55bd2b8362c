"""Tables 1 to 4 laid out for reading: their columns, and what is to be said below them."""

import math
from collections.abc import Sequence

from results import labels
from results.layout import DASH, Grid, interval_text, number_text
from results.paper import Number, Published
from results.paper_tables import Pursuit, Row, outside
from results.statistics import Estimate


def grid(number: Number, rows: Sequence[Row]) -> Grid:
    """Lay a table out for reading: each number of ours beside the paper's.

    The paper's mean and median are followed by ``within`` our interval, or by how far above or
    below it they lie; its maximum, by the difference from ours.
    """
    by_method = number in (1, 2)
    failed = next((row.distribution.failed_below for row in rows if row.distribution), None)
    headings = ["Data", "Operations", "Method" if by_method else "Hyperparameters", "n"]
    for name in ("Max.", "Mean [95%]", "Median [95%]"):
        headings += [name, "paper's"]
    headings += ["SD", "failed" if failed is None else f"< {failed:g} dB", "s a run"]
    return Grid(
        headings=tuple(headings),
        rows=tuple(_line(row, by_method=by_method) for row in rows),
        numeric=(False, False, False, *(True,) * (len(headings) - 3)),
    )


def notes(number: Number, rows: Sequence[Row], pursuits: Sequence[Pursuit]) -> list[str]:
    """Say below a table what its numbers are, and what they hide."""
    said = [
        "Architecture PSNR in dB; n runs; intervals: 95%, bootstrap of the runs. The paper's mean "
        "and median: 'within' our interval, or by how much above (+) or below (−) it; its "
        "maximum: its difference from ours. The paper's numbers are samples as well: were both "
        "from one distribution, its mean would still be outside in about one case of six.",
    ]
    tried = {row.tries for row in rows if row.tries}
    if tried:
        said.append(
            "Random Search: the best of k random architectures, over all ways to pick k of the n "
            "runs of Random; equal time: as many as can be trained in the time that one run of "
            "DARTS takes, by the medians of both times."
        )
    said += [f"{name(row)}: {_clusters(row)}" for row in rows if _clusters(row)]
    if number == 1:
        said += [_pursuit(pursuit) for pursuit in pursuits]
    return said


def name(row: Row) -> str:
    """Say in words which row it is."""
    one = row.setting
    parts = [labels.problem(one.problem), labels.operation_set(one.operations)]
    return ", ".join([*parts, _what(row), one.hyperparameters])


def place_text(value: float, interval: Estimate) -> str:
    """Write a number of the paper, and where it lies with respect to our interval."""
    off = outside(value, interval)
    if math.isnan(off):
        return number_text(value)
    return f"{value:.2f} {'within' if off == 0 else number_text(off, sign=True)}"


def _line(row: Row, *, by_method: bool) -> tuple[str, ...]:
    one, theirs = row.setting, row.published
    what = _what(row) if by_method or one.method != "darts" else one.hyperparameters
    if not by_method and one.method != "darts":
        what = f"{one.hyperparameters}, {what}"
    shape = row.distribution
    published = ("", "", "") if theirs is None else _published(row, theirs)
    return (
        labels.problem(one.problem),
        labels.operation_set(one.operations),
        what,
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


def _published(row: Row, theirs: Published) -> tuple[str, str, str]:
    best = f"{theirs.max:.2f}"
    if not math.isnan(row.max):
        best += f" {number_text(theirs.max - row.max, sign=True)}"
    return best, place_text(theirs.mean, row.mean), place_text(theirs.median, row.median)


def _what(row: Row) -> str:
    said = labels.method(row.setting.method)
    return said if row.tries is None else f"{said} (best of {row.tries})"


def _clusters(row: Row) -> str:
    found = row.distribution.clusters if row.distribution else None
    if found is None:
        return ""
    return (
        f"two clusters, {found.low_share:.0%} of the runs about {number_text(found.low, 1)} dB and "
        f"{1 - found.low_share:.0%} about {number_text(found.high, 1)} dB (n = {found.n}); the "
        "mean describes neither."
    )


def _pursuit(pursuit: Pursuit) -> str:
    one, steps = pursuit.darts, pursuit.steps
    where = f"{labels.problem(one.problem)}, {labels.operation_set(one.operations)}"
    expected = steps.expected
    by_share = f"one by the share that passes: {interval_text(expected, 1)}"
    simulated = (
        f"{interval_text(steps.mean, 1)} random architectures on average "
        f"(n = {steps.mean.n} simulated searches)"
        if not math.isnan(steps.mean.value)
        else "more random architectures than there were, for none passes it"
    )
    wins = pursuit.wins
    beaten = Estimate(wins.value, wins.low, wins.high, wins.n_a)
    return (
        f"{where}: one run of DARTS beats one random architecture with probability "
        f"{interval_text(beaten)} (n = {wins.n_a} and {wins.n_b}); to pass the DARTS median of "
        f"{number_text(steps.threshold)} dB takes {simulated}; {by_share} "
        f"(n = {expected.n} runs of Random)."
    )
