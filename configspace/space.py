"""The search space of a study as a ConfigSpace, for BOHB."""

from collections.abc import Mapping
from typing import Any

from ConfigSpace import (
    CategoricalHyperparameter,
    ConfigurationSpace,
    Constant,
    UniformFloatHyperparameter,
)
from ConfigSpace.hyperparameters import Hyperparameter

from configspace.hyperparameters import Domain, Interval, Levels


def configuration_space(domains: Mapping[str, Domain]) -> ConfigurationSpace:
    """Return the space of the free hyperparameters among ``domains``.

    Args:
        domains: Domain of each hyperparameter, as ``Study.domains()`` returns them. A domain of
            one level becomes a constant.

    Returns:
        A space in ConfigSpace's order, in which intervals have a logarithmic scale.
    """
    space = ConfigurationSpace()
    space.add(*(_hyperparameter(name, domain) for name, domain in domains.items()))
    return space


def _hyperparameter(name: str, domain: Domain) -> Hyperparameter[Any, Any]:
    match domain:
        case Interval(low, high):
            return UniformFloatHyperparameter(name, low, high, log=True)
        case Levels((value,)):
            return Constant(name, value)
        case Levels(values):
            return CategoricalHyperparameter(name, values)
