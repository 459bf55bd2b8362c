"""The signals that every search records; see `configspace.signals`."""

import numpy as np

from configspace.signals import ALWAYS, SIGNALS
from worker.engine.alpha import edge_norms, flips, log_likelihood, mean_entropy, sup_norms
from worker.engine.contract import Batch, Searched


def signals_of(batch: Batch, searched: Searched) -> list[dict[str, float]]:
    """Return the signals of each trial by name.

    Those that are not finite are left out, and so are those that a search without α does not have.
    """
    values = {"inherited": searched.inherited_psnr}
    if searched.alphas.size:
        alpha, parts = searched.alpha, batch.architecture.parts
        values |= {
            "validation_loss": searched.validation_loss[:, -1],
            "entropy": mean_entropy(alpha),
            "alpha_likelihood": log_likelihood(alpha),
            "plasticity_sup": sup_norms(alpha, parts).max(-1),
            "plasticity_edge": edge_norms(alpha, parts).max(-1),
            "flips": flips(searched.alphas).astype(np.float64),
        }
    assert values.keys() == {
        name for name in ALWAYS if searched.alphas.size or not SIGNALS[name].needs_alpha
    }
    found: list[dict[str, float]] = [{} for _ in batch.seeds]
    for name, of in values.items():
        for trial in np.flatnonzero(np.isfinite(of)):
            found[trial][name] = float(of[trial])
    return found
