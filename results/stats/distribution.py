"""What the runs of one setting say together: best, mean, median, spread, failures, clusters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from results.stats.bimodality import Clusters, two_clusters
from results.stats.estimates import Estimate, estimate, finite, share_below

FAILED_BELOW = 10.0
"""PSNR in dB below which a run counts as failed, unless another is stated."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A sample of PSNRs, in dB."""

    n: int
    best: float
    mean: Estimate
    median: Estimate
    sd: Estimate
    failed: Estimate
    """Share of the runs below ``failed_below``."""
    failed_below: float
    clusters: Clusters | None
    """None unless there clearly are two."""


def distribution(
    psnrs: ArrayLike, *, failed_below: float = FAILED_BELOW, seed: int = 0
) -> Distribution:
    """Describe a sample of PSNRs.

    Args:
        psnrs: In dB, shape ``(n,)``, finite.
        failed_below: What counts as a failure, in dB.
        seed: Of the bootstrap.

    Returns:
        NaN for what n is too small for.

    Raises:
        ValueError: If ``psnrs`` is not one-dimensional and finite.
    """
    sample = finite(psnrs)
    return Distribution(
        n=len(sample),
        best=float(sample.max()) if len(sample) else np.nan,
        mean=estimate(sample, "mean", seed=seed),
        median=estimate(sample, "median", seed=seed),
        sd=estimate(sample, "std", seed=seed),
        failed=share_below(sample, failed_below),
        failed_below=failed_below,
        clusters=two_clusters(sample),
    )
