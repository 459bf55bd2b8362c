"""The signals that every search records; see `configspace.signals`."""

import numpy as np

from configspace.signals import SIGNALS
from worker.engine.alpha import flips, log_likelihood, mean_entropy
from worker.engine.contract import Searched


def signals_of(searched: Searched) -> list[dict[str, float]]:
    """Return the signals of each trial by name; those that are not finite are left out."""
    alpha = searched.alpha
    values = {
        "inherited": searched.inherited_psnr,
        "validation_loss": searched.validation_loss[:, -1],
        "entropy": mean_entropy(alpha),
        "alpha_likelihood": log_likelihood(alpha),
        "flips": flips(searched.alphas),
    }
    assert values.keys() == SIGNALS.keys()
    found: list[dict[str, float]] = [{} for _ in alpha]
    for name, of in values.items():
        for trial in np.flatnonzero(np.isfinite(of)):
            found[trial][name] = float(of[trial])
    return found
