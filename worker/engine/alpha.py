"""What can be read from α: the architecture, and how decided the search is.

All arrays end with the dimensions ``(edge, operation)``.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def discretize(alpha: Floats) -> NDArray[np.int64]:
    """Return the index of the largest α on each edge; of equal ones, the first.

    Args:
        alpha: α, shape ``(…, edge, operation)``.

    Returns:
        Indices of operations, shape ``(…, edge)``.
    """
    picks: NDArray[np.int64] = np.argmax(alpha, axis=-1)
    return picks


def log_shares(alpha: Floats) -> Floats:
    """Return log softmax(α) over the operations, of the shape of α."""
    shifted = alpha - alpha.max(-1, keepdims=True)
    logs: Floats = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return logs


def mean_entropy(alpha: Floats) -> Floats:
    """Return the mean entropy of softmax(α) over the edges, in nats; shape ``(…)``.

    Args:
        alpha: α, shape ``(…, edge, operation)``.
    """
    logs = log_shares(alpha)
    entropy: Floats = -(np.exp(logs) * logs).sum(-1).mean(-1)
    return entropy


def largest_norm(alpha: Floats) -> Floats:
    """Return the largest Euclidean norm of an edge's α; shape ``(…)``.

    Args:
        alpha: α, shape ``(…, edge, operation)``.
    """
    norm: Floats = np.linalg.norm(alpha, axis=-1).max(-1)
    return norm


def sup_norms(alpha: Floats, parts: int) -> Floats:
    """Return the largest absolute α of each part of a network; shape ``(…, part)``.

    Args:
        alpha: α, shape ``(…, edge, operation)``.
        parts: Number of cells, or of layers in the sequential space.
    """
    norms: Floats = np.abs(_by_part(alpha, parts)).max((-1, -2))
    return norms


def edge_norms(alpha: Floats, parts: int) -> Floats:
    """Return the largest Euclidean norm of an edge's centered α in each part; ``(…, part)``.

    The softmax does not see the mean of an edge's α, so it is taken off.

    Args:
        alpha: α, shape ``(…, edge, operation)``.
        parts: Number of cells, or of layers in the sequential space.
    """
    by_part = _by_part(alpha, parts)
    centered = by_part - by_part.mean(-1, keepdims=True)
    norms: Floats = np.linalg.norm(centered, axis=-1).max(-1)
    return norms


def _by_part(alpha: Floats, parts: int) -> Floats:
    return alpha.reshape(*alpha.shape[:-2], parts, -1, alpha.shape[-1])


def log_likelihood(alpha: Floats) -> Floats:
    """Return the log-likelihood of the discretized architecture under softmax(α); shape ``(…)``.

    Args:
        alpha: α, shape ``(…, edge, operation)``.
    """
    likelihood: Floats = log_shares(alpha).max(-1).sum(-1)
    return likelihood


def log_likelihoods(alpha: Floats, architectures: NDArray[np.int64]) -> Floats:
    """Return the log-likelihoods of architectures under softmax(α); shape ``(architecture,)``.

    Args:
        alpha: α, shape ``(edge, operation)``.
        architectures: Indices of operations, shape ``(architecture, edge)``.
    """
    likelihoods: Floats = log_shares(alpha)[np.arange(len(alpha)), architectures].sum(-1)
    return likelihoods


def flips(alphas: Floats) -> NDArray[np.int64]:
    """Return how many picks changed in the last fifth of a search's epochs, at least in its last.

    Args:
        alphas: α at the end of each epoch, shape ``(trial, epoch, edge, operation)``.

    Returns:
        Number of changes over all edges, shape ``(trial,)``; 0 for a single epoch.
    """
    picks = discretize(alphas)
    last = max(round(picks.shape[1] / 5), 1)
    changes: NDArray[np.int64] = (picks[:, 1:] != picks[:, :-1])[:, -last:].sum(axis=(1, 2))
    return changes
