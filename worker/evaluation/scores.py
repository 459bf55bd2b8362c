"""Which numbers count as a score: finite ones, and those of an exact recovery."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from configspace.job import Trial
from configspace.signals import Objective, signal_of
from worker.engine.contract import Batch

EXACT_PSNR: Final = 500.0
"""PSNR in dB that replaces an infinite one. The PSNR of a signal that is recovered exactly is
infinite, and so is the mean over signals. Any other score is lower: single precision has no error
between 0 and that of 476 dB."""


class NonFiniteScore(Exception):  # noqa: N818
    """A score or a curve of a trial is NaN or infinite: its training diverged."""


def without_infinity(psnr: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace the PSNR of an exact recovery. Minus infinity and NaN stay: they are divergence."""
    return np.where(psnr == np.inf, EXACT_PSNR, psnr)


def check_finite(batch: Batch, what: str, values: NDArray[np.float64]) -> None:
    """Check scores or curves of a batch.

    Args:
        batch: The trials.
        what: What the values are, for the error's message.
        values: Values, shape ``(trial, …)``.

    Raises:
        NonFiniteScore: If any value is not finite.
    """
    rows = values.reshape(len(batch.seeds), -1)
    wrong = np.argwhere(~np.isfinite(rows))
    if len(wrong):
        index, column = wrong[0]
        raise NonFiniteScore(
            f"expected a finite {what}, got {rows[index, column]} in trial {index} "
            f"(seed {batch.seeds[index]}) of {len(batch.seeds)}: its training diverged"
        )


def check_objective(objective: Objective, trials: Sequence[Trial]) -> None:
    """Check that each trial has a value of the objective.

    Raises:
        NonFiniteScore: If a value is missing, because it was not finite.
    """
    signal = signal_of(objective)
    for index, trial in enumerate(trials):
        if trial.value_of(signal) is None:
            raise NonFiniteScore(
                f"expected a finite {signal.label} in trial {index} (seed {trial.seed}) of "
                f"{len(trials)}, got none: its training diverged"
            )
