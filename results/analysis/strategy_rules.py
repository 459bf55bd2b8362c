"""The rules by which strategies are compared, as text."""

from typing import Final

from results.analysis.strategies import REFERENCE
from results.stats.estimates import LEAST

RULES: Final = {
    "What is compared?": (
        "Strategies that search for one architecture in one space, each several times, with "
        "trainings of equal number and length. All trainings of one repetition start from one "
        "seed, for all strategies. The best distinct architectures of each search are then trained "
        "from fresh seeds, the same ones for all. Those fresh scores count: a score of the search "
        "has chosen the architecture, so it is too high (the winner's curse); it also has the luck "
        "of the one seed of its repetition. Trainings from fresh seeds that crashed have no score: "
        "means leave them out, and the report has their number."
    ),
    "Which intervals?": (
        "Each search has a score with each fresh seed, so the scores are crossed: those of one "
        "seed resemble each other, and so do those of one search. An interval for the scores of "
        "other searches that uses the same seeds would be too short for other seeds. The interval "
        "holds for both: the variance of the mean is the sum of the mean squares of searches and "
        "seeds minus that of the rest, with Student's t and Satterthwaite's degrees of freedom. "
        "The architectures of one search are averaged before; a seed with which none of them has "
        "a score in some search is left out."
    ),
    "Is a strategy better than random search?": (
        "The fresh scores are paired: differences of architectures of equal repetition, rank and "
        f"seed. A strategy is better than {REFERENCE} if the interval of their mean lies above 0, "
        "and lower if it lies below 0. Otherwise the answer is undecided, as with fewer than "
        f"{LEAST} repetitions or fresh seeds. The statement is about the mean of the best "
        "architectures of a search, not about its single best one."
    ),
    "How are strategies judged together?": (
        "If m strategies have a verdict, the intervals that decide have the coverage 1 − 5%/m "
        "instead of 95% (Bonferroni), so that the m verdicts have the 5% level together. There is "
        "no correction for the number of spaces and problems. The other intervals are 95% and "
        "decide nothing."
    ),
}
"""The rule that answers each question."""


def rules_markdown() -> str:
    """Return the rules as Markdown, one section per question."""
    return "\n".join(f"## {question}\n\n{text}\n" for question, text in RULES.items())
