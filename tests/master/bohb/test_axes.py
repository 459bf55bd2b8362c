"""An axis converts values as ConfigSpace does, to and from built-in types."""

from typing import Any

import pytest
from ConfigSpace import UniformFloatHyperparameter
from ConfigSpace.hyperparameters import Hyperparameter

from configspace.hyperparameters import DOMAINS
from configspace.space import configuration_space
from master.bohb.axes import Real, axis

SPACE = configuration_space(DOMAINS)
ALL = pytest.mark.parametrize("hyperparameter", list(SPACE.values()), ids=list(SPACE))


def entries(hyperparameter: Hyperparameter[Any, Any]) -> list[float]:
    levels = axis(hyperparameter).levels
    return [float(level) for level in range(levels)] or [0.0, 1e-9, 0.3, 0.999, 1.0]


@ALL
def test_values_agree_with_configspace(hyperparameter: Hyperparameter[Any, Any]) -> None:
    for entry in entries(hyperparameter):
        value = axis(hyperparameter).value(entry)
        expected = hyperparameter.to_value(entry)
        assert value == (expected if isinstance(value, str | bool) else pytest.approx(expected))


@ALL
def test_entries_agree_with_configspace(hyperparameter: Hyperparameter[Any, Any]) -> None:
    for entry in entries(hyperparameter):
        value = hyperparameter.to_value(entry)
        assert axis(hyperparameter).entry(value) == pytest.approx(entry, abs=1e-14)


@ALL
def test_values_have_built_in_types(hyperparameter: Hyperparameter[Any, Any]) -> None:
    for entry in entries(hyperparameter):
        assert type(axis(hyperparameter).value(entry)) in (float, bool, str)


def test_the_ends_of_a_range_are_exact() -> None:
    real = Real("rate", 1e-8, 0.1)
    assert (real.value(0.0), real.value(1.0)) == (1e-8, 0.1)


def test_a_linear_range_is_refused() -> None:
    with pytest.raises(ValueError, match="logarithmic"):
        axis(UniformFloatHyperparameter("linear", 0.1, 1.0))
