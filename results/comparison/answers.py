"""What a comparison says in words: each answer follows from its figures by a stated rule.

A rule looks at 95% intervals alone, or at how rare a score is by chance, so that what chance
explains is never called a difference; "undecided" is an answer. No rule corrects for there being
several of them.
"""

import math
from dataclasses import dataclass

from results.comparison.cost_answer import RULE, costs_in_words
from results.comparison.report import Report
from results.comparison.sides import Comparison, Side
from results.comparison.table import as_high, interval, signed, verdict
from results.stats.estimates import Estimate
from results.stats.winners_curse import MIN_RERUNS, RARE_SHARE

CLOSE = 0.5
"""From which rank correlation on two scores are called close."""
FEW = 10
"""Of fewer pairs a bootstrap says little: all resamples of a perfect ranking are perfect."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to one question, and the rule that gave it."""

    question: str
    text: str
    rule: str


def answers(report: Report) -> tuple[Answer, ...]:
    """Return what a report says, the main question first; what was not run is left out."""
    return tuple(
        answer
        for answer in (
            _which_is_better(report.comparison),
            _at_equal_cost(report),
            _stand_in(report),
            _winners_curse(report.comparison),
            _small_budgets(report),
            _elsewhere(report),
            _source(report),
        )
        if answer is not None
    )


def closeness(correlation: Estimate) -> str:
    """Say how two rankings go together, by the interval of their correlation alone.

    Args:
        correlation: Spearman's, with its interval.

    Returns:
        ``closely`` if the interval lies above `CLOSE`; ``weakly`` if above 0 and below `CLOSE`;
        ``somewhat`` if above 0 but across `CLOSE`; ``hardly`` if across 0 and below `CLOSE`;
        ``inversely`` if below 0; else ``undecided``; ``few`` if there are fewer than `FEW` pairs.
    """
    low, high = correlation.low, correlation.high
    if correlation.n < FEW:
        return "few"
    if math.isnan(low):
        return "undecided"
    if low >= CLOSE:
        return "closely"
    if low > 0:
        return "weakly" if high < CLOSE else "somewhat"
    if high < 0:
        return "inversely"
    return "hardly" if high < CLOSE else "undecided"


def sign(difference: Estimate) -> int:
    """Return 1 or −1 if a difference's interval lies on that side of 0, else 0."""
    return int(difference.low > 0) - int(difference.high < 0)


_CLOSENESS = {
    "closely": "agree closely",
    "somewhat": "agree, how closely is undecided",
    "weakly": "agree only weakly",
    "hardly": "agree weakly if at all",
    "inversely": "disagree: the higher one is, the lower is the other",
    "undecided": "may agree or not: the interval leaves it undecided",
    "few": "cannot be judged by so few",
}
_CLOSENESS_RULE = (
    "By the 95% interval of Spearman's correlation: closely if it lies above "
    f"{CLOSE:g}; weakly if between 0 and {CLOSE:g}; weakly if at all if it holds 0 and ends below "
    f"{CLOSE:g}; inversely if below 0; else how closely, or whether, is undecided. Fewer "
    f"than {FEW} pairs are not judged."
)


def _which_is_better(comparison: Comparison) -> Answer:
    return Answer(
        "Which objective's incumbent gives the better architectures?",
        verdict(comparison),
        "One is called higher if the 95% interval of the difference of the mean architecture "
        "PSNRs lies wholly on its side of 0, and that of the probability that one of its runs "
        "wins wholly above ½.",
    )


def _at_equal_cost(report: Report) -> Answer:
    return Answer(
        "What did each study cost, and what did the more expensive one have at the other's cost?",
        costs_in_words(report),
        RULE,
    )


def _stand_in(report: Report) -> Answer:
    parts = []
    if report.over_trials is not None:
        over = report.over_trials.spearman
        parts.append(
            f"Over the configurations of the final study the two scores "
            f"{_CLOSENESS[closeness(over)]} (Spearman {interval(over)}, n = {over.n} trials of the "
            "largest budget)"
        )
    for side, within in zip(report.comparison.sides, report.within, strict=True):
        inside = within.spearman
        parts.append(
            f"within the re-runs of the {side.study.objective} study's incumbent, where only the "
            f"seed differs, they {_CLOSENESS[closeness(inside)]} (Spearman {interval(inside)}, "
            f"n = {inside.n})"
        )
    said = "; ".join(parts)
    return Answer(
        "Is the one-shot score a faithful stand-in for the score of the architecture?",
        f"{said[0].upper()}{said[1:]}.",
        _CLOSENESS_RULE,
    )


