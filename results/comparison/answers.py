"""Answers of a comparison in words, each derived from its figures by a stated rule.

The rules are in `results.comparison.rules`. They depend only on 95% intervals, or on how rare a
score is by chance. So a result that chance can explain is seldom called a difference:
``benchmarks/calibration.py`` measures how often. "Undecided" is a possible answer, and the only one
if there are too few runs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from results.analysis.cost import Reached
from results.comparison.report import ComparisonReport
from results.comparison.rules import (
    CLOSE,
    EQUAL_COST,
    OTHER_PROBLEM,
    SMALL_BUDGETS,
    SOURCE,
    STAND_IN,
    WHICH_IS_BETTER,
    WINNERS_CURSE,
    Rule,
)
from results.comparison.sides import Side
from results.comparison.table import (
    as_high,
    crashed_text,
    higher,
    interval,
    probability,
    signed,
    undecided,
    verdict,
    which_is_higher,
)
from results.stats.estimates import LEAST, LEVEL, Estimate


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question about two studies."""

    rule: Rule
    text: str
    judged: int
    """Number of verdicts for which there were enough runs."""

    @property
    def question(self) -> str:
        """The question that is answered."""
        return self.rule.question


def answers(report: ComparisonReport) -> tuple[Answer, ...]:
    """Return the answers of a report, the main question first, for the questions that have runs."""
    return tuple(
        answer
        for answer in (
            _which_is_better(report),
            _costs(report),
            _stand_in(report),
            _winners_curse(report),
            _small_budgets(report),
            _other_problem(report),
            _source(report),
        )
        if answer is not None
    )


def accounting(answers: Sequence[Answer]) -> str:
    """Return how many false verdicts to expect among all verdicts of a comparison."""
    main = answers[0].judged > 0
    judged = sum(answer.judged for answer in answers)
    if judged == 0:
        return "There are too few runs for any verdict."
    if judged == 1:
        return f"There is one verdict, at the {1 - LEVEL:.0%} level."
    return (
        f"There are {judged} verdicts, each at its own {1 - LEVEL:.0%} level. If nothing differed, "
        f"about {judged * (1 - LEVEL):.1f} of them would be false, and at least one in "
        f"{1 - LEVEL**judged:.0%} of such comparisons (if the verdicts were independent)."
        f"{' The answer to the first question is the main one.' if main else ''}"
    )


def closeness(correlation: Estimate) -> str:
    """Return how closely two rankings agree, by the interval of their correlation alone.

    Args:
        correlation: Spearman's correlation with its interval.

    Returns:
        ``closely`` if the interval lies above `CLOSE`; ``weakly`` if it lies between 0 and `CLOSE`;
        ``somewhat`` if it lies above 0 and contains `CLOSE`; ``hardly`` if it contains 0 and ends
        below `CLOSE`; ``inversely`` if it lies below 0; otherwise ``undecided``. ``few`` if there
        are fewer than `LEAST` pairs; ``constant`` if a score has one value only.
    """
    low, high = correlation.low, correlation.high
    if correlation.n < LEAST:
        return "few"
    if math.isnan(low):
        return "constant"
    if low >= CLOSE:
        return "closely"
    if low > 0:
        return "weakly" if high < CLOSE else "somewhat"
    if high < 0:
        return "inversely"
    return "hardly" if high < CLOSE else "undecided"


def sign(difference: Estimate) -> int:
    """Return 1 or −1 if the interval of a difference lies on that side of 0, otherwise 0."""
    return int(difference.low > 0) - int(difference.high < 0)


_CLOSENESS = {
    "closely": "agree closely",
    "somewhat": "agree, but it is undecided how closely",
    "weakly": "agree only weakly",
    "hardly": "agree weakly or not at all",
    "inversely": "disagree: the higher the one, the lower the other",
    "undecided": "may agree or not: the interval leaves it undecided",
}


