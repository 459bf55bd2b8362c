"""Durations, dates and settings as text for people."""

from datetime import UTC, datetime

from configspace.hyperparameters import LABELS, Hyperparameters, written


def duration(seconds: float) -> str:
    """Return a duration in its two largest units: ``42 s``, ``3 min 20 s``, ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600:02d} h"


def ago(moment: datetime | None) -> str:
    """Return how long ago a moment was, such as ``20 s ago``; ``never`` for None."""
    if moment is None:
        return "never"
    return f"{duration(max(0.0, (datetime.now(UTC) - moment).total_seconds()))} ago"


def setting_lines(hyperparameters: Hyperparameters) -> list[tuple[str, str]]:
    """Return the label and value of each hyperparameter, in the order of the paper's Table 7."""
    values = hyperparameters.model_dump()
    return [(LABELS[name], written(values[name])) for name in values]
