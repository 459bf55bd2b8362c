"""The signals that every search records; see `configspace.signals`."""

import numpy as np

from configspace.signals import ALWAYS
from worker.engine.alpha import edge_norms, flips, log_likelihood, mean_entropy, sup_norms
from worker.engine.contract import Batch, Searched


def signals_of(batch: Batch, searched: Searched) -> list[dict[str, float]]:
    """Return the signals of each trial by name; those that are not finite are left out."""
    alpha, parts = searched.alpha, batch.architecture.parts
    values = {
        "inherited": searched.inherited_psnr,
        "validation_loss": searched.validation_loss[:, -1],
        "entropy": mean_entropy(alpha),
        "alpha_likelihood": log_likelihood(alpha),
        "plasticity_sup": sup_norms(alpha, parts).max(-1),
        "plasticity_edge": edge_norms(alpha, parts).max(-1),
        "flips": flips(searched.alphas),
    }
    assert values.keys() == {*ALWAYS}
    found: list[dict[str, float]] = [{} for _ in alpha]
    for name, of in values.items():
        for trial in np.flatnonzero(np.isfinite(of)):
            found[trial][name] = float(of[trial])
    return found