def _agreement(correlation: Estimate) -> str:
    word = closeness(correlation)
    if word == "few":
        return f"have too few pairs for an answer ({undecided(correlation.n)})"
    if word == "constant":
        return "cannot be compared, because one of them is the same everywhere"
    return _CLOSENESS[word]


def _which_is_better(report: ComparisonReport) -> Answer:
    found = report.comparison
    judged = not found.same_incumbent and found.gain.n >= LEAST
    return Answer(WHICH_IS_BETTER, verdict(found), int(judged))


def _costs(report: ComparisonReport) -> Answer:
    rerun = report.equal_cost
    judged = rerun is not None and rerun.contrast.difference.n >= LEAST
    return Answer(EQUAL_COST, _costs_text(report), int(judged))


def _costs_text(report: ComparisonReport) -> str:
    """Describe what each study cost, and what the more expensive one had at the other's cost."""
    sides = report.comparison.sides
    costly, cheap = sorted(sides, key=lambda side: side.cost.epochs, reverse=True)
    seconds = f"{costly.cost.seconds:,.0f} s against {cheap.cost.seconds:,.0f} s on the workers"
    if costly.cost.epochs == cheap.cost.epochs:
        return (
            f"Both studies cost {costly.cost.epochs:,} epochs × trials ({seconds}), so the "
            "comparison of the re-runs is also a comparison at equal cost."
        )
    at_cost = report.at_the_others_cost[sides.index(costly)]
    ratio = costly.cost.epochs / cheap.cost.epochs if cheap.cost.epochs else math.nan
    one, other = f"{costly.study.objective} study", f"{cheap.study.objective} study"
    return (
        f"The {one} cost {ratio:.2f} times as many epochs × trials as the {other} "
        f"({costly.cost.epochs:,} against {cheap.cost.epochs:,}; {seconds}). At the cost of the "
        f"{other}, {_at_equal_cost(report, costly, at_cost)} What the {other} would have reached "
        f"at the cost of the {one} is unknown, because it ended before."
    )


def _at_equal_cost(report: ComparisonReport, costly: Side, at_cost: Reached) -> str:
    found, rerun = at_cost.incumbent, report.equal_cost
    if found is None:
        return "none of its evaluations had finished."
    if at_cost.is_last:
        return (
            "it already had its final incumbent, which is re-run above, so the comparison of the "
            "re-runs is also a comparison at equal cost."
        )
    text = (
        f"its best was {found.configuration}, observed at {found.score:.2f} dB on {found.epochs} "
        f"epochs. Its final incumbent ({costly.incumbent.score:.2f} dB on "
        f"{costly.incumbent.epochs} epochs) came later, so the comparison of the re-runs above is "
        "not at equal cost. "
    )
    if at_cost.scores == 1:
        text += "The observed score was the only one on that budget"
    else:
        text += f"The observed score is the highest of {at_cost.scores}, so it is probably too high"
    if rerun is None:
        return f"{text}; the configuration was not re-run."
    gain, wins = rerun.contrast.difference, rerun.contrast.probability
    return (
        f"{text}; re-run, the configuration has a mean of {interval(rerun.objective)} dB "
        f"(n = {rerun.objective.n}) in the same PSNR. At equal cost {which_is_higher(gain, wins)}: "
        f"the mean architecture PSNRs differ by {signed(gain)}, final minus one-shot; one run of "
        f"the final study's configuration beats one of the one-shot study's with probability "
        f"{probability(wins)}, n = {wins.n_a} and {wins.n_b}."
        f"{crashed_text(rerun.crashed, 're-runs')}"
    )


def _stand_in(report: ComparisonReport) -> Answer:
    parts, judged = [], [within.spearman for within in report.within]
    if report.over_configurations is not None:
        over = report.over_configurations.spearman
        judged.append(over)
        parts.append(
            f"over the configurations of the final study, the two scores "
            f"{_agreement(over)} (Spearman {interval(over)}, n = {over.n} on the largest "
            "budget)"
        )
    for side, within in zip(report.comparison.sides, report.within, strict=True):
        inside = within.spearman
        parts.append(
            f"within the re-runs of the {side.study.objective} study's incumbent, where only the "
            f"seed differs, they {_agreement(inside)} (Spearman {interval(inside)}, "
            f"n = {inside.n})"
        )
    text = "; ".join(parts)
    enough = sum(closeness(one) not in ("few", "constant") for one in judged)
    return Answer(STAND_IN, f"{text[0].upper()}{text[1:]}.", enough)


