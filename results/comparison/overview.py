"""The overview of a comparison: one row per study, next to the reference."""

from results.comparison.numbers import interval, percent
from results.comparison.report import ComparisonReport, PairReport
from results.comparison.sides import Side
from results.comparison.table import failures
from results.text import DASH


def overview_headings(report: ComparisonReport) -> tuple[str, ...]:
    """Return the headings of the overview."""
    name = report.comparison.reference.study.name
    return (
        "study",
        "objective",
        "incumbent",
        "re-runs",
        "one-shot PSNR (dB)",
        "architecture PSNR (dB)",
        f"{name} minus it (dB)",
        "at equal cost (dB)",
        "cost (epochs × trials)",
    )


def overview_rows(report: ComparisonReport) -> list[tuple[str, ...]]:
    """Return the rows of the overview as text, the reference last."""
    rows = [
        _row(
            pair.versus.other,
            interval(pair.versus.gain, with_sign=True),
            _at_equal_cost(pair),
        )
        for pair in report.pairs
    ]
    return [*rows, _row(report.comparison.reference, DASH, DASH)]


def overview_note(report: ComparisonReport) -> str:
    """Return what the numbers of the overview are."""
    level = percent(report.comparison.level)
    return (
        "PSNRs are means over the re-runs. The intervals of both differences have a coverage of "
        f"{level}{'' if len(report.pairs) == 1 else ', so that together they have 95%'}. At equal "
        "cost: what the more expensive of both studies had at the cost of the cheaper one."
    )


def _row(side: Side, difference: str, at_equal_cost: str) -> tuple[str, ...]:
    found = side.incumbent
    return (
        side.study.name,
        side.study.objective,
        f"{found.configuration}@{found.epochs}",
        f"{side.n}{failures(side.crashed, 0)}",
        interval(side.one_shot.mean),
        interval(side.architecture.mean),
        difference,
        at_equal_cost,
        f"{side.cost.epochs:,}",
    )


def _at_equal_cost(pair: PairReport) -> str:
    """Write the difference at equal cost, or why it is missing."""
    if pair.equal_cost is not None:
        return interval(pair.equal_cost.contrast.difference, with_sign=True)
    if all(at.is_last for at in pair.at_the_others_cost):
        return "the same"
    if any(at.incumbent is None for at in pair.at_the_others_cost):
        return "nothing yet"
    return "not re-run"
