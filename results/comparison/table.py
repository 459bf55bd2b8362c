"""The table of a comparison, and its verdicts in one sentence each."""

import math

from results.comparison.numbers import interval, number, probability, signed, with_unit
from results.comparison.sides import Comparison, Side, Versus
from results.stats.estimates import LEAST, Estimate
from results.stats.probability_of_improvement import ProbabilityOfImprovement
from results.stats.winners_curse import WinnersCurse
from results.text import DASH

ComparisonRow = tuple[str, ...]
"""Label, then one value per study, the reference last."""


def headings(comparison: Comparison) -> ComparisonRow:
    """Return the headings of the columns."""
    return "", *(side.study.name for side in comparison.sides)


def rows(comparison: Comparison) -> list[ComparisonRow]:
    """Return the rows of the table as text, for any output format."""
    in_db = all(side.signal.is_psnr for side in comparison.sides)
    columns = [_column(side, in_db=in_db) for side in comparison.sides]
    return [(label, *(column[label] for column in columns)) for label in columns[0]]


def higher(gain: Estimate, wins: ProbabilityOfImprovement) -> int:
    """Return 1 if the reference's incumbent is higher, −1 if the other is, 0 if undecided.

    Args:
        gain: Difference of the mean architecture PSNRs, reference minus other.
        wins: Probability that one run of the reference's incumbent beats one of the other's.
    """
    return int(gain.low > 0 and wins.low > 0.5) - int(gain.high < 0 and wins.high < 0.5)


def sign(difference: Estimate) -> int:
    """Return 1 or −1 if the interval of a difference lies on that side of 0, otherwise 0."""
    return int(difference.low > 0) - int(difference.high < 0)


def which_is_higher(gain: Estimate, wins: ProbabilityOfImprovement, versus: Versus) -> str:
    """Write which incumbent is higher, by `higher`; with too few runs, how many are needed."""
    if gain.n < LEAST:
        return f"the answer is {undecided(gain.n)}"
    other, reference = (f"the {side.label}'s" for side in versus.sides)
    match higher(gain, wins):
        case 1:
            return f"{reference} incumbent scores higher than {other}"
        case -1:
            return f"{other} incumbent scores higher than {reference}"
        case _:
            return "the answer is undecided: the re-runs do not show which incumbent scores higher"


def undecided(n: int, needed: int = LEAST) -> str:
    """Write that n values are too few for a verdict."""
    return f"undecided: n = {n}, at least {needed} needed"


def verdict(versus: Versus) -> str:
    """Describe what the re-runs show about two incumbents, and what their studies cost."""
    other, reference = versus.sides
    gain, wins = versus.gain, versus.improvement
    figures = (
        f"mean architecture PSNR {reference.architecture.mean.value:.2f} dB against "
        f"{other.architecture.mean.value:.2f} dB, a difference of {signed(gain, versus.level)}; "
        f"one run of the {reference.label}'s incumbent beats one of the {other.label}'s with "
        f"probability {probability(wins, versus.level)}, n = {reference.n} and {other.n}"
    )
    if versus.same_incumbent:
        text = (
            "Both studies have the same incumbent configuration, so its re-runs cannot compare "
            "the objectives"
        )
    else:
        text = f"Re-run, {which_is_higher(gain, wins, versus)}"
    ratio = reference.cost.epochs / other.cost.epochs if other.cost.epochs else math.nan
    crashed = crashed_text((other.crashed, reference.crashed), "re-runs", versus)
    return f"{text}; {figures}.{crashed} The {reference.label} cost {ratio:.1f} times the epochs."


def crashed_text(crashed: tuple[int, int], runs: str, versus: Versus) -> str:
    """Write how many runs have no score and how they count; empty if none crashed.

    Args:
        crashed: Numbers of crashed runs of the other study's incumbent and of the reference's.
        runs: What the runs are, such as ``re-runs``.
        versus: The studies.
    """
    if not any(crashed):
        return ""
    other, reference = versus.sides
    return (
        f" {crashed[1]} {runs} of the {reference.label}'s and {crashed[0]} of the {other.label}'s "
        "crashed: they have no PSNR, so the means leave them out; in the probability each loses "
        "against any run that has one."
    )


def _column(side: Side, *, in_db: bool) -> dict[str, str]:
    """Return the cells of one study by their labels.

    Args:
        side: The study.
        in_db: Whether all studies were tuned on PSNRs, so that the labels have the unit.
    """
    found, done, signal = side.incumbent, side.effort, side.signal
    cells = {
        "Objective": side.study.objective,
        "Incumbent": f"{found.configuration}, {'model' if found.model_based else 'random'}",
        "Epochs of a re-run": f"{found.epochs} + {found.epochs}",
        "Re-runs": f"{side.n}{failures(side.crashed, 0)}",
    }
    for label, summary in (
        ("Architecture PSNR", side.architecture),
        ("One-shot PSNR", side.one_shot),
    ):
        cells |= {
            f"{label}, best (dB)": f"{summary.best:.2f}",
            f"{label}, mean (dB)": interval(summary.mean),
            f"{label}, median (dB)": interval(summary.median),
        }
    trials, aggregate = side.study.evaluation.trials, side.study.evaluation.aggregate
    of_trials = f" ({aggregate} of {trials} trials)" if trials > 1 else ""
    picked = f"{done.model_based} of {done.configurations}"
    what, unit, chance = ("PSNR", " (dB)", "high") if in_db else ("value", "", "good")
    observed, mean, gap = (
        text if in_db else with_unit(text, signal)
        for text in (
            number(found.score, signal),
            number(side.objective_mean.value, signal),
            interval(side.gap, signal, with_sign=True),
        )
    )
    return cells | {
        "Correlation of the two": interval(side.correlation),
        f"Objective's {what} in the study{unit}": f"{observed}{of_trials}",
        f"Objective's {what}, mean of re-runs{unit}": mean if side.objective_mean.n else DASH,
        f"Observed minus mean of re-runs{unit}": gap if side.objective_mean.n else DASH,
        f"Chance of as {chance} a score": as_high(side.curse),
        "Evaluations finished": f"{done.finished}{failures(done.crashed, done.lost)}",
        "Configurations from the model": f"{picked} ({done.model_based / done.configurations:.0%})",
        "Cost of the study (epochs × trials)": f"{side.cost.epochs:,}",
        "Time on the workers (seconds)": f"{side.cost.seconds:,.0f}",
    }


def as_high(curse: WinnersCurse) -> str:
    """Write the share of evaluations by chance that score as high as the observed one.

    With fewer re-runs than a verdict needs, the share says nothing: only their number is written.
    """
    if curse.verdict == "few":
        return undecided(curse.n, curse.needed)
    if curse.trials == 1:
        return f"{round(curse.share * curse.n)} of {curse.n} re-runs ({curse.share:.1%})"
    return (
        f"{curse.share:.1%} of evaluations of {curse.trials} seeds ({curse.aggregate}), drawn from "
        f"{curse.n} re-runs"
    )


def failures(crashed: int, lost: int) -> str:
    """Write how many runs failed in brackets; empty if none did."""
    parts = [f"{count} {word}" for count, word in ((crashed, "crashed"), (lost, "lost")) if count]
    return f" ({', '.join(parts)})" if parts else ""
