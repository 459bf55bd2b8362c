"""Drop path: which edges are dropped, and by how much the others are scaled."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tests.worker.made_up import HYPERPARAMETERS, batch_of
from worker.engine.contract import Batch
from worker.engine.drop_path import drop_factors
from worker.engine.philox import Occasion

RATES = (0.0, 0.2, 0.4, 0.6)


def dropping(*, batch_size: int = 8, batches: int = 2, epochs: int = 2) -> Batch:
    batch = batch_of(*HYPERPARAMETERS, batch_size=batch_size, batches=batches, epochs=epochs)
    return replace(batch, drop_paths=RATES)


def factors(batch: Batch, steps: range) -> NDArray[np.float32]:
    found = drop_factors(batch, Occasion.SEARCH_TRAINING, steps)
    assert found is not None
    return found


def test_the_probability_rises_to_that_of_the_trial() -> None:
    batch = dropping(batch_size=2000, batches=2, epochs=5)
    found = factors(batch, range(10))
    assert found.shape == (4, 10, 3, 2000)
    for trial, rate in enumerate(RATES):
        for step in range(10):
            expected = rate * (step // 2) / 4
            values = np.unique(found[trial, step])
            scaled = np.float32(1 / (1 - expected))
            np.testing.assert_array_equal(values, [0, scaled] if expected else [1])
            share = (found[trial, step] == 0).mean()
            assert abs(share - expected) <= 4.5 * np.sqrt(expected * (1 - expected) / 6000)


def test_edges_steps_and_occasions_are_dropped_apart() -> None:
    batch = dropping(batch_size=64, batches=2, epochs=5)
    training = factors(batch, range(8, 10))[3]
    validation = drop_factors(batch, Occasion.SEARCH_VALIDATION, range(8, 10))
    assert validation is not None
    rows = np.concatenate((training, validation[3])).reshape(12, 64)
    assert len(np.unique(rows, axis=0)) == 12


def test_a_step_draws_the_same_alone() -> None:
    batch = dropping(epochs=4)
    one = replace(batch, seeds=batch.seeds[2:3], drop_paths=RATES[2:3])
    np.testing.assert_array_equal(factors(one, range(6, 7))[0], factors(batch, range(8))[2, 6:7])


def test_scores_drop_nothing() -> None:
    batch = dropping()
    for occasion in Occasion:
        steps = occasion in (Occasion.SEARCH_TRAINING, Occasion.SEARCH_VALIDATION)
        assert (drop_factors(batch, occasion, range(2)) is not None) == steps
    assert drop_factors(batch_of(), Occasion.SEARCH_TRAINING, range(2)) is None


def test_one_epoch_drops_nothing() -> None:
    assert (factors(dropping(epochs=1), range(2)) == 1).all()
