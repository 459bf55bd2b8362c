"""``[evaluation]`` of a study and of a campaign: seeds, limits and signals of an evaluation."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from configspace.settings import Bytes, Count, Seconds, Section, as_tuple
from configspace.signals import Request


class RecordedSignals(Section):
    """Which signals are recorded in addition to those that every search records."""

    signals: Annotated[tuple[Request, ...], BeforeValidator(as_tuple)] = ()
    """Signals to record that cost something: ``short``, ``second-final`` and ``eigenvalue``.

    ``short`` retrains the architecture for a fraction of the epochs, ``second-final`` as long as
    for the final score, each from a seed of its own. ``eigenvalue`` stands for ``eigenvalue``,
    ``eigenvalue_max`` and ``eigenvalue_ratio``. The objective turns on what it needs. If this
    changes while a study or a campaign is unfinished, the trials so far stay as they are, without
    a value of a new signal. Default: none; all other signals are always recorded.
    """
    short_fraction: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Epochs of the retraining for the signal ``short``, as a fraction of those of a whole one; at
    least one epoch. It cannot change once ``short`` is recorded. Default 0.1: a tenth of the cost
    of the final retraining."""


class EvaluationSettings(RecordedSignals):
    """``[evaluation]``: how one configuration on one budget becomes one loss."""

    trials: Annotated[int, Field(ge=1, le=4096)] = 1
    """Number of seeds per evaluation. Default 1: the cheapest evaluation. More seeds make the score
    less noisy."""
    aggregate: Literal["mean", "median", "max"] = "mean"
    """How the values of the objective in an evaluation's trials become one score; ``max`` takes the
    best one, which is the lowest if low values of the objective are good.

    Default ``mean``: an estimate of what a new seed gives. With one trial all three are equal.
    """
    time_limit: Seconds = 3600.0
    """Longest duration of an evaluation, in seconds or as a text such as ``"30m"`` or ``"2h"``.

    An evaluation that takes longer is retried once and then counts as crashed. Default one hour:
    many times the duration of an evaluation of the default size.
    """
    memory_limit: Bytes | None = None
    """Maximum resident memory of an evaluation's process, in bytes or as a text such as ``"4GiB"``.

    An evaluation that needs more is retried once and then counts as crashed. Default: no limit.
    """


class ConditionEvaluation(RecordedSignals):
    """``[evaluation]`` of a campaign: how a condition's trials become jobs."""

    trials: Count = 25
    """Largest number of seeds per job.

    Default 25: the paper's 75 trials make three jobs, and an engine runs a batch efficiently.
    """
    time_limit: Seconds = 3600.0
    """Longest duration of a job, in seconds or as a text such as ``"30m"`` or ``"2h"``.

    Default one hour: many times the duration of a job of the default size.
    """
    memory_limit: Bytes | None = None
    """Maximum resident memory of a job's process, in bytes or as a text such as ``"4GiB"``.
    Default: no limit."""
