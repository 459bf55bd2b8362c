"""How well a study's small budgets rank configurations for its large one."""

from dataclasses import dataclass

import numpy as np

from results.frames.study import Frames
from results.stats.correlations import correlation
from results.stats.estimates import Estimate


@dataclass(frozen=True, slots=True)
class Ranking:
    """A small budget beside the largest, over the configurations that were run on both.

    Those are the ones that did best on the small budget: among them the ranks agree less than
    they would among all.
    """

    small: int
    """Epochs."""
    large: int
    """Epochs."""
    spearman: Estimate
    kendall: Estimate


def rankings(frames: Frames, *, seed: int = 0) -> tuple[Ranking, ...]:
    """Correlate the scores on each smaller budget with those on the largest, smallest first.

    Args:
        frames: A study.
        seed: Of the bootstrap.
    """
    done = frames.evaluations.query("purpose == 'study' and state == 'finished'")
    scores = done.pivot(index="configuration", columns="epochs", values="psnr").sort_index(axis=1)
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
