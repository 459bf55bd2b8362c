import numpy as np
import pytest

from configspace.hyperparameters import Hyperparameters
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from tests.worker.torch_engine.plain_cell import in_cells
from worker.engine.initialization import (
    Flattening,
    alpha_step_sizes,
    initial_alpha,
    initial_flattening,
    initial_weights,
    weight_step_sizes,
)
from worker.engine.philox import Occasion

ADAM = Hyperparameters(alpha_lr=0.02, alpha_warm_up=False, alpha_scheduler="none")


def alpha_steps(**changes: object) -> np.ndarray:
    batch = batch_of(ADAM.model_copy(update=changes), batches=5, epochs=4)
    sizes: np.ndarray = alpha_step_sizes(batch)[0]
    return sizes


def test_without_schedules_the_step_size_is_constant() -> None:
    np.testing.assert_array_equal(alpha_steps(), np.full(20, 0.02))


def test_warm_up_ramps_to_the_full_step_size() -> None:
    sizes = alpha_steps(alpha_warm_up=True)  # over the first half of the steps
    np.testing.assert_allclose(sizes[:10], 0.02 * np.arange(1, 11) / 10)
    np.testing.assert_allclose(sizes[10:], 0.02)


def test_the_linear_scheduler_ends_at_0() -> None:
    sizes = alpha_steps(alpha_scheduler="linear")
    assert sizes[0] == 0.02
    assert sizes[-1] == pytest.approx(0.02 / 20)
    np.testing.assert_allclose(np.diff(sizes), -0.02 / 20)


def test_warm_up_and_scheduler_multiply() -> None:
    both = alpha_steps(alpha_warm_up=True, alpha_scheduler="linear")
    separate = alpha_steps(alpha_warm_up=True) * alpha_steps(alpha_scheduler="linear")
    np.testing.assert_allclose(both, separate / 0.02)


def test_weight_steps_ignore_the_schedules_of_alpha() -> None:
    hyper = Hyperparameters(param_lr=0.1, alpha_warm_up=True, alpha_scheduler="linear")
    np.testing.assert_array_equal(weight_step_sizes(batch_of(hyper))[0], np.full(4, 0.1))


def test_weight_steps_have_their_own_warm_up() -> None:
    hyper = Hyperparameters(
        param_lr=0.1, param_warm_up=True, alpha_warm_up=True, alpha_scheduler="linear"
    )
    np.testing.assert_allclose(weight_step_sizes(batch_of(hyper))[0], [0.05, 0.1, 0.1, 0.1])


def test_step_sizes_are_those_of_each_trial() -> None:
    batch = batch_of(*HYPERPARAMETERS)
    assert weight_step_sizes(batch).shape == (4, 4)
    np.testing.assert_array_equal(
        weight_step_sizes(batch)[1], weight_step_sizes(batch_of(HYPERPARAMETERS[1]))[0]
    )


def test_alpha_starts_with_the_scale_of_the_settings() -> None:
    batch = batch_of(*[Hyperparameters()] * 200, layers=10)
    alpha = initial_alpha(batch)
    assert alpha.shape == (200, 10, 4)
    assert alpha.std() == pytest.approx(batch.search.alpha_scale, rel=0.05)


def test_alpha_has_one_entry_per_edge_and_operation() -> None:
    batch = batch_of(*HYPERPARAMETERS)
    assert initial_alpha(in_cells(batch, cells=2, states=3)).shape == (4, 12, 5)


@pytest.fixture
def flattenings() -> list[Flattening]:
    """Return the flattenings of fifty trials, on two occasions and of two cells."""
    batch = batch_of(*[Hyperparameters()] * 50)
    return [
        initial_flattening(batch, occasion, cell)
        for occasion in (Occasion.SEARCH_START, Occasion.RETRAIN_START)
        for cell in range(2)
    ]


def test_flattenings_start_in_the_range_of_pytorch(flattenings: list[Flattening]) -> None:
    for start in flattenings:
        assert start.weights.shape == (50, 2, 3)
        assert start.bias.shape == (50,)
        for values in (start.weights, start.bias):
            assert 0.9 / np.sqrt(6) < abs(values).max() < 1 / np.sqrt(6)


def test_no_two_flattenings_start_alike(flattenings: list[Flattening]) -> None:
    assert len({start.weights.tobytes() for start in flattenings}) == 4
    for start in flattenings:
        for values in (start.weights, start.bias):
            assert len(np.unique(values)) == values.size


def test_weights_start_in_the_range_of_pytorch() -> None:
    start = initial_weights(batch_of(channels=16, kernel_size=5), Occasion.SEARCH_START, 0, 0)
    for values, shape, fan_in in (
        (start.first, (1, 5, 16), 5),
        (start.second, (1, 5, 16), 80),
        (start.bias, (1,), 80),
    ):
        assert values.shape == shape
        assert abs(values).max() < 1 / np.sqrt(fan_in)
    assert abs(start.first).max() > 0.9 / np.sqrt(5)


def test_no_two_cnns_start_alike() -> None:
    batch = batch_of()
    starts = [
        initial_weights(batch, occasion, layer, slot).first.tobytes()
        for occasion in (Occasion.SEARCH_START, Occasion.RETRAIN_START)
        for layer in range(3)
        for slot in range(2)
    ]
    assert len(set(starts)) == 12
