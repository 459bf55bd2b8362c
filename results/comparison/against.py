"""Answers about each study against the reference: which is better, at what cost, there, and why.

The coverage of the intervals behind their verdicts is that of `Comparison.level`.
"""

import math

from results.comparison.answer import Answer, Line, of_pairs
from results.comparison.numbers import interval, number, probability, signed, with_unit
from results.comparison.report import ComparisonReport, PairReport
from results.comparison.rules import EQUAL_COST, OTHER_PROBLEM, SOURCE, WHICH_IS_BETTER
from results.comparison.sides import Side
from results.comparison.table import (
    crashed_text,
    higher,
    sign,
    undecided,
    verdict,
    which_is_higher,
)
from results.stats.estimates import LEAST


def which_is_better(report: ComparisonReport) -> Answer:
    """Answer which incumbent is better."""
    found = report.comparison.versus
    lines = of_pairs(report, [verdict(versus) for versus in found])
    if len(found) > 1:
        lines = (Line(_order(report)), *lines)
    judged = sum(not versus.same_incumbent and versus.gain.n >= LEAST for versus in found)
    return Answer(WHICH_IS_BETTER, lines, judged, report.comparison.level)


def _order(report: ComparisonReport) -> str:
    """Write in one sentence which incumbents score higher than the reference's."""
    words = {1: "lower", -1: "higher", 0: "undecided"}
    places: dict[str, list[str]] = {"higher": [], "lower": [], "undecided": []}
    for versus in report.comparison.versus:
        order = 0 if versus.same_incumbent else higher(versus.gain, versus.improvement)
        places[words[order]].append(versus.other.study.name)
    listed = "; ".join(f"{word}: {', '.join(names) or 'none'}" for word, names in places.items())
    name = report.comparison.reference.study.name
    return f"Compared with the incumbent of {name}, those of the other studies score {listed}."


def costs(report: ComparisonReport) -> Answer:
    """Answer what each study cost."""
    judged = sum(
        pair.equal_cost is not None and pair.equal_cost.contrast.difference.n >= LEAST
        for pair in report.pairs
    )
    lines = of_pairs(report, [_costs_text(pair) for pair in report.pairs])
    return Answer(EQUAL_COST, lines, judged, report.comparison.level)


def _costs_text(pair: PairReport) -> str:
    """Describe what each study cost, and what the more expensive one had at the other's cost."""
    sides = pair.versus.sides
    costly, cheap = sorted(sides, key=lambda side: side.cost.epochs, reverse=True)
    seconds = f"{costly.cost.seconds:,.0f} s against {cheap.cost.seconds:,.0f} s on the workers"
    if costly.cost.epochs == cheap.cost.epochs:
        return (
            f"Both studies cost {costly.cost.epochs:,} epochs × trials ({seconds}), so the "
            "comparison of the re-runs is also a comparison at equal cost."
        )
    ratio = costly.cost.epochs / cheap.cost.epochs if cheap.cost.epochs else math.nan
    return (
        f"The {costly.label} cost {ratio:.2f} times as many epochs × trials as the {cheap.label} "
        f"({costly.cost.epochs:,} against {cheap.cost.epochs:,}; {seconds}). At the cost of the "
        f"{cheap.label}, {_at_equal_cost(pair, costly)} What the {cheap.label} would have reached "
        f"at the cost of the {costly.label} is unknown, because it ended before."
    )


