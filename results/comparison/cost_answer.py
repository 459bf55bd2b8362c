"""What a comparison says of the studies' costs in words, also at equal cost."""

import math

from results.analysis.cost import Reached
from results.comparison.report import Report
from results.comparison.sides import Side
from results.comparison.table import SAID, higher, interval, signed

RULE = (
    "The cost of an evaluation is its epochs times its trials for the search, and the same again "
    "for the retraining if the study's objective is final; a crashed or lost evaluation costs what "
    "it would have cost had it finished. Measured seconds decide nothing. Evaluations count in the "
    "order in which they ended, as long as the total stays within the cost of the cheaper study. "
    "The best by then is the highest observed score on the largest budget by then; as the best of "
    "several it is too high by selection. If it is the final incumbent of the more expensive "
    "study, the comparison of the re-runs is also a comparison at equal cost. Otherwise it is "
    "re-run as often as the incumbents, and at equal cost one is called higher by the rule of the "
    "question above. What the cheaper study would have reached at the cost of the more expensive "
    "one is unknown, because it had ended."
)


def costs_in_words(report: Report) -> str:
    """Say what each study cost, and what the dearer one had for the other's cost."""
    sides = report.comparison.sides
    dear, cheap = sorted(sides, key=lambda side: side.cost.epochs, reverse=True)
    at = report.at_the_others_cost[sides.index(dear)]
    ratio = dear.cost.epochs / cheap.cost.epochs if cheap.cost.epochs else math.nan
    return (
        f"The {dear.study.objective} study cost {ratio:.2f} times as many epochs × trials as the "
        f"{cheap.study.objective} study ({dear.cost.epochs:,} against {cheap.cost.epochs:,}; "
        f"{dear.cost.seconds:,.0f} s against {cheap.cost.seconds:,.0f} s on the workers). At the "
        f"latter's cost {_by_then(report, dear, at)} What the {cheap.study.objective} study would "
        f"have reached at the {dear.study.objective} study's cost is unknown: it had ended."
    )


def _by_then(report: Report, dear: Side, at: Reached) -> str:
    found, early = at.incumbent, report.early
    if found is None:
        return "nothing of it had finished."
    if at.is_last:
        return (
            "it had its final incumbent already, whose re-runs are above: so the comparison of the "
            "re-runs is one at equal cost, too."
        )
    told = (
        f"its best was {found.configuration}, observed at {found.psnr:.2f} dB on {found.epochs} "
        f"epochs, beside {dear.incumbent.psnr:.2f} dB on {dear.incumbent.epochs} epochs of its "
        "final incumbent: that one was not there yet, and the comparison of the re-runs is none at "
        f"equal cost. The observed score is the highest of {at.scores}, so too high by selection"
    )
    if early is None:
        return f"{told}, and that configuration was not re-run."
    gain, wins = early.contrast.difference, early.contrast.probability
    return (
        f"{told}: re-run it has a mean of {interval(early.objective)} dB (n = {early.objective.n}) "
        f"in the same PSNR. At equal cost {SAID[higher(gain, wins)]}: the mean architecture "
        f"PSNRs differ by {signed(gain)}, final minus one-shot; one run of the final study's beats "
        f"one of the one-shot study's with probability {wins.value:.2f} (95%: {wins.low:.2f} to "
        f"{wins.high:.2f}), n = {wins.n_a} and {wins.n_b}."
    )
