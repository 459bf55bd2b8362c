"""What a search says: the signals that it always records, and scores of given architectures."""

import numpy as np

from configspace.job import CandidateScores
from configspace.signals import ALWAYS, CHOSEN_SEARCH, SIGNALS
from worker.engine.alpha import (
    edge_norms,
    flips,
    log_likelihood,
    log_likelihoods,
    mean_entropy,
    sup_norms,
)
from worker.engine.contract import Batch, Searched
from worker.engine.early_stopping import eigenvalue_signals
from worker.evaluation.scores import without_infinity


def signals_of(batch: Batch, searched: Searched) -> list[dict[str, float]]:
    """Return the signals of each trial by name, and which of its searches was chosen.

    Those that are not finite are left out, and so are those that a search without α does not have.
    """
    values = {"inherited": searched.inherited_psnr}
    if searched.alphas.size:
        alpha, parts = searched.alpha, batch.architecture.parts
        last = searched.result_epochs
        values |= {
            "validation_loss": searched.validation_loss[np.arange(len(alpha)), last],
            "entropy": mean_entropy(alpha),
            "alpha_likelihood": log_likelihood(alpha),
            "plasticity_sup": sup_norms(alpha, parts).max(-1),
            "plasticity_edge": edge_norms(alpha, parts).max(-1),
            "flips": np.array(
                [flips(searched.alphas[i : i + 1, : end + 1])[0] for i, end in enumerate(last)],
                np.float64,
            ),
        }
    assert values.keys() == {
        name for name in ALWAYS if searched.alphas.size or not SIGNALS[name].needs_alpha
    }
    found = [_eigenvalue_signals(batch, searched, trial) for trial in range(len(batch.seeds))]
    for name, of in values.items():
        for trial in np.flatnonzero(np.isfinite(of)):
            found[trial][name] = float(of[trial])
    if searched.chosen is not None:
        for signals, search in zip(found, searched.chosen, strict=True):
            signals[CHOSEN_SEARCH] = float(search)
    return found


def candidate_scores(batch: Batch, searched: Searched, trial: int) -> CandidateScores | None:
    """Return what a trial's supernet says of the batch's candidates; None without candidates."""
    if batch.candidates is None or searched.candidate_psnr is None:
        return None
    psnr = without_infinity(searched.candidate_psnr[trial])
    likelihood = None
    if searched.alphas.size:
        likelihood = log_likelihoods(searched.alpha[trial], batch.candidates.architectures)
    return CandidateScores(
        psnr=tuple(value if np.isfinite(value) else None for value in psnr.tolist()),
        alpha_likelihood=None if likelihood is None else tuple(likelihood.tolist()),
    )


def _eigenvalue_signals(batch: Batch, searched: Searched, trial: int) -> dict[str, float]:
    if searched.eigenvalues is None:
        return {}
    measured = searched.eigenvalues[trial, : searched.result_epochs[trial] + 1]
    hessian = batch.search.hessian
    return eigenvalue_signals(measured, every=hessian.every, window=hessian.window)
