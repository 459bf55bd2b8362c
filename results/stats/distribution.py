"""Summary of the runs of one setting: best, mean, median, spread, failures and clusters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from results.stats.bimodality import Clusters, two_clusters
from results.stats.estimates import Estimate, estimate, finite, share_below
from results.stats.spread import standard_deviation

FAILED_BELOW = 10.0
"""Default PSNR, in dB, below which a run counts as failed."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Summary of a sample of PSNRs, in dB."""

    n: int
    best: float
    mean: Estimate
    median: Estimate
    sd: Estimate
    """Standard deviation, with n − 1."""
    failed: Estimate
    """Share of runs below ``failed_below``."""
    failed_below: float
    clusters: Clusters | None
    """Two clusters, or None if the sample does not clearly have two."""


def distribution(
    psnrs: ArrayLike, *, failed_below: float = FAILED_BELOW, seed: int = 0
) -> Distribution:
    """Summarize a sample of PSNRs.

    Args:
        psnrs: PSNRs in dB, shape ``(n,)``, finite.
        failed_below: PSNR, in dB, below which a run counts as failed.
        seed: Seed of the bootstrap.

    Returns:
        The summary; its entries are NaN where n is too small for them.

    Raises:
        ValueError: If ``psnrs`` is not one-dimensional and finite.
    """
    sample = finite(psnrs)
    return Distribution(
        n=len(sample),
        best=float(sample.max()) if len(sample) else np.nan,
        mean=estimate(sample, "mean", seed=seed),
        median=estimate(sample, "median", seed=seed),
        sd=standard_deviation(sample),
        failed=share_below(sample, failed_below),
        failed_below=failed_below,
        clusters=two_clusters(sample),
    )
