"""A hyperparameter as an axis of the vectors on which BOHB's model works.

The axes return what ConfigSpace's `to_vector` and `to_value` return, one number at a time and in
built-in types. ConfigSpace's methods are made for arrays, and would take most of the time of
sampling a configuration.
"""

import math
from dataclasses import dataclass
from typing import Any

from ConfigSpace import CategoricalHyperparameter, UniformFloatHyperparameter
from ConfigSpace.hyperparameters import Hyperparameter

from configspace.hyperparameters import Value


@dataclass(frozen=True, slots=True)
class Real:
    """A positive real range, mapped to [0, 1] on a logarithmic scale."""

    name: str
    low: float
    high: float
    levels: int = 0

    def entry(self, value: Value) -> float:
        """Return the position of a value on [0, 1]."""
        return math.log(float(value) / self.low) / math.log(self.high / self.low)

    def value(self, entry: float) -> Value:
        """Return the value at a position on [0, 1]."""
        value = self.low * math.exp(entry * math.log(self.high / self.low))
        return min(max(value, self.low), self.high)


@dataclass(frozen=True, slots=True)
class Choice:
    """A finite set of values. The entry of a value is its index."""

    name: str
    values: tuple[Value, ...]

    @property
    def levels(self) -> int:
        """Number of values; 0 stands for a real axis."""
        return len(self.values)

    def entry(self, value: Value) -> float:
        """Return the index of a value."""
        return float(self.values.index(value))

    def value(self, entry: float) -> Value:
        """Return the value at an index."""
        return self.values[int(entry)]


Axis = Real | Choice


def axis(hyperparameter: Hyperparameter[Any, Any]) -> Axis:
    """Return the axis of a free hyperparameter.

    Raises:
        ValueError: If it is neither a choice nor a real range on a logarithmic scale.
    """
    match hyperparameter:
        case CategoricalHyperparameter(name=name, choices=choices):
            return Choice(name, tuple(choices))
        case UniformFloatHyperparameter(name=name, lower=low, upper=high, log=True):
            return Real(name, float(low), float(high))
    raise ValueError(
        f"expected a choice or a real range on a logarithmic scale, got {hyperparameter}"
    )
