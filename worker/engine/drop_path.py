"""Drop path: the factors by which the edges of a supernet are dropped, on all engines.

With a probability p that rises linearly over the epochs, each edge is dropped for each sample, and
the others are scaled by 1 / (1 − p). In the cell space the factor multiplies the output of an edge.
In the sequential space a dropped layer would cut the signal, so the layer passes on its input u
instead: u + factor · (output − u).

Source: Zela et al. 2020, Sec. 5.1; the ramp is that of their code.
"""

import numpy as np
from numpy.typing import NDArray

from worker.engine.contract import Batch
from worker.engine.philox import KeyedGenerator, Occasion, Quantity

STEPS = (Occasion.SEARCH_VALIDATION, Occasion.SEARCH_TRAINING)
"""Occasions of the steps of α and of the weights, in which edges are dropped; all scores are those
of the whole network."""


def drop_factors(batch: Batch, occasion: Occasion, steps: range) -> NDArray[np.float32] | None:
    """Return what each edge is multiplied by: 0 or 1 / (1 − p).

    Args:
        batch: The trials.
        occasion: When the numbers are drawn.
        steps: Steps of that occasion.

    Returns:
        Factors, shape ``(trial, step, edge, sample)``; None if no edge is ever dropped.
    """
    if batch.drop_paths is None or occasion not in STEPS:
        return None
    rising = (np.array(steps) // batch.search.batches) / max(batch.epochs - 1, 1)
    dropped = np.multiply.outer(np.array(batch.drop_paths), rising)[..., None]
    generator = KeyedGenerator(
        batch.seeds, occasion, steps, batch.search.batch_size, Quantity.DROP_PATH
    )
    drawn = (generator.uniform(1)[:, :, 0] for _ in range(batch.architecture.edges))
    kept = (1 / (1 - dropped)).astype(np.float32)
    factors = [np.where(uniform < dropped, np.float32(0), kept) for uniform in drawn]
    return np.stack(factors, axis=2)
