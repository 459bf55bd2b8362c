"""The engine: trials in batches and alone, users' problems, progress, and failures."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from configspace.hyperparameters import Hyperparameters
from configspace.search import RsWsSettings
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
    """A custom problem with a dense A that has more rows than columns."""

    noise = 0.05

    def __init__(self, points: int) -> None:
        self.matrix: NDArray[np.float64] = np.cos(
            np.outer(np.arange(points + 3), np.arange(points))
        )
        self.matrix /= points

    def signals(self, generator: KeyedGenerator) -> NDArray[np.float64]:
        return generator.uniform(self.matrix.shape[1])


def assert_equal(ours: Searched, theirs: Searched, trial: int) -> None:
    """Compare the results of a trial alone with those of the same trial in a batch, to the bit."""
    for name in ("alpha", "psnr", "train_loss", "validation_loss", "validation_psnr"):
        np.testing.assert_array_equal(getattr(ours, name)[0], getattr(theirs, name)[trial])


def alone(batch: Batch, trial: int) -> Batch:
    one = slice(trial, trial + 1)
    return replace(batch, hyperparameters=batch.hyperparameters[one], seeds=batch.seeds[one])


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_trial_alone_equals_the_same_trial_in_a_batch(threads: int) -> None:
    batch = batch_of(*HYPERPARAMETERS, *HYPERPARAMETERS)
    together = NumbaEngine(threads).search(batch, quiet)
    for trial in (0, 3, 5):
        assert_equal(NumbaEngine(1).search(alone(batch, trial), quiet), together, trial)


@pytest.mark.parametrize("variant", ["darts", "darts-single"])
def test_a_trial_in_cells_alone_equals_the_same_in_a_batch(variant: str) -> None:
    batch = in_cells(batch_of(*HYPERPARAMETERS))
    batch = replace(batch, search=batch.search.model_copy(update={"variant": variant}))
    together = NumbaEngine(2).search(batch, quiet)
    picks = np.random.default_rng(0).integers(0, 5, (4, batch.architecture.edges))
    trained = NumbaEngine(2).retrain(batch, picks, quiet)
    for trial in (0, 3):
        single = alone(batch, trial)
        assert_equal(NumbaEngine(1).search(single, quiet), together, trial)
        retrained = NumbaEngine(1).retrain(single, picks[trial : trial + 1], quiet)
        np.testing.assert_array_equal(retrained.psnr[0], trained.psnr[trial])
        np.testing.assert_array_equal(retrained.train_loss[0], trained.train_loss[trial])


@pytest.mark.parametrize("space", ["sequential", "cell"])
def test_without_a_probability_drop_path_changes_little(space: str) -> None:
    # The factors are 1: only roundings differ.
    batch = batch_of(*HYPERPARAMETERS[:2])
    batch = in_cells(batch) if space == "cell" else batch
    plain = NumbaEngine(1).search(batch, quiet)
    dropped = NumbaEngine(1).search(replace(batch, drop_paths=(0.0, 0.0)), quiet)
    np.testing.assert_allclose(dropped.train_loss, plain.train_loss, rtol=1e-4)
    np.testing.assert_allclose(dropped.psnr, plain.psnr, atol=1e-3)


@pytest.mark.parametrize("space", ["sequential", "cell"])
def test_a_trial_with_drop_path_equals_the_same_in_a_batch(space: str) -> None:
    batch = replace(batch_of(*HYPERPARAMETERS, epochs=3), drop_paths=(0.0, 0.2, 0.4, 0.6))
    batch = in_cells(batch) if space == "cell" else batch
    together = NumbaEngine(2).search(batch, quiet)
    for trial in (1, 3):
        assert batch.drop_paths is not None
        single = replace(alone(batch, trial), drop_paths=batch.drop_paths[trial : trial + 1])
        assert_equal(NumbaEngine(1).search(single, quiet), together, trial)


def test_darts_single_reports_three_times_the_epochs() -> None:
    reported: list[tuple[int, int]] = []
    batch = batch_of(*HYPERPARAMETERS[:2], epochs=2)
    batch = replace(batch, search=batch.search.model_copy(update={"variant": "darts-single"}))
    NumbaEngine(2).search(batch, lambda *epochs: reported.append(epochs))
    assert reported == [(done, 6) for done in range(1, 7)]
    assert batch.search.search_epochs(batch.epochs, short_fraction=0.1) == 6


def test_a_random_search_alone_equals_the_same_in_a_batch() -> None:
    few = RsWsSettings(architectures=9, batches=3, finalists=2)
    batch = batch_of(*HYPERPARAMETERS)
    search = batch.search.model_copy(update={"variant": "rs-ws", "rs_ws": few})
    batch = replace(batch, search=search)
    reported: list[tuple[int, int]] = []
    together = NumbaEngine(2).search(batch, lambda *epochs: reported.append(epochs))
    epochs = batch.epochs + search.scoring_epochs
    assert reported == [(done, epochs) for done in range(1, epochs + 1)]
    for trial in (0, 3):
        apart = NumbaEngine(1).search(alone(batch, trial), quiet)
        for name in ("architectures", "psnr", "inherited_psnr", "train_loss", "validation_psnr"):
            np.testing.assert_array_equal(getattr(apart, name)[0], getattr(together, name)[trial])


@pytest.mark.parametrize("variant", ["darts", "darts-single", "rs-ws", "r-darts-l2", "r-darts-dp"])
def test_first_order_variants_are_supported(variant: str) -> None:
    batch = in_cells(batch_of())
    search = batch.search.model_copy(update={"variant": variant})
    assert NumbaEngine(1).unsupported(batch.architecture, search) is None


def test_the_second_order_variant_is_not_supported() -> None:
    batch = in_cells(batch_of())
    search = batch.search.model_copy(update={"variant": "darts-second-order"})
    unsupported = NumbaEngine(1).unsupported(batch.architecture, search)
    assert unsupported == "the variant 'darts-second-order'"


def test_a_diverged_trial_does_not_change_the_next_one() -> None:
    wild = Hyperparameters(param_lr=1e30, param_weight_decay=0.0)
    batch = batch_of(wild, *HYPERPARAMETERS)
    together = NumbaEngine(1).search(batch, quiet)
    assert not np.isfinite(together.psnr[0])
    assert_equal(NumbaEngine(1).search(alone(batch, 1), quiet), together, trial=1)


def test_nan_reaches_the_score_and_the_curve() -> None:
    wild = Hyperparameters(param_lr=1e30)
    trained = NumbaEngine(1).retrain(batch_of(wild), np.ones((1, 3), np.int64), quiet)
    assert np.isnan(trained.psnr[0])
    assert np.isnan(trained.train_loss[0, -1])


def test_a_custom_dense_problem_agrees_with_the_reference() -> None:
    batch = replace(batch_of(*HYPERPARAMETERS), problem=DenseProblem(points=20))
    ours, theirs = NumbaEngine(2).search(batch, quiet), TorchEngine().search(batch, quiet)
    np.testing.assert_allclose(ours.train_loss, theirs.train_loss, rtol=1e-4)
    np.testing.assert_allclose(ours.psnr, theirs.psnr, atol=1e-3)


@pytest.mark.parametrize("shift", [-3, 0, 25])
def test_the_roll_shifts_by_any_number_of_samples(shift: int) -> None:
    batch = batch_of()
    batch = replace(batch, architecture=batch.architecture.model_copy(update={"roll_shift": shift}))
    picks = np.array([[0, 2, 1]])
    ours = NumbaEngine(1).retrain(batch, picks, quiet)
    theirs = TorchEngine().retrain(batch, picks, quiet)
    np.testing.assert_allclose(ours.train_loss, theirs.train_loss, rtol=1e-4)


@pytest.mark.parametrize("threads", [1, 2])
def test_every_epoch_is_reported_once_and_in_order(threads: int) -> None:
    reported: list[tuple[int, int]] = []
    batch = batch_of(*HYPERPARAMETERS[:3], epochs=4)
    NumbaEngine(threads).search(batch, lambda *epochs: reported.append(epochs))
    assert reported == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_an_exception_from_on_epoch_stops_the_batch() -> None:
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


def test_by_default_all_processors_of_this_process_are_used() -> None:
    assert NumbaEngine().threads == available_processors() >= 1


def test_at_least_one_thread_is_needed() -> None:
    with pytest.raises(ValueError, match="expected at least 1 thread, got 0"):
        NumbaEngine(0)
