"""The rules by which supernets are judged as surrogates, as text."""

from typing import Final

from results.analysis.surrogate import LEAST_SUPERNETS, TOP

RULES: Final = {
    "What is compared?": (
        "Random architectures of one problem, search space and operation set, each trained twice "
        "with one set of hyperparameters. Each supernet scores all of them without training: by "
        "the PSNR with its weights and one-hot shares, on the same fresh batches, and by the "
        "log-likelihood under its softmax(α). A coefficient is the mean over the supernets, and "
        "over both trainings. The ceiling is one training as the score of the other. A score with "
        "less noise than a training can lie above it: up to about its square root."
    ),
    "Which intervals?": (
        "Architectures and supernets are drawn again at the same time (the pigeonhole bootstrap), "
        "so that an interval holds for other architectures and other supernets of the same "
        "settings. It is symmetric on the scale of Fisher's z."
    ),
    "Does a supernet beat the baseline?": (
        "The baseline needs no supernet: minus the number of harmful operations (roll and noise). "
        "A score ranks better if the 95% interval of the difference of both Spearman correlations "
        "lies above 0, worse if it lies below 0. Otherwise the answer is undecided, as with fewer "
        f"than {LEAST_SUPERNETS} supernets. The intervals of all scores of a group hold together "
        "(max-T)."
    ),
    "Which score is best?": (
        "A score may be the best one if no other score of its group has a higher Spearman "
        "correlation by the 95% interval of the difference, again for all pairs together. Often "
        "several may be."
    ),
    "What do the ten best and the regret say?": (
        f"Of the {TOP} best architectures by a score, as many are among the {TOP} best by a "
        "training. The regret is the mean PSNR of the architecture that is best in the mean of "
        "both trainings, minus that of the one that the score ranks first. The best of many means "
        "is partly luck: one training, which is the ceiling, has a regret, too, by the training "
        "that did not choose. Neither number has an interval, and no verdict follows from them."
    ),
}
"""The rule that answers each question."""


def rules_markdown() -> str:
    """Return the rules as Markdown, one section per question."""
    return "\n".join(f"## {question}\n\n{text}\n" for question, text in RULES.items())
