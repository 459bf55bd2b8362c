"""The rules by which signals are judged, as text."""

from typing import Final

from results.analysis.signal_verdicts import LEAST_CONFIGURATIONS, LEAST_RUNS
from results.analysis.signals import KS
from results.stats.estimates import LEAST

RULES: Final = {
    "Which runs are compared?": (
        "All finished runs with a search and a final score (architecture PSNR), in groups of one "
        "problem, search space, operation set, number of epochs and method; a group is never "
        "mixed with another. A configuration is a condition of a campaign, or a configuration of a "
        "study on one budget. Within a configuration, its runs are compared with each other, if "
        f"there are at least {LEAST}; a coefficient is the mean over the configurations, weighted "
        "by their runs. Where a signal has one value only, its coefficient is 0. Over "
        "configurations, their means are compared. Over all runs, each run counts alike. Re-runs "
        "of a study's incumbent count within their configuration only, because the study chose it "
        "by its score. The sign of a signal is chosen so that a high correlation is good."
    ),
    "Does a signal predict the final score?": (
        "It does if the 95% interval of Spearman's correlation lies above 0; it misleads if it "
        "lies below 0. Otherwise the answer is undecided, as with fewer than "
        f"{LEAST_RUNS} runs, and over all runs with fewer than {LEAST_CONFIGURATIONS} "
        "configurations."
    ),
    "Does a signal beat the baseline?": (
        "The baseline needs no training: minus the number of harmful operations (roll and noise) "
        "in the architecture. There is no baseline for the operation set good, which has no such "
        "operations, and for custom operations, of which this is not known. A signal beats it if "
        "the 95% interval of the difference of both Spearman correlations, over the runs that "
        "have both, lies above 0."
    ),
    "Which signal is best?": (
        "A signal may be the best one if it predicts the final score, and no other signal of its "
        "group has a higher correlation by the 95% interval of the difference. Often several may "
        "be. Baseline and ceiling do not take part. The ceiling is the final score of a second "
        "retraining of the same architecture, from another seed. It has as much noise as the "
        "final score itself, so a signal with less noise can lie above it: up to about its square "
        "root."
    ),
    "What does selecting by a signal bring?": (
        f"Of k = {', '.join(map(str, KS[:-1]))} or {KS[-1]} runs of a configuration (over all "
        "runs, if no configuration has "
        f"{LEAST} of them), the one with the best signal is kept. Its expected final score is the "
        "mean over all subsets of k runs; equal signals are equally likely to be kept. The share "
        "of the possible gain is (kept − random) / (best − random). No verdict follows from it. "
        "The cost is that of k searches with the signal, and of the retraining of the run that is "
        "kept; the best of k costs k retrainings."
    ),
    "How are signals judged together?": (
        "The intervals of all three rules hold together for all signals of a group: they come "
        "from the largest deviation of any signal in a bootstrap (max-T), for correlations on the "
        "scale of Fisher's z. If no signal of a group predicts anything, one of them seems to in "
        "about 5% of cases. So an interval in the table, which holds for one signal alone, can "
        "lie above 0 without a verdict. Within configurations, the runs of each configuration are "
        "drawn again; the verdict holds for these configurations. Over all runs, and over "
        "configurations, whole configurations are drawn with all of their runs. The interval of "
        "Spearman's correlation over configurations is that of Bonett and Wright (2000); with "
        f"fewer than {LEAST_CONFIGURATIONS} there is no interval for Kendall's and Pearson's."
    ),
}
"""The rule that answers each question."""


def rules_markdown() -> str:
    """Return the rules as Markdown, one section per question."""
    return "\n".join(f"## {question}\n\n{text}\n" for question, text in RULES.items())
