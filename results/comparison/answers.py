"""Answers of a comparison in words, each derived from its figures by a stated rule.

A rule depends only on 95% intervals, or on how rare a score is by chance. So a result that chance
can explain is never called a difference. "Undecided" is a possible answer.
"""

import math
from dataclasses import dataclass
from typing import Final

from results.analysis.cost import Reached
from results.comparison.report import ComparisonReport
from results.comparison.sides import Side
from results.comparison.table import HIGHER, as_high, higher, interval, signed, verdict
from results.stats.estimates import Estimate
from results.stats.winners_curse import MIN_RERUNS, RARE_SHARE

CLOSE: Final = 0.5
"""Rank correlation above which two scores agree closely."""
FEW: Final = 10
"""Number of pairs below which a correlation is not judged: a bootstrap says little about few pairs,
since every resample of a perfect ranking is perfect."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A question about two studies, and the rule that answers it."""

    question: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question about two studies."""

    rule: Rule
    text: str

    @property
    def question(self) -> str:
        """The question that is answered."""
        return self.rule.question


_CLOSENESS_RULE = (
    "By the 95% interval of Spearman's correlation, they agree closely if it lies above "
    f"{CLOSE:g}; weakly if it lies between 0 and {CLOSE:g}; weakly or not at all if it contains 0 "
    f"and ends below {CLOSE:g}; they disagree if it lies below 0. Otherwise the answer is "
    f"undecided. With fewer than {FEW} pairs there is no answer, because every resample of a small "
    "perfect ranking is perfect."
)

WHICH_IS_BETTER: Final = Rule(
    "Which objective's incumbent gives the better architectures?",
    "An incumbent is better if two conditions are met: the 95% interval of the difference of the "
    "mean architecture PSNRs lies entirely on its side of 0, and the 95% interval of the "
    "probability that one of its runs wins lies entirely above ½. If both studies have the same "
    "incumbent, the re-runs cannot compare the objectives.",
)
EQUAL_COST: Final = Rule(
    "What did each study cost, and what did the more expensive one have at the other's cost?",
    "The cost of an evaluation is its epochs times its trials for the search, and the same again "
    "for the retraining if the study's objective is final. A crashed evaluation has the cost of "
    "a finished one; a lost one costs nothing. Measured seconds do not count. Evaluations count in "
    "the order in which they ended, as long as the total stays within the cost of the cheaper "
    "study. The best configuration by then has the highest observed score on the largest budget by "
    "then. This score is the best of several, so it is probably too high. If the configuration is "
    "the last incumbent of the more expensive study, the comparison of the re-runs is also a "
    "comparison at equal cost. Otherwise the configuration is re-run as often as the incumbents, "
    "and the rule of the question above decides which one is better at equal cost. What the "
    "cheaper study would have reached at the cost of the more expensive one is unknown, because it "
    "ended before.",
)
STAND_IN: Final = Rule(
    "Is the one-shot score a faithful stand-in for the score of the architecture?",
    "Both PSNRs are compared over all retrained trials of the final study on its largest budget, "
    f"and within the re-runs of each incumbent. {_CLOSENESS_RULE}",
)
WINNERS_CURSE: Final = Rule(
    "Were the observed scores of the incumbents too good?",
    "The observed score of an incumbent is compared with the scores that evaluations of equally "
    "many seeds reach by chance, in the PSNR that its study maximized. With one seed, it is "
    "compared with each re-run. With several seeds, it is compared with 10,000 groups drawn from "
    "the re-runs and aggregated as in the study; each drawn value is put back twice, because the "
    "re-runs are a sample themselves. The score is too good (the winner's curse) if fewer than "
    f"{RARE_SHARE:.1%} of these scores are at least as high; otherwise chance explains it. With "
    f"fewer than {MIN_RERUNS} re-runs there is no answer (for a maximum over several seeds: with "
    f"fewer than {MIN_RERUNS} times the number of seeds). The interval of observed minus mean is "
    "that of the mean of the re-runs. It does not affect the answer, because a single score "
    "differs from the mean of many by chance.",
)
SMALL_BUDGETS: Final = Rule(
    "Do small budgets rank configurations as the large one does?",
    "Each smaller budget is compared with the largest over the configurations that ran on both. "
    "BOHB selected these because they did well on the small one; over all configurations, the "
    f"ranks would agree better. {_CLOSENESS_RULE}",
)
OTHER_PROBLEM: Final = Rule(
    "Does the order hold on the other problem?",
    "An incumbent is better there if the 95% interval of the difference of the mean architecture "
    "PSNRs lies entirely on its side of 0. The other problem of blur is downsampling, and that of "
    "downsampling is blur; a custom problem has no other problem.",
)
SOURCE: Final = Rule(
    "Where does the difference come from: the architectures, or the training of the weights?",
    "The architectures of each incumbent's re-runs are trained with the param_* of both "
    "incumbents. An effect is final minus one-shot, averaged over both levels of the other factor. "
    "An effect or an interaction is shown if its 95% interval excludes 0. The effect of the "
    "training is computed within pairs of equal architectures.",
)
INTERVALS: Final = (
    "Intervals of means, medians, differences and correlations are percentiles of a bootstrap; the "
    "interval of the probability that one run beats another is Newcombe's (2006, method 5). Each "
    "answer is given at its own 95% level: there is no correction for several answers."
)
"""Note on all intervals, below the rules."""


def rules() -> list[Rule]:
    """Return the rules of all questions, in the order of the answers."""
    return [
        WHICH_IS_BETTER,
        EQUAL_COST,
        STAND_IN,
        WINNERS_CURSE,
        SMALL_BUDGETS,
        OTHER_PROBLEM,
        SOURCE,
    ]


def rules_markdown() -> str:
    """Return the rules as Markdown: one section per question, then the note on intervals."""
    sections = [f"## {rule.question}\n\n{_markdown(rule.text)}\n" for rule in rules()]
    return "\n".join([*sections, f"## Intervals\n\n{INTERVALS}\n"])


def _markdown(text: str) -> str:
    return text.replace("param_*", "`param_*`")


def answers(report: ComparisonReport) -> tuple[Answer, ...]:
    """Return the answers of a report, the main question first, for the questions that have runs."""
    return tuple(
        answer
        for answer in (
            Answer(WHICH_IS_BETTER, verdict(report.comparison)),
            Answer(EQUAL_COST, _costs(report)),
            Answer(STAND_IN, _stand_in(report)),
            Answer(WINNERS_CURSE, " ".join(_curse(side) for side in report.comparison.sides)),
            Answer(SMALL_BUDGETS, _small_budgets(report)),
            _other_problem(report),
            _source(report),
        )
        if answer is not None
    )


def closeness(correlation: Estimate) -> str:
    """Return how closely two rankings agree, by the interval of their correlation alone.

    Args:
        correlation: Spearman's correlation with its interval.

    Returns:
        ``closely`` if the interval lies above `CLOSE`; ``weakly`` if it lies between 0 and `CLOSE`;
        ``somewhat`` if it lies above 0 and contains `CLOSE`; ``hardly`` if it contains 0 and ends
        below `CLOSE`; ``inversely`` if it lies below 0; otherwise ``undecided``. ``few`` if there
        are fewer than `FEW` pairs.
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
    """Return 1 or −1 if the interval of a difference lies on that side of 0, otherwise 0."""
    return int(difference.low > 0) - int(difference.high < 0)


