"""Signals: numbers that a trial records, and that may tell how good its architecture is.

A signal is written with underscores in frames and in the store (``eigenvalue_max``), and with
hyphens as the objective of a study (``eigenvalue-max``); `signal_of` takes both.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

Objective = Literal[
    "one-shot",
    "final",
    "inherited",
    "short",
    "second-final",
    "eigenvalue",
    "eigenvalue-max",
    "eigenvalue-ratio",
    "validation-loss",
    "entropy",
    "alpha-likelihood",
    "plasticity-sup",
    "plasticity-edge",
    "flips",
]
"""What BOHB may tune on: the final score, or any signal."""

Request = Literal["short", "second-final", "eigenvalue"]
"""What ``[evaluation] signals`` may list: the measurements that are not made unless asked for."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A number that is known after a search, and that may tell how good its architecture is."""

    name: str
    """Name with underscores."""
    text: str
    """What it is, in a few words."""
    direction: Literal[1, -1]
    """1 if a high value is taken as good, −1 if a low one is."""
    unit: str = ""
    request: Request | None = None
    """The entry of ``[evaluation] signals`` that turns it on; None if it is always recorded."""
    needs_alpha: bool = False
    """Whether it needs the steps of α, which random search with weight sharing does not have."""

    @property
    def objective(self) -> str:
        """Name with hyphens, as an objective."""
        return self.name.replace("_", "-")

    @property
    def column(self) -> str:
        """Name of its column in the frame of trials."""
        return _PSNR_COLUMNS.get(self.name, self.name)

    @property
    def is_psnr(self) -> bool:
        """Whether it is a PSNR in dB."""
        return self.unit == "dB"

    @property
    def label(self) -> str:
        """What its values are called on an axis, without the unit."""
        if self == FINAL:
            return "architecture PSNR"
        return f"{self.objective} PSNR" if self.is_psnr else self.objective

    @property
    def axis_label(self) -> str:
        """What its values are called on an axis, with the unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def score_of(self, loss: float) -> float:
        """Return the value that has a loss; see `configspace.job.loss`."""
        return -self.direction * loss

    def value_text(self, value: float) -> str:
        """Return a value with its unit: two decimals of a PSNR, four digits of anything else."""
        digits = f"{value:.2f}" if self.is_psnr else f"{value:.4g}"
        return f"{digits} {self.unit}".rstrip()

    def stated(self, value: float) -> str:
        """Return a value with its name: ``21.34 dB final PSNR`` or ``entropy 1 nats``."""
        text = self.value_text(value)
        return f"{text} {self.objective} PSNR" if self.is_psnr else f"{self.objective} {text}"


ONE_SHOT: Final = Signal("one_shot", "validation PSNR of the supernet", 1, "dB")
FINAL: Final = Signal("final", "validation PSNR of the retrained architecture", 1, "dB")
"""The score that signals are to predict; not a signal itself, but an objective."""

_PSNR_COLUMNS = {"one_shot": "one_shot_psnr", "final": "architecture_psnr"}

SIGNALS: Final = {
    signal.name: signal
    for signal in (
        ONE_SHOT,
        Signal(
            "inherited",
            "validation PSNR of the architecture with the weights of the supernet",
            1,
            "dB",
        ),
        Signal(
            "short",
            "validation PSNR of the architecture after a short retraining",
            1,
            "dB",
            request="short",
        ),
        Signal(
            "second_final",
            "validation PSNR of the architecture after a second whole retraining from another seed",
            1,
            "dB",
            request="second-final",
        ),
        Signal(
            "eigenvalue",
            "dominant eigenvalue of the Hessian of the validation loss by α at the end",
            -1,
            request="eigenvalue",
            needs_alpha=True,
        ),
        Signal(
            "eigenvalue_max",
            "largest dominant eigenvalue of the search",
            -1,
            request="eigenvalue",
            needs_alpha=True,
        ),
        Signal(
            "eigenvalue_ratio",
            "last smoothed dominant eigenvalue divided by the smallest one before",
            -1,
            request="eigenvalue",
            needs_alpha=True,
        ),
        Signal(
            "validation_loss",
            "mean squared error of the last epoch's validation batches",
            -1,
            needs_alpha=True,
        ),
        Signal(
            "entropy", "mean entropy of softmax(α) over the edges", -1, "nats", needs_alpha=True
        ),
        Signal(
            "alpha_likelihood",
            "log-likelihood of the architecture under softmax(α)",
            1,
            "nats",
            needs_alpha=True,
        ),
        Signal("plasticity_sup", "largest absolute α of any edge at the end", -1, needs_alpha=True),
        Signal(
            "plasticity_edge",
            "largest norm of an edge's centered α at the end",
            -1,
            needs_alpha=True,
        ),
        Signal(
            "flips",
            "changes of the picked operations in the last fifth of the epochs",
            -1,
            needs_alpha=True,
        ),
    )
}
"""All signals by name, in the order in which they are shown."""

KEPT_TOGETHER: Final = tuple(name for name in SIGNALS if name != ONE_SHOT.name)
"""Names of the signals that a trial and the store keep in one mapping; the one-shot PSNR has a
column of its own."""

ALWAYS: Final = tuple(name for name in KEPT_TOGETHER if SIGNALS[name].request is None)
"""Names of those that every search records, as far as it has α."""

CHOSEN_SEARCH: Final = "chosen_search"
"""Name under which a trial of several searches keeps, in the same mapping, which of them is its
result, from 0. It is not a signal: no direction of it is good."""


def signal_of(name: str) -> Signal:
    """Return a signal, or the final score, by its name with hyphens or underscores.

    Raises:
        KeyError: If no signal has this name.
    """
    plain = name.replace("-", "_")
    return FINAL if plain == FINAL.name else SIGNALS[plain]


def requests_of(objective: Objective, signals: tuple[Request, ...]) -> tuple[Request, ...]:
    """Return the measurements to make for an objective and for the signals that are asked for."""
    needed = signal_of(objective).request
    asked = {*signals, *([] if needed is None else [needed])}
    return tuple(one for one in get_args(Request) if one in asked)


def short_epochs(epochs: int, fraction: float) -> int:
    """Return the epochs of the short retraining, at least 1.

    Args:
        epochs: Epochs of a whole retraining.
        fraction: Fraction of them, ``short_fraction``.
    """
    return max(round(fraction * epochs), 1)


def training_epochs(name: str, epochs: int, short_fraction: float) -> int:
    """Return how many epochs of training an objective takes after the search; 0 for most.

    Args:
        name: Name of the signal or of the final score.
        epochs: Epochs of a whole retraining.
        short_fraction: Fraction of them that the short retraining takes.
    """
    match signal_of(name).name:
        case "short":
            return short_epochs(epochs, short_fraction)
        case "final" | "second_final":
            return epochs
    return 0
