from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from configspace.hyperparameters import Hyperparameters
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from tests.worker.torch_engine.plain_cell import in_cells
from worker.engine.contract import Batch, Searched
from worker.engine.philox import KeyedGenerator
from worker.numba_engine.engine import NumbaEngine, available_processors
from worker.torch_engine.engine import TorchEngine

pytestmark = pytest.mark.slow


def quiet(done: int, of: int) -> None:
    pass


class DenseProblem:
    """A problem of a user's own: every entry of A counts, and there are more rows than columns."""

    noise = 0.05

    def __init__(self, points: int) -> None:
        self.matrix: NDArray[np.float64] = np.cos(
            np.outer(np.arange(points + 3), np.arange(points))
        )
        self.matrix /= points

    def signals(self, generator: KeyedGenerator) -> NDArray[np.float64]:
        return generator.uniform(self.matrix.shape[1])


def equal(ours: Searched, theirs: Searched, trial: int) -> None:
    """Compare one trial's results, ours being alone, to the bit."""
    for name in ("alpha", "psnr", "train_loss", "validation_loss", "validation_psnr"):
        np.testing.assert_array_equal(getattr(ours, name)[0], getattr(theirs, name)[trial])


def alone(batch: Batch, trial: int) -> Batch:
    one = slice(trial, trial + 1)
    return replace(batch, hyperparameters=batch.hyperparameters[one], seeds=batch.seeds[one])


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_trial_is_the_same_alone_and_in_a_batch_of_mixed_ones(threads: int) -> None:
    batch = batch_of(*HYPERPARAMETERS, *HYPERPARAMETERS)
    together = NumbaEngine(threads).search(batch, quiet)
    for trial in (0, 3, 5):
        equal(NumbaEngine(1).search(alone(batch, trial), quiet), together, trial)


@pytest.mark.parametrize("variant", ["darts", "darts-single"])
def test_a_trial_in_cells_is_the_same_alone_and_in_a_batch_of_mixed_ones(variant: str) -> None:
    batch = in_cells(batch_of(*HYPERPARAMETERS))
    batch = replace(batch, search=batch.search.model_copy(update={"variant": variant}))
    together = NumbaEngine(2).search(batch, quiet)
    picks = np.random.default_rng(0).integers(0, 5, (4, batch.architecture.edges))
    trained = NumbaEngine(2).retrain(batch, picks, quiet)
    for trial in (0, 3):
        own = alone(batch, trial)
        equal(NumbaEngine(1).search(own, quiet), together, trial)
        retrained = NumbaEngine(1).retrain(own, picks[trial : trial + 1], quiet)
        np.testing.assert_array_equal(retrained.psnr[0], trained.psnr[trial])
        np.testing.assert_array_equal(retrained.train_loss[0], trained.train_loss[trial])


def test_darts_single_tells_of_three_times_the_epochs() -> None:
    told: list[tuple[int, int]] = []
    batch = batch_of(*HYPERPARAMETERS[:2], epochs=2)
    batch = replace(batch, search=batch.search.model_copy(update={"variant": "darts-single"}))
    NumbaEngine(2).search(batch, lambda *epochs: told.append(epochs))
    assert told == [(done, 6) for done in range(1, 7)]


def test_all_but_the_second_order_is_offered() -> None:
    batch = in_cells(batch_of())
    for variant, lack in (
        ("darts", None),
        ("darts-single", None),
        ("darts-second-order", "the variant 'darts-second-order'"),
    ):
        search = batch.search.model_copy(update={"variant": variant})
        assert NumbaEngine(1).unsupported(batch.architecture, search) == lack


def test_a_trial_that_diverged_leaves_no_trace_in_the_next_one() -> None:
    wild = Hyperparameters(param_lr=1e30, param_weight_decay=0.0)
    batch = batch_of(wild, *HYPERPARAMETERS)
    together = NumbaEngine(1).search(batch, quiet)
    assert not np.isfinite(together.psnr[0])
    equal(NumbaEngine(1).search(alone(batch, 1), quiet), together, trial=1)


def test_what_is_not_a_number_stays_so_to_the_score() -> None:
    wild = Hyperparameters(param_lr=1e30)
    trained = NumbaEngine(1).retrain(batch_of(wild), np.ones((1, 3), np.int64), quiet)
    assert np.isnan(trained.psnr[0])
    assert np.isnan(trained.train_loss[0, -1])


def test_a_users_own_dense_problem_is_computed_as_by_the_reference() -> None:
    batch = replace(batch_of(*HYPERPARAMETERS), problem=DenseProblem(points=20))
    ours, theirs = NumbaEngine(2).search(batch, quiet), TorchEngine().search(batch, quiet)
    np.testing.assert_allclose(ours.train_loss, theirs.train_loss, rtol=1e-4)
    np.testing.assert_allclose(ours.psnr, theirs.psnr, atol=1e-3)


@pytest.mark.parametrize("shift", [-3, 0, 25])
def test_the_roll_may_shift_by_any_number_of_samples(shift: int) -> None:
    batch = batch_of()
    batch = replace(batch, architecture=batch.architecture.model_copy(update={"roll_shift": shift}))
    picks = np.array([[0, 2, 1]])
    ours = NumbaEngine(1).retrain(batch, picks, quiet)
    theirs = TorchEngine().retrain(batch, picks, quiet)
    np.testing.assert_allclose(ours.train_loss, theirs.train_loss, rtol=1e-4)


@pytest.mark.parametrize("threads", [1, 2])
def test_progress_is_told_of_every_epoch_once_and_in_order(threads: int) -> None:
    told: list[tuple[int, int]] = []
    batch = batch_of(*HYPERPARAMETERS[:3], epochs=4)
    NumbaEngine(threads).search(batch, lambda *epochs: told.append(epochs))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_an_exception_from_progress_gives_the_batch_up() -> None:
    class EnoughError(Exception):
        pass

    def stop(done: int, of: int) -> None:
        raise EnoughError

    with pytest.raises(EnoughError):
        NumbaEngine(2).search(batch_of(*HYPERPARAMETERS, epochs=50), stop)


def test_an_exception_in_a_trial_reaches_the_caller() -> None:
    class Broken(DenseProblem):
        def signals(self, generator: KeyedGenerator) -> NDArray[np.float64]:
            raise ZeroDivisionError("no signals today")

    with pytest.raises(ZeroDivisionError, match="no signals today"):
        NumbaEngine(2).search(replace(batch_of(), problem=Broken(20)), quiet)


def test_threads_are_at_least_one_and_by_default_the_processors_of_this_process() -> None:
    assert NumbaEngine().threads == available_processors() >= 1
    with pytest.raises(ValueError, match="wanted at least 1 thread, got 0"):
        NumbaEngine(0)
