"""Architectures of one setting, trained with the weights' hyperparameters of the other."""

import numpy as np
import pytest

from results.stats.estimates import Estimate
from results.stats.factorial import exchange


def made_up(
    architectures: float, training: float, n: int = 40, spread: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    base = random.normal(20, spread, size=(2, n, 1))
    noise = random.normal(0, 0.05, size=(2, n, 2))
    noise -= noise.mean(axis=1, keepdims=True)  # so that the effects are those that were made
    pairs = base + noise + np.array([0.0, training])
    return pairs[0], pairs[1] + architectures


def holds(estimate: Estimate, value: float) -> bool:
    return estimate.low <= value <= estimate.high


def test_the_means_are_those_of_each_setting_and_the_effects_sum_to_the_whole_difference() -> None:
    one_shot, final = made_up(architectures=1.0, training=-2.0)
    found = exchange(one_shot, final)
    assert found.one_shot_final.value == pytest.approx(one_shot[:, 1].mean())
    assert found.final_one_shot.value == pytest.approx(final[:, 0].mean())
    whole = found.final_final.value - found.one_shot_one_shot.value
    assert found.architectures.value + found.training.value == pytest.approx(whole)


def test_each_effect_lies_in_its_interval_and_only_what_is_there_is_shown() -> None:
    found = exchange(*made_up(architectures=1.0, training=0.0))
    assert found.architectures.low > 0
    assert holds(found.architectures, 1.0)
    assert holds(found.training, 0.0)
    assert holds(found.interaction, 0.0)


def test_pairs_of_equal_architectures_make_the_effect_of_the_training_the_surer_one() -> None:
    found = exchange(*made_up(architectures=0.0, training=0.1, spread=2.0))
    assert found.training.low > 0
    width = found.training.high - found.training.low
    assert width < 0.1 * (found.architectures.high - found.architectures.low)


def test_an_interaction_is_half_the_difference_of_the_simple_effects() -> None:
    one_shot, final = np.tile([20.0, 21.0], (5, 1)), np.tile([20.0, 24.0], (5, 1))
    assert exchange(one_shot, final).interaction.value == pytest.approx((4.0 - 1.0) / 2)


@pytest.mark.parametrize(
    "wrong", [np.zeros((1, 2)), np.zeros(4), np.zeros((4, 3)), np.full((4, 2), np.nan)]
)
def test_what_are_no_pairs_of_psnrs_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="wanted"):
        exchange(wrong, np.zeros((4, 2)))
