"""A hyperparameter as an axis of the vectors in which BOHB's model works.

What ConfigSpace's `to_vector` and `to_value` give, one number at a time and in built-in types;
those are made for arrays, and most of what a sampled configuration costs would be theirs.
"""

import math
from dataclasses import dataclass
from typing import Any

from ConfigSpace import CategoricalHyperparameter, UniformFloatHyperparameter
from ConfigSpace.hyperparameters import Hyperparameter

from configspace.hyperparameters import Value


@dataclass(frozen=True, slots=True)
class Real:
    """A positive real range, logarithmic on [0, 1]."""

    name: str
    low: float
    high: float
    levels: int = 0

    def entry(self, value: Value) -> float:
        """Return where on [0, 1] a value lies."""
        return math.log(float(value) / self.low) / math.log(self.high / self.low)

    def value(self, entry: float) -> Value:
        """Return the value at a place on [0, 1]."""
        value = self.low * math.exp(entry * math.log(self.high / self.low))
        return min(max(value, self.low), self.high)


@dataclass(frozen=True, slots=True)
class Choice:
    """A finite set of values; a value's entry is its index."""

    name: str
    values: tuple[Value, ...]

    @property
    def levels(self) -> int:
        """How many values there are; 0 says that an axis is real."""
        return len(self.values)

    def entry(self, value: Value) -> float:
        """Return a value's index."""
        return float(self.values.index(value))

    def value(self, entry: float) -> Value:
        """Return the value with an index."""
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
        f"wanted a choice or a real range on a logarithmic scale, got {hyperparameter}"
    )