def _at_equal_cost(pair: PairReport, costly: Side) -> str:
    versus, rerun = pair.versus, pair.equal_cost
    at_cost = pair.at_the_others_cost[versus.sides.index(costly)]
    found = at_cost.incumbent
    if found is None:
        return "none of its evaluations had finished."
    if at_cost.is_last:
        return (
            "it already had its final incumbent, which is re-run above, so the comparison of the "
            "re-runs is also a comparison at equal cost."
        )
    signal = costly.signal
    then, last = (with_unit(number(one.score, signal), signal) for one in (found, costly.incumbent))
    text = (
        f"its best was {found.configuration}, observed at {then} on {found.epochs} "
        f"epochs. Its final incumbent ({last} on {costly.incumbent.epochs} epochs) came later, so "
        "the comparison of the re-runs above is not at equal cost. "
    )
    if at_cost.scores == 1:
        text += "The observed score was the only one on that budget"
    else:
        best, bias = ("highest", "high") if signal.direction > 0 else ("lowest", "low")
        text += (
            f"The observed score is the {best} of {at_cost.scores}, so it is probably too {bias}"
        )
    if rerun is None:
        return f"{text}; the configuration was not re-run."
    gain, wins = rerun.contrast.difference, rerun.contrast.probability
    other, reference = versus.sides
    return (
        f"{text}; re-run, the configuration has a mean of "
        f"{with_unit(interval(rerun.objective, signal), signal)} (n = {rerun.objective.n}) in the "
        f"same {'PSNR' if signal.is_psnr else 'signal'}. At equal cost "
        f"{which_is_higher(gain, wins, versus)}: the mean architecture PSNRs differ by "
        f"{signed(gain, versus.level)}, {reference.study.objective} minus {other.study.objective}; "
        f"one run of the {reference.label}'s configuration beats one of the {other.label}'s with "
        f"probability {probability(wins, versus.level)}, n = {wins.n_a} and {wins.n_b}."
        f"{crashed_text(rerun.crashed, 're-runs', versus)}"
    )


def other_problem(report: ComparisonReport) -> Answer | None:
    """Answer whether the order holds on the other problem; None if nothing ran there."""
    lines = of_pairs(report, [_crossed_text(pair) for pair in report.pairs])
    if not lines:
        return None
    judged = sum(
        pair.crossed is not None and pair.crossed.contrast.difference.n >= LEAST
        for pair in report.pairs
    )
    return Answer(OTHER_PROBLEM, lines, judged, report.comparison.level)


def _crossed_text(pair: PairReport) -> str | None:
    crossed, versus = pair.crossed, pair.versus
    if crossed is None:
        return None
    gain, wins = crossed.contrast.difference, crossed.contrast.probability
    here, there = higher(versus.gain, versus.improvement), higher(gain, wins)
    text = f"on {crossed.problem} {which_is_higher(gain, wins, versus)}"
    if here and there:
        text += ", as here" if here == there else ", the reverse of the order here"
    other, reference = versus.sides
    return (
        f"Run there with the same settings, {text}: difference {signed(gain, versus.level)} "
        f"(n = {crossed.reference.mean.n} and {crossed.other.mean.n}); one run of the "
        f"{reference.label}'s incumbent beats one of the {other.label}'s with probability "
        f"{probability(wins, versus.level)}.{crashed_text(crossed.crashed, 'runs there', versus)}"
    )


def source(report: ComparisonReport) -> Answer | None:
    """Answer where the difference comes from; None if nothing was exchanged."""
    lines = of_pairs(report, [_source_text(pair) for pair in report.pairs])
    if not lines:
        return None
    judged = sum(
        3 for pair in report.pairs if pair.exchange is not None and _architectures(pair) >= LEAST
    )
    return Answer(SOURCE, lines, judged, report.comparison.level)


def _architectures(pair: PairReport) -> int:
    """Return the smaller number of architectures of both studies that were trained twice."""
    found = pair.exchange
    return 0 if found is None else min(found.final_final.n, found.other_other.n)


def _source_text(pair: PairReport) -> str | None:
    found, level = pair.exchange, pair.versus.level
    if found is None:
        return None
    architectures, training = sign(found.architecture_effect), sign(found.training_effect)
    n = _architectures(pair)
    match (architectures != 0, training != 0):
        case _ if n < LEAST:
            text = f"The answer is {undecided(n)}"
        case (True, True) if architectures == training:
            text = "Both the architectures and the training of the weights matter, the same way"
        case (True, True):
            text = "The architectures and the training of the weights matter, in opposite ways"
        case (True, False):
            text = "The architectures matter; no effect of the training of the weights is shown"
        case (False, True):
            text = "The training of the weights matters; no effect of the architectures is shown"
        case _:
            text = "No effect of either is shown"
    shared = ""
    if sign(found.interaction):
        shared = (
            f" The two do not simply add up: interaction {signed(found.interaction, level)}, so "
            "the effect of the training depends on the architectures."
        )
    return (
        f"{text}: the {pair.versus.reference.label}'s architectures bring "
        f"{signed(found.architecture_effect, level)}, its param_* bring "
        f"{signed(found.training_effect, level)} (n = {found.final_final.n} and "
        f"{found.other_other.n} architectures).{shared}"
    )