_CLOSENESS = {
    "closely": "agree closely",
    "somewhat": "agree, but it is undecided how closely",
    "weakly": "agree only weakly",
    "hardly": "agree weakly or not at all",
    "inversely": "disagree: the higher the one, the lower the other",
    "undecided": "may agree or not: the interval leaves it undecided",
    "few": "have too few pairs to be judged",
}


def _costs(report: ComparisonReport) -> str:
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
        f"its best was {found.configuration}, observed at {found.psnr:.2f} dB on {found.epochs} "
        f"epochs. Its final incumbent ({costly.incumbent.psnr:.2f} dB on {costly.incumbent.epochs} "
        "epochs) came later, so the comparison of the re-runs above is not at equal cost. "
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
        f"(n = {rerun.objective.n}) in the same PSNR. At equal cost {HIGHER[higher(gain, wins)]}: "
        f"the mean architecture PSNRs differ by {signed(gain)}, final minus one-shot; one run of "
        f"the final study's configuration beats one of the one-shot study's with probability "
        f"{wins.value:.2f} (95%: {wins.low:.2f} to {wins.high:.2f}), n = {wins.n_a} and "
        f"{wins.n_b}."
    )


def _stand_in(report: ComparisonReport) -> str:
    parts = []
    if report.over_trials is not None:
        over = report.over_trials.spearman
        parts.append(
            f"over the configurations of the final study, the two scores "
            f"{_CLOSENESS[closeness(over)]} (Spearman {interval(over)}, n = {over.n} trials on the "
            "largest budget)"
        )
    for side, within in zip(report.comparison.sides, report.within, strict=True):
        inside = within.spearman
        parts.append(
            f"within the re-runs of the {side.study.objective} study's incumbent, where only the "
            f"seed differs, they {_CLOSENESS[closeness(inside)]} (Spearman {interval(inside)}, "
            f"n = {inside.n})"
        )
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


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


def _small_budgets(report: ComparisonReport) -> str:
    parts = [
        f"in the {side.study.objective} study, the scores on {ranking.small} and {ranking.large} "
        f"epochs {_CLOSENESS[closeness(ranking.spearman)]} (Spearman {interval(ranking.spearman)}, "
        f"n = {ranking.spearman.n})"
        for side, found in zip(report.comparison.sides, report.rankings, strict=True)
        for ranking in found
        if ranking.spearman.n >= FEW
    ]
    if not parts:
        return (
            f"No smaller budget has {FEW} configurations in common with the largest: too few to "
            "judge."
        )
    text = "; ".join(parts)
    return (
        f"{text[0].upper()}{text[1:]}. Only configurations that ran on both budgets count, and "
        "these did well on the small one: over all configurations, the ranks would agree better."
    )


def _other_problem(report: ComparisonReport) -> Answer | None:
    crossed = report.crossed
    if crossed is None:
        return None
    here, there = sign(report.comparison.gain), sign(crossed.contrast.difference)
    if there == 0:
        text = f"on {crossed.problem} the two do not differ beyond chance"
    else:
        better = "final" if there > 0 else "one-shot"
        text = f"on {crossed.problem} the {better} study's incumbent is the better one"
        text += ", as here" if here == there else ", the reverse of the order here" if here else ""
    wins = crossed.contrast.probability
    return Answer(
        OTHER_PROBLEM,
        f"Run there with the same settings, {text}: difference "
        f"{signed(crossed.contrast.difference)} (n = {crossed.final.mean.n} and "
        f"{crossed.one_shot.mean.n}); one run of the final study's incumbent beats one of the "
        f"one-shot study's with probability {wins.value:.2f} (95%: {wins.low:.2f} to "
        f"{wins.high:.2f}).",
    )


def _source(report: ComparisonReport) -> Answer | None:
    found = report.exchange
    if found is None:
        return None
    architectures, training = sign(found.architecture_effect), sign(found.training_effect)
    match (architectures != 0, training != 0):
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
    )
