"""Signals: numbers that a trial records, and that may tell how good its architecture is."""

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Signal:
    """A number that is known after a search, without the retraining of its architecture."""

    text: str
    """What it is, in a few words."""
    direction: Literal[1, -1]
    """1 if a high value is taken as good, −1 if a low one is."""
    unit: str = ""


SIGNALS: Final = {
    "inherited": Signal(
        "validation PSNR of the architecture with the weights of the supernet", 1, "dB"
    ),
    "validation_loss": Signal("mean squared error of the last epoch's validation batches", -1),
    "entropy": Signal("mean entropy of softmax(α) over the edges", -1, "nats"),
    "alpha_likelihood": Signal("log-likelihood of the architecture under softmax(α)", 1, "nats"),
    "plasticity_sup": Signal("largest |α| of any edge at the end", -1),
    "plasticity_edge": Signal("largest norm of an edge's centered α at the end", -1),
    "flips": Signal("changes of the picked operations in the last fifth of the epochs", -1),
}
"""The signals that every search records, by name, in addition to the one-shot PSNR."""
