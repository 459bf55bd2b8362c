"""The 2 × 2 factorial design of architectures and training hyperparameters."""

import numpy as np
import pytest

from results.stats.estimates import Estimate
from results.stats.factorial import FactorialEffects, factorial_effects


def made_up(
    architectures: float, training: float, n: int = 40, spread: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    base = random.normal(20, spread, size=(2, n, 1))
    noise = random.normal(0, 0.05, size=(2, n, 2))
    noise -= noise.mean(axis=1, keepdims=True)  # then the effects are exact
    pairs = base + noise + np.array([0.0, training])
    return pairs[0], pairs[1] + architectures


def holds(estimate: Estimate, value: float) -> bool:
    return estimate.low <= value <= estimate.high


def test_each_mean_is_that_of_its_column() -> None:
    one_shot, final = made_up(architectures=1.0, training=-2.0)
    found = factorial_effects(one_shot, final)
    assert found.other_final.value == pytest.approx(one_shot[:, 1].mean())
    assert found.final_other.value == pytest.approx(final[:, 0].mean())


def test_main_effects_sum_to_the_whole_difference() -> None:
    found = factorial_effects(*made_up(architectures=1.0, training=-2.0))
    whole = found.final_final.value - found.other_other.value
    assert found.architecture_effect.value + found.training_effect.value == pytest.approx(whole)


@pytest.fixture
def only_architectures_matter() -> FactorialEffects:
    return factorial_effects(*made_up(architectures=1.0, training=0.0))


def test_a_real_effect_is_significant(only_architectures_matter: FactorialEffects) -> None:
    assert only_architectures_matter.architecture_effect.low > 0


def test_each_interval_holds_the_true_effect(only_architectures_matter: FactorialEffects) -> None:
    assert holds(only_architectures_matter.architecture_effect, 1.0)
    assert holds(only_architectures_matter.training_effect, 0.0)
    assert holds(only_architectures_matter.interaction, 0.0)


def test_the_within_subject_effect_is_more_precise() -> None:
    found = factorial_effects(*made_up(architectures=0.0, training=0.1, spread=2.0))
    assert found.training_effect.low > 0
    width = found.training_effect.high - found.training_effect.low
    assert width < 0.1 * (found.architecture_effect.high - found.architecture_effect.low)


def test_the_interaction_compares_the_simple_effects() -> None:
    one_shot, final = np.tile([20.0, 21.0], (5, 1)), np.tile([20.0, 24.0], (5, 1))
    assert factorial_effects(one_shot, final).interaction.value == pytest.approx((4.0 - 1.0) / 2)


@pytest.mark.parametrize(
    "wrong", [np.zeros((1, 2)), np.zeros(4), np.zeros((4, 3)), np.full((4, 2), np.nan)]
)
def test_samples_must_be_finite_pairs(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        factorial_effects(wrong, np.zeros((4, 2)))
