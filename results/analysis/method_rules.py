"""The rules by which methods are compared, as text."""

from typing import Final

from results.stats.estimates import LEAST

RULES: Final = {
    "Which methods are compared?": (
        "The conditions of a campaign that differ in their method only: one problem, search space, "
        "operation set, number of epochs and set of hyperparameters, with equal settings. A method "
        "that trains without a search uses only the `param_*` of the hyperparameters, and stands "
        "next to those with the same name. Crashed trials have no score: means leave them out, "
        "and the table has their number."
    ),
    "Is a method better than DARTS?": (
        "It is higher if the interval of the difference of the mean final scores lies above 0, and "
        "lower if it lies below 0. Otherwise the answer is undecided, as with fewer than "
        f"{LEAST} runs of either. The interval contains the differences that a permutation test of "
        "the runs does not reject."
    ),
    "Is a method better than random architectures at equal cost?": (
        "The cost of a run is the number of its epochs: those of all its searches, of the short "
        "retrainings that choose among them, of scores (three scored batches count as one step), "
        "and of the final training. A random architecture costs its training. For the cost of a "
        "run of the method, k random architectures can be trained (rounded down, at least 1). The "
        "reference is the expected best of k, over all subsets of k random runs. The random runs, "
        "in their order, are divided into searches of k, whose bests are compared with the runs of "
        "the method by a permutation test; the interval is centered on the difference from the "
        f"mean over all subsets. With fewer than {LEAST} such searches, or {LEAST} runs, there is "
        "no verdict. A best of k is chosen by the final score itself, which no method that "
        "searches has seen: it is what the same epochs buy without a search."
    ),
    "Is selecting among several searches more than that?": (
        "R-DARTS is also compared with the best of four searches of DARTS, by the rule for DARTS, "
        "if a run of both has the same cost."
    ),
    "How are methods judged together?": (
        "If m methods have a verdict next to one reference, the intervals that decide have the "
        "coverage 1 − 5%/m instead of 95% (Bonferroni), so that the m verdicts have the 5% level "
        "together. There is no correction for the number of references or of groups. The "
        "intervals of single means and shares are 95% and decide nothing."
    ),
}
"""The rule that answers each question."""


def rules_markdown() -> str:
    """Return the rules as Markdown, one section per question."""
    return "\n".join(f"## {question}\n\n{text}\n" for question, text in RULES.items())
