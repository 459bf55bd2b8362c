"""Answers of a comparison in words, each derived from its figures by a stated rule.

The rules are in `results.comparison.rules`. They depend only on intervals, or on how rare a score
is by chance. So a result that chance can explain is seldom called a difference:
``benchmarks/calibration.py`` measures how often. "Undecided" is a possible answer, and the only one
if there are too few runs.
"""

import math
from collections.abc import Sequence

from results.comparison import against
from results.comparison.answer import Answer, Line, capital, of_sides
from results.comparison.numbers import interval, number, percent, signed, with_unit
from results.comparison.report import ComparisonReport, StandIn
from results.comparison.rules import CLOSE, SIGNALS, SMALL_BUDGETS, STAND_IN, WINNERS_CURSE, Rule
from results.comparison.sides import Side
from results.comparison.table import as_high, undecided
from results.stats.correlations import Correlations
from results.stats.estimates import LEAST, LEVEL, Estimate


def answers(report: ComparisonReport) -> tuple[Answer, ...]:
    """Return the answers of a report, the main question first, for the questions that have runs."""
    return tuple(
        answer
        for answer in (
            against.which_is_better(report),
            against.costs(report),
            _one_shot(report),
            _signals(report),
            _winners_curse(report),
            _small_budgets(report),
            against.other_problem(report),
            against.source(report),
        )
        if answer is not None
    )


def accounting(answers: Sequence[Answer]) -> str:
    """Return how many false verdicts to expect among all verdicts of a comparison."""
    main = answers[0]
    judged = sum(answer.judged for answer in answers)
    if judged == 0:
        return "There are too few runs for any verdict."
    if judged == 1:
        return f"There is one verdict, at the {percent(1 - LEVEL)} level."
    if main.level == LEVEL:
        levels = f", each at its own {percent(1 - LEVEL)} level."
    else:
        levels = (
            f". Those against the final study are at the {percent(1 - main.level)} level each, so "
            f"that those of one kind have the {percent(1 - LEVEL)} level together; all others are "
            f"at their own {percent(1 - LEVEL)} level each."
        )
    expected = sum(answer.judged * (1 - answer.level) for answer in answers)
    none = math.prod(answer.level**answer.judged for answer in answers)
    return (
        f"There are {judged} verdicts{levels} If nothing differed, about {expected:.1f} of them "
        f"would be false, and at least one in {1 - none:.0%} of such comparisons (if the verdicts "
        "were independent)."
        f"{' The answer to the first question is the main one.' if main.judged else ''}"
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


def _one_shot(report: ComparisonReport) -> Answer:
    found = report.one_shot
    over = _over(found, "the two scores")
    parts = [_within(side, each) for side, each in found.within]
    if len(report.pairs) == 1:
        return _stand_in(STAND_IN, [found], (_sentence([over, *parts]),))
    whole = (_sentence([over]),) if over else ()
    return _stand_in(STAND_IN, [found], (*whole, *of_sides(report, [f"{p}." for p in parts], "")))


def _signals(report: ComparisonReport) -> Answer | None:
    """Answer for what studies were tuned on, other than the one-shot score."""
    lines = []
    for found in report.signals:
        both = f"the {found.signal.label} and the architecture PSNR"
        parts = [_over(found, both), *(_within(side, each) for side, each in found.within)]
        text = str(_sentence(parts)) if any(parts) else "It was not recorded."
        if found.signal.direction < 0:
            text += " A low value is good, so it counts with the opposite sign."
        lines.append(Line(text, found.signal.objective if len(report.pairs) > 1 else ""))
    return _stand_in(SIGNALS, report.signals, tuple(lines)) if lines else None


def _over(found: StandIn, both: str) -> str:
    if found.over_configurations is None:
        return ""
    over = found.over_configurations.spearman
    return (
        f"over the configurations of the final study, {both} {_agreement(over)} "
        f"(Spearman {interval(over)}, n = {over.n} on the largest budget)"
    )


def _within(side: Side, found: Correlations) -> str:
    within = found.spearman
    return (
        f"within the re-runs of the {side.label}'s incumbent, where only the seed differs, they "
        f"{_agreement(within)} (Spearman {interval(within)}, n = {within.n})"
    )


def _sentence(parts: Sequence[str]) -> Line:
    return Line(f"{capital('; '.join(part for part in parts if part))}.")


def _stand_in(rule: Rule, found: Sequence[StandIn], lines: tuple[Line, ...]) -> Answer:
    every = [
        correlations
        for each in found
        for correlations in (each.over_configurations, *(within for _, within in each.within))
        if correlations is not None
    ]
    judged = sum(closeness(each.spearman) not in ("few", "constant") for each in every)
    return Answer(rule, lines, judged)


def _winners_curse(report: ComparisonReport) -> Answer:
    sides = report.comparison.sides
    judged = sum(side.curse.verdict != "few" for side in sides)
    return Answer(WINNERS_CURSE, of_sides(report, [_curse(side) for side in sides], " "), judged)


def _curse(side: Side) -> str:
    curse, mean, signal = side.curse, side.objective_mean, side.signal
    text = f"observed {with_unit(number(signal.direction * curse.observed, signal), signal)}"
    extreme = "high" if signal.direction > 0 else "low"
    if curse.verdict == "few":
        judged = f"has too few re-runs for an answer ({undecided(curse.n, curse.needed)})"
    else:
        cursed = curse.verdict == "cursed"
        chance = f"was as {extreme} as chance gives"
        judged = "was too good, the winner's curse" if cursed else chance
        text += f", at least as {extreme} by chance: {as_high(curse)}"
    if not mean.n:
        return f"The {side.label}'s incumbent {judged}: {text}."
    return (
        f"The {side.label}'s incumbent {judged}: {text}. Observed minus mean of re-runs: "
        f"{signed(side.gap, signal=signal)}, mean {with_unit(interval(mean, signal), signal)} "
        f"(n = {mean.n})."
    )


def _small_budgets(report: ComparisonReport) -> Answer:
    every = [ranking.spearman for of_side in report.rankings for ranking in of_side]
    judged = sum(closeness(one) not in ("few", "constant") for one in every)
    if not judged:
        text = (
            f"Undecided: no smaller budget has {LEAST} configurations in common with the largest."
        )
        return Answer(SMALL_BUDGETS, (Line(text),), 0)
    parts = [
        "; ".join(
            f"in the {side.label}, the scores on {ranking.small} and {ranking.large} epochs "
            f"{_agreement(ranking.spearman)} (Spearman {interval(ranking.spearman)}, "
            f"n = {ranking.spearman.n})"
            for ranking in of_side
        )
        for side, of_side in zip(report.comparison.sides, report.rankings, strict=True)
    ]
    *first, last = of_sides(report, parts, "; ")
    note = (
        "Only configurations that ran on both budgets count, and these did well on the small one: "
        "over all configurations, the ranks would agree better."
    )
    if not first:
        return Answer(SMALL_BUDGETS, (Line(f"{last.text}. {note}"),), judged)
    lines = [Line(f"{line.text}.", line.study) for line in (*first, last)]
    return Answer(SMALL_BUDGETS, (*lines, Line(note)), judged)