_CURSE = {
    "cursed": "was too good, the winner's curse",
    "chance": "was as high as chance gives",
}


def _winners_curse(report: ComparisonReport) -> Answer:
    sides = report.comparison.sides
    judged = sum(side.curse.verdict != "few" for side in sides)
    return Answer(WINNERS_CURSE, " ".join(_curse(side) for side in sides), judged)


def _curse(side: Side) -> str:
    curse, mean = side.curse, side.objective_mean
    text = f"observed {curse.observed:.2f} dB"
    if curse.verdict == "few":
        judged = f"has too few re-runs for an answer ({undecided(curse.n, curse.needed)})"
    else:
        judged = _CURSE[curse.verdict]
        text += f", at least as high by chance: {as_high(curse)}"
    return (
        f"The {side.study.objective} study's incumbent {judged}: {text}. Observed minus "
        f"mean of re-runs: {signed(side.gap)}, mean {interval(mean)} dB (n = {mean.n})."
    )


def _small_budgets(report: ComparisonReport) -> Answer:
    found = [
        (side, ranking)
        for side, of_side in zip(report.comparison.sides, report.rankings, strict=True)
        for ranking in of_side
    ]
    judged = [closeness(ranking.spearman) not in ("few", "constant") for _, ranking in found]
    if not any(judged):
        text = (
            f"Undecided: no smaller budget has {LEAST} configurations in common with the largest."
        )
        return Answer(SMALL_BUDGETS, text, 0)
    text = "; ".join(
        f"in the {side.study.objective} study, the scores on {ranking.small} and {ranking.large} "
        f"epochs {_agreement(ranking.spearman)} (Spearman {interval(ranking.spearman)}, "
        f"n = {ranking.spearman.n})"
        for side, ranking in found
    )
    return Answer(
        SMALL_BUDGETS,
        f"{text[0].upper()}{text[1:]}. Only configurations that ran on both budgets count, and "
        "these did well on the small one: over all configurations, the ranks would agree better.",
        sum(judged),
    )


def _other_problem(report: ComparisonReport) -> Answer | None:
    crossed = report.crossed
    if crossed is None:
        return None
    comparison = report.comparison
    gain, wins = crossed.contrast.difference, crossed.contrast.probability
    here, there = higher(comparison.gain, comparison.improvement), higher(gain, wins)
    text = f"on {crossed.problem} {which_is_higher(gain, wins)}"
    if here and there:
        text += ", as here" if here == there else ", the reverse of the order here"
    return Answer(
        OTHER_PROBLEM,
        f"Run there with the same settings, {text}: difference {signed(gain)} "
        f"(n = {crossed.final.mean.n} and {crossed.one_shot.mean.n}); one run of the final study's "
        f"incumbent beats one of the one-shot study's with probability {probability(wins)}."
        f"{crashed_text(crossed.crashed, 'runs there')}",
        int(gain.n >= LEAST),
    )


def _source(report: ComparisonReport) -> Answer | None:
    found = report.exchange
    if found is None:
        return None
    architectures, training = sign(found.architecture_effect), sign(found.training_effect)
    n = min(found.final_final.n, found.one_shot_one_shot.n)
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
            f" The two do not simply add up: interaction {signed(found.interaction)}, so the "
            "effect of the training depends on the architectures."
        )
    return Answer(
        SOURCE,
        f"{text}: the final study's architectures bring {signed(found.architecture_effect)}, its "
        f"param_* bring {signed(found.training_effect)} (n = {found.final_final.n} and "
        f"{found.one_shot_one_shot.n} architectures).{shared}",
        3 if n >= LEAST else 0,
    )
