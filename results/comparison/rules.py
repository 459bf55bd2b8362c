"""The rules by which a comparison answers its questions, as text."""

from dataclasses import dataclass
from typing import Final

from results.analysis.cost import HESSIAN_NOT_COUNTED
from results.stats.estimates import LEAST
from results.stats.winners_curse import MIN_RERUNS, RARE_SHARE

CLOSE: Final = 0.5
"""Rank correlation above which two scores agree closely."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A question about the studies, and the rule that answers it."""

    question: str
    text: str


_CLOSENESS_RULE = (
    "By the 95% interval of Spearman's correlation, they agree closely if it lies above "
    f"{CLOSE:g}; weakly if it lies between 0 and {CLOSE:g}; weakly or not at all if it contains 0 "
    f"and ends below {CLOSE:g}; they disagree if it lies below 0. Otherwise the answer is "
    f"undecided, as with fewer than {LEAST} pairs. The interval is that of Bonett and Wright "
    "(2000)."
)

SEVERAL: Final = (
    "If k other studies are compared with the final one, the intervals that decide have the "
    "coverage 1 − 5%/k instead of 95% (Bonferroni), so that the k verdicts have the 5% level "
    "together."
)
"""Rule for more than two studies."""

WHICH_IS_BETTER: Final = Rule(
    "Which objective's incumbent gives the better architectures?",
    "Each study is compared with the final study, the reference. "
    "An incumbent is better if two conditions are met: the 95% interval of the difference of the "
    "mean architecture PSNRs lies entirely on its side of 0, and the 95% interval of the "
    "probability that one of its runs wins lies entirely above ½. Otherwise the answer is "
    f"undecided, as with fewer than {LEAST} re-runs of one of them. A run that crashed has no "
    "PSNR: the means leave it out, and in the probability it loses against any run that has one. "
    "If both studies have the same incumbent, the re-runs cannot compare the objectives. "
    f"{SEVERAL}",
)
EQUAL_COST: Final = Rule(
    "What did each study cost, and what did the more expensive one have at the other's cost?",
    "The cost of an evaluation is its epochs times its trials for the search, and what the study's "
    "objective trains after it: the same again for final and second-final, the epochs of the short "
    "retraining for short, nothing for any other. A crashed evaluation has the cost of "
    "a finished one; a lost one costs nothing. Measured seconds do not count. "
    f"{HESSIAN_NOT_COUNTED} Evaluations count in "
    "the order in which they were submitted, as long as the total stays within the cost of the "
    "cheaper study. The best configuration by then has the best observed score on the largest "
    "budget by then. This score is the best of several, so it is probably too good. If the "
    "configuration is the last incumbent of the more expensive study, the comparison of the "
    "re-runs is also a comparison at equal cost. Otherwise the configuration is re-run as often as "
    "the incumbents, and the rule of the question above decides which one is better at equal cost. "
    "Each study is compared with the final one in this way. "
    "What the cheaper study would have reached at the cost of the more expensive one is unknown, "
    "because it ended before.",
)
STAND_IN: Final = Rule(
    "Is the one-shot score a faithful stand-in for the score of the architecture?",
    "Both PSNRs are compared over the configurations of the final study on its largest budget, "
    "each aggregated over the trials of the configuration as in the study, and within the re-runs "
    f"of each incumbent. {_CLOSENESS_RULE}",
)
SIGNALS: Final = Rule(
    "Are the other objectives faithful stand-ins for the score of the architecture?",
    "This is asked of every objective other than one-shot and final. It is compared with the "
    "architecture PSNR over the configurations of the final study on its largest budget, if it was "
    "recorded there, and within the re-runs of the incumbents of its studies and of the final one. "
    "If low values are good, it counts with the opposite sign. The rule of the question above "
    "decides. The command dartboard signals judges a signal on more runs.",
)
WINNERS_CURSE: Final = Rule(
    "Were the observed scores of the incumbents too good?",
    "The observed score of an incumbent is compared with the scores that evaluations of equally "
    "many seeds reach by chance, in what its study was tuned on. With one seed, it is "
    "compared with each re-run. With several seeds, it is compared with 10,000 groups drawn from "
    "the re-runs and aggregated as in the study; each drawn value is put back twice, because the "
    "re-runs are a sample themselves. The score is too good (the winner's curse) if fewer than "
    f"{RARE_SHARE:.1%} of these scores are at least as good; otherwise chance explains it. With "
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
    "The rule of the first question decides which incumbent is better there. The other problem "
    "of blur is downsampling, and that of downsampling is blur; a custom problem has no other "
    "problem.",
)
SOURCE: Final = Rule(
    "Where does the difference come from: the architectures, or the training of the weights?",
    "The architectures of each incumbent's re-runs are trained with the param_* of both "
    "incumbents of a pair. An effect is final minus the other, averaged over both levels of the "
    "other factor. An effect or an interaction is shown if its 95% interval (with several pairs, "
    "of the coverage above) excludes 0; with fewer than "
    f"{LEAST} architectures of a study, all are undecided. The effect of the training is computed "
    "within pairs of equal architectures.",
)
INTERVALS: Final = (
    "The interval of a difference contains the differences that a randomization test does not "
    "reject at its level, 5% or 5%/k: a permutation of the runs of both incumbents, or, within "
    "pairs of equal architectures, an exchange of their two trainings. So it excludes 0 if, and "
    "only if, the test does. The interval of the probability that one run beats another is "
    "Newcombe's (2006, method 5). The other intervals describe one setting and decide nothing: "
    "they are percentiles of a "
    f"bootstrap, expanded for few values (Hesterberg 2015). With fewer than {LEAST} values there "
    "is no interval and no verdict. If the scores of two settings have one distribution, a verdict "
    "says otherwise in about 5% of cases, for few runs and for scores that are skewed or have "
    "failures, too. If only their means are equal, because one of them fails now and then, 5 runs "
    "say otherwise in up to 30% of cases, and 16 in up to 10%. That is the level of each single "
    "verdict; of those against the final study, it is the level of the verdicts of all studies "
    "together. There is no correction for the number of questions: the number of verdicts stands "
    "below the answers with the number of false ones to expect."
)
"""Note on all intervals, below the rules."""


def rules() -> list[Rule]:
    """Return the rules of all questions, in the order of the answers."""
    return [
        WHICH_IS_BETTER,
        EQUAL_COST,
        STAND_IN,
        SIGNALS,
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
