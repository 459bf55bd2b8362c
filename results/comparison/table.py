"""The table of a comparison, its verdict in one sentence, and how its numbers are written."""

import math

from results.comparison.sides import Comparison, Side
from results.stats.estimates import LEAST, Estimate
from results.stats.probability_of_improvement import ProbabilityOfImprovement
from results.stats.winners_curse import WinnersCurse

ComparisonRow = tuple[str, str, str]
"""Label, value of the one-shot study, value of the final study."""

_HIGHER = {
    1: "the final study's incumbent scores higher than the one-shot study's",
    -1: "the one-shot study's incumbent scores higher than the final study's",
    0: "the answer is undecided: the re-runs do not show which incumbent scores higher",
}
"""Text for each value of `higher`."""


def headings(comparison: Comparison) -> ComparisonRow:
    """Return the headings of the three columns."""
    return "", comparison.one_shot.study.name, comparison.final.study.name


def rows(comparison: Comparison) -> list[ComparisonRow]:
    """Return the rows of the table as text, for any output format."""
    columns = [_column(side) for side in comparison.sides]
    return [(label, columns[0][label], columns[1][label]) for label in columns[0]]


def markdown(comparison: Comparison) -> str:
    """Return the table and the verdict as Markdown."""
    lines = [headings(comparison), ("---", "---", "---"), *rows(comparison)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{verdict(comparison)}\n"


def higher(gain: Estimate, wins: ProbabilityOfImprovement) -> int:
    """Return 1 if the final study's incumbent is higher, −1 if the other is, 0 if undecided.

    Args:
        gain: Difference of the mean architecture PSNRs, final minus one-shot.
        wins: Probability that one run of the final study's incumbent beats one of the other's.
    """
    return int(gain.low > 0 and wins.low > 0.5) - int(gain.high < 0 and wins.high < 0.5)


def which_is_higher(gain: Estimate, wins: ProbabilityOfImprovement) -> str:
    """Write which incumbent is higher, by `higher`; with too few runs, how many are needed."""
    if gain.n < LEAST:
        return f"the answer is {undecided(gain.n)}"
    return _HIGHER[higher(gain, wins)]


def undecided(n: int, needed: int = LEAST) -> str:
    """Write that n values are too few for a verdict."""
    return f"undecided: n = {n}, at least {needed} needed"


def verdict(comparison: Comparison) -> str:
    """Describe what the re-runs show about the two incumbents, and what their studies cost."""
    one_shot, final = comparison.sides
    gain, wins = comparison.gain, comparison.improvement
    figures = (
        f"mean architecture PSNR {final.architecture.mean.value:.2f} dB against "
        f"{one_shot.architecture.mean.value:.2f} dB, a difference of {signed(gain)}; one run "
        f"of the final study's incumbent beats one of the one-shot study's with probability "
        f"{probability(wins)}, n = {final.n} and {one_shot.n}"
    )
    if comparison.same_incumbent:
        text = (
            "Both studies have the same incumbent configuration, so its re-runs cannot compare "
            "the objectives"
        )
    else:
        text = f"Re-run, {which_is_higher(gain, wins)}"
    ratio = final.cost.epochs / one_shot.cost.epochs if one_shot.cost.epochs else math.nan
    return (
        f"{text}; {figures}.{crashed_text((one_shot.crashed, final.crashed), 're-runs')} "
        f"The final study cost {ratio:.1f} times the epochs."
    )


def crashed_text(crashed: tuple[int, int], runs: str) -> str:
    """Write how many runs have no score and how they count; empty if none crashed.

    Args:
        crashed: Numbers of crashed runs of the one-shot study's and of the final study's incumbent.
        runs: What the runs are, such as ``re-runs``.
    """
    if not any(crashed):
        return ""
    return (
        f" {crashed[1]} {runs} of the final study's and {crashed[0]} of the one-shot study's "
        "crashed: they have no PSNR, so the means leave them out; in the probability each loses "
        "against any run that has one."
    )


def _column(side: Side) -> dict[str, str]:
    """Return the cells of one study by their labels."""
    found, done = side.incumbent, side.effort
    cells = {
        "Objective": side.study.objective,
        "Incumbent": f"{found.configuration}, {'model' if found.model_based else 'random'}",
        "Epochs of a re-run": f"{found.epochs} + {found.epochs}",
        "Re-runs": f"{side.n}{_failures(side.crashed, 0)}",
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
    return cells | {
        "Correlation of the two": interval(side.correlation),
        "Objective's PSNR in the study (dB)": f"{found.score:.2f}{of_trials}",
        "Objective's PSNR, mean of re-runs (dB)": f"{side.objective_mean.value:.2f}",
        "Observed minus mean of re-runs (dB)": interval(side.gap, with_sign=True),
        "Chance of as high a score": as_high(side.curse),
        "Evaluations finished": f"{done.finished}{_failures(done.crashed, done.lost)}",
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


def interval(estimate: Estimate, *, with_sign: bool = False) -> str:
    """Write an estimate with its 95% interval, if it has one."""
    if math.isnan(estimate.value):
        return "undefined"
    form = "+.2f" if with_sign else ".2f"
    value = _number(estimate.value, form)
    if math.isnan(estimate.low):
        return value
    return f"{value} [{_number(estimate.low, form)}, {_number(estimate.high, form)}]"


def signed(estimate: Estimate) -> str:
    """Write a difference in dB with its sign and its 95% interval, if it has one."""
    value = f"{_number(estimate.value, '+.2f')} dB"
    if math.isnan(estimate.low):
        return value
    return f"{value} (95%: {_number(estimate.low, '+.2f')} to {_number(estimate.high, '+.2f')})"


def probability(wins: ProbabilityOfImprovement) -> str:
    """Write a probability of improvement with its 95% interval, if it has one."""
    if math.isnan(wins.low):
        return f"{wins.value:.2f}"
    return f"{wins.value:.2f} (95%: {wins.low:.2f} to {wins.high:.2f})"


def _number(value: float, form: str) -> str:
    """Write a number with a typographic minus sign."""
    return format(value, form).replace("-", "−")


def _failures(crashed: int, lost: int) -> str:
    parts = [f"{count} {word}" for count, word in ((crashed, "crashed"), (lost, "lost")) if count]
    return f" ({', '.join(parts)})" if parts else ""