def _winners_curse(comparison: Comparison) -> Answer:
    return Answer(
        "Were the observed scores of the incumbents too good?",
        " ".join(_curse(side) for side in comparison.sides),
        "An incumbent's observed score is set against what evaluations of as many seeds score by "
        "chance, in the PSNR that its study maximized: of one seed, "
        "against each re-run; of several, against 10,000 groups drawn from the re-runs, each value "
        "drawn put back twice because the re-runs are a sample themselves, and aggregated as in "
        "the study. It is too good, the winner's curse, if fewer "
        f"than {RARE_SHARE:.1%} of these score at least as high; else chance gives it. Fewer than "
        f"{MIN_RERUNS} re-runs are not judged (of a maximum over several seeds: {MIN_RERUNS} "
        "times as many as seeds). The interval of observed minus mean is that of the mean of the "
        "re-runs; it judges nothing, for single scores lie beside a mean of many by chance.",
    )


_CURSE = {
    "cursed": "was too good, the winner's curse",
    "chance": "was as high as chance gives",
    "few": "has too few re-runs to be judged",
}


def _curse(side: Side) -> str:
    curse, mean = side.curse, side.objective_mean
    return (
        f"The {side.study.objective} study's incumbent {_CURSE[curse.verdict]}: observed "
        f"{curse.observed:.2f} dB, at least as high by chance: {as_high(curse)}. Observed minus "
        f"mean of re-runs: {signed(side.gap)}, mean {interval(mean)} dB (n = {mean.n})."
    )


def _small_budgets(report: Report) -> Answer:
    parts = [
        f"in the {side.study.objective} study those of {ranking.small} and {ranking.large} epochs "
        f"{_CLOSENESS[closeness(ranking.spearman)]} (Spearman {interval(ranking.spearman)}, "
        f"n = {ranking.spearman.n})"
        for side, found in zip(report.comparison.sides, report.rankings, strict=True)
        for ranking in found
        if ranking.spearman.n >= FEW
    ]
    told = (
        f"Of the scores, {'; '.join(parts)}. Only configurations run on both budgets count, which "
        "did well on the small one: over all, ranks would agree better."
        if parts
        else f"No smaller budget has {FEW} configurations in common with the largest: too few to "
        "judge."
    )
    return Answer(
        "Do small budgets rank configurations as the large one does?", told, _CLOSENESS_RULE
    )


def _elsewhere(report: Report) -> Answer | None:
    crossed = report.crossed
    if crossed is None:
        return None
    here, there = sign(report.comparison.gain), sign(crossed.contrast.difference)
    if there == 0:
        said = f"on {crossed.problem} the two do not differ beyond chance"
    else:
        better = "final" if there > 0 else "one-shot"
        said = f"on {crossed.problem} the {better} study's incumbent is the better one"
        said += " as well" if here == there else ", the other way round" if here else ""
    wins = crossed.contrast.probability
    return Answer(
        "Does the order hold on the other problem?",
        f"Run there unchanged, {said}: difference {signed(crossed.contrast.difference)} "
        f"(n = {crossed.final.mean.n} and {crossed.one_shot.mean.n}); one run of the final "
        f"study's beats one of the other's with probability {wins.value:.2f} "
        f"(95%: {wins.low:.2f} to {wins.high:.2f}).",
        "One is called the better there if the 95% interval of the difference of the mean "
        "architecture PSNRs lies wholly on its side of 0.",
    )


def _source(report: Report) -> Answer | None:
    found = report.exchange
    if found is None:
        return None
    architectures, training = sign(found.architecture_effect), sign(found.training_effect)
    match (architectures != 0, training != 0):
        case (True, True) if architectures == training:
            said = "Both the architectures and the training of the weights matter, the same way"
        case (True, True):
            said = "The architectures and the training of the weights matter, in opposite ways"
        case (True, False):
            said = "The architectures matter; no effect of the training of the weights is shown"
        case (False, True):
            said = "The training of the weights matters; no effect of the architectures is shown"
        case _:
            said = "No effect is shown of either"
    shared = ""
    if sign(found.interaction):
        shared = (
            f" The two do not simply add up: interaction {signed(found.interaction)}, so what "
            "the training does depends on the architectures."
        )
    return Answer(
        "Where does the difference come from: the architectures, or the training of the weights?",
        f"{said}: the final study's architectures bring {signed(found.architecture_effect)}, its "
        f"param_* bring {signed(found.training_effect)} (n = {found.final_final.n} and "
        f"{found.one_shot_one_shot.n} architectures).{shared}",
        "The architectures of each incumbent's re-runs are trained with the param_* of both. An "
        "effect is final minus one-shot, averaged over both levels of the other factor; it is "
        "shown if its 95% interval leaves out 0.",
    )
