import numpy as np
import pytest

from configspace.hyperparameters import Hyperparameters
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from tests.worker.torch_engine.plain_cell import in_cells
from worker.engine.contract import (
    alpha_step_sizes,
    initial_alpha,
    initial_flattening,
    initial_weights,
    operations,
    sources,
    weight_step_sizes,
)
from worker.engine.philox import Occasion

ADAM = Hyperparameters(alpha_lr=0.02, alpha_warm_up=False, alpha_scheduler="none")


def alpha_steps(**changes: object) -> np.ndarray:
    batch = batch_of(ADAM.model_copy(update=changes), batches=5, epochs=4)
    sizes: np.ndarray = alpha_step_sizes(batch)[0]
    return sizes


def test_the_good_operations_are_the_two_that_learn() -> None:
    assert operations(batch_of(operations="good").architecture) == ("learnable_gradient", "cnn")


def test_the_cell_space_alone_may_take_an_edge_away() -> None:
    for names in ("good", "all"):
        batch = batch_of(operations=names)
        found = operations(in_cells(batch).architecture)
        assert found == (*operations(batch.architecture), "zero")


def test_every_state_of_a_cell_has_an_edge_from_its_input_and_from_each_state_before_it() -> None:
    assert sources(3) == ((0,), (0, 1), (0, 1, 2))
    batch = in_cells(batch_of(), cells=2, states=3)
    assert batch.architecture.edges == 2 * sum(len(some) for some in sources(3))


def test_without_warm_up_and_scheduler_the_step_size_is_constant() -> None:
    np.testing.assert_array_equal(alpha_steps(), np.full(20, 0.02))


def test_a_warm_up_ramps_to_the_full_step_size_over_its_share_of_the_steps() -> None:
    sizes = alpha_steps(alpha_warm_up=True)  # the share is one half
    np.testing.assert_allclose(sizes[:10], 0.02 * np.arange(1, 11) / 10)
    np.testing.assert_allclose(sizes[10:], 0.02)


def test_the_linear_scheduler_falls_to_one_step_short_of_0() -> None:
    sizes = alpha_steps(alpha_scheduler="linear")
    assert sizes[0] == 0.02
    assert sizes[-1] == pytest.approx(0.02 / 20)
    np.testing.assert_allclose(np.diff(sizes), -0.02 / 20)


def test_warm_up_and_scheduler_multiply() -> None:
    both = alpha_steps(alpha_warm_up=True, alpha_scheduler="linear")
    separate = alpha_steps(alpha_warm_up=True) * alpha_steps(alpha_scheduler="linear")
    np.testing.assert_allclose(both, separate / 0.02)


def test_the_weights_step_size_heeds_their_own_warm_up_only() -> None:
    hyper = Hyperparameters(param_lr=0.1, alpha_warm_up=True, alpha_scheduler="linear")
    np.testing.assert_array_equal(weight_step_sizes(batch_of(hyper))[0], np.full(4, 0.1))
    warm = hyper.model_copy(update={"param_warm_up": True})
    np.testing.assert_allclose(weight_step_sizes(batch_of(warm))[0], [0.05, 0.1, 0.1, 0.1])


def test_each_trial_has_its_own_step_sizes() -> None:
    batch = batch_of(*HYPERPARAMETERS)
    assert weight_step_sizes(batch).shape == (4, 4)
    np.testing.assert_array_equal(
        weight_step_sizes(batch)[1], weight_step_sizes(batch_of(HYPERPARAMETERS[1]))[0]
    )


def test_alpha_starts_with_its_scale() -> None:
    batch = batch_of(*[Hyperparameters()] * 200, layers=10)
    alpha = initial_alpha(batch)
    assert alpha.shape == (200, 10, 4)
    assert alpha.std() == pytest.approx(batch.search.alpha_scale, rel=0.05)


def test_alpha_has_an_entry_for_each_edge_and_operation() -> None:
    batch = batch_of(*HYPERPARAMETERS)
    assert initial_alpha(in_cells(batch, cells=2, states=3)).shape == (4, 12, 5)


def test_a_flattening_starts_in_pytorchs_range_and_like_no_other() -> None:
    batch = batch_of(*[Hyperparameters()] * 50)
    starts = [
        initial_flattening(batch, occasion, cell)
        for occasion in (Occasion.SEARCH_START, Occasion.RETRAIN_START)
        for cell in range(2)
    ]
    assert len({start.weights.tobytes() for start in starts}) == 4
    for start in starts:
        assert start.weights.shape == (50, 2, 3)
        assert start.bias.shape == (50,)
        for values in (start.weights, start.bias):
            assert 0.9 / np.sqrt(6) < abs(values).max() < 1 / np.sqrt(6)
            assert len(np.unique(values)) == values.size


def test_weights_start_in_pytorchs_range() -> None:
    start = initial_weights(batch_of(channels=16, kernel_size=5), Occasion.SEARCH_START, 0, 0)
    for values, shape, fan_in in (
        (start.first, (1, 5, 16), 5),
        (start.second, (1, 5, 16), 80),
        (start.bias, (1,), 80),
    ):
        assert values.shape == shape
        assert abs(values).max() < 1 / np.sqrt(fan_in)
    assert abs(start.first).max() > 0.9 / np.sqrt(5)


def test_no_two_mappings_start_alike() -> None:
    batch = batch_of()
    starts = [
        initial_weights(batch, occasion, layer, slot).first.tobytes()
        for occasion in (Occasion.SEARCH_START, Occasion.RETRAIN_START)
        for layer in range(3)
        for slot in range(2)
    ]
    assert len(set(starts)) == 12
