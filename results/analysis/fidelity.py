"""Fidelity of the small budgets of a study: how well they rank configurations for the largest."""

from dataclasses import dataclass

import numpy as np

from results.frames.study import Frames
from results.stats.correlations import correlation
from results.stats.estimates import Estimate


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rank correlation between a small budget and the largest, over configurations with both.

    BOHB promotes only the best configurations of a small budget. Among them, the ranks agree less
    than they would among all configurations.
    """

    small: int
    """Epochs of the small budget."""
    large: int
    """Epochs of the largest budget."""
    spearman: Estimate
    kendall: Estimate


def rankings(frames: Frames, *, seed: int = 0) -> tuple[Ranking, ...]:
    """Correlate the scores of each smaller budget with those of the largest, smallest first.

    Args:
        frames: Frames of the study.
        seed: Seed of the bootstrap.
    """
    done = frames.evaluations.query("purpose == 'study' and state == 'finished'")
    scores = done.pivot(index="configuration", columns="epochs", values="score").sort_index(axis=1)
    budgets = [int(epochs) for epochs in scores.columns]
    found = []
    for small in budgets[:-1]:
        pairs = scores[[small, budgets[-1]]].dropna().to_numpy(dtype=np.float64)
        found.append(
            Ranking(
                small=small,
                large=budgets[-1],
                spearman=correlation(pairs[:, 0], pairs[:, 1], "spearman", seed=seed),
                kendall=correlation(pairs[:, 0], pairs[:, 1], "kendall", seed=seed),
            )
        )
    return tuple(found)
