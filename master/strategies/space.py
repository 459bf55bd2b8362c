"""Spaces in which a strategy searches: a plane of parameters, or a finite space."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from configspace.hyperparameters import Domain, Interval, Levels, Value
from master.bohb.axes import Choice, Real

Point = tuple[float, ...]
"""In a plane, coordinates in [0, 1]; in a finite space, the index of the operation of each edge."""


class Space(Protocol):
    """What all strategies need of a space."""

    @property
    def size(self) -> float:
        """Number of points; infinite in a plane."""

    def random(self, random: np.random.Generator) -> Point:
        """Draw uniformly among all points."""

    def values(self, point: Point) -> dict[str, Value]:
        """Return what a point stands for: the value of each parameter or edge."""

    def point(self, values: Mapping[str, Value]) -> Point:
        """Return the point of values, up to rounding in a plane."""

    def domains(self) -> dict[str, Domain]:
        """Return the domain of each of the values."""


@dataclass(frozen=True, slots=True)
class Plane:
    """Real-valued parameters of an operation, each on a logarithmic scale."""

    names: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]
    """Lowest and highest value of each parameter, positive."""

    @property
    def size(self) -> float:
        """Number of points."""
        return math.inf

    def random(self, random: np.random.Generator) -> Point:
        """Draw uniformly: the logarithms of the parameters are uniform."""
        return tuple(random.random(len(self.names)).tolist())

    def values(self, point: Point) -> dict[str, Value]:
        """Return the value of each parameter at a point."""
        return {axis.name: axis.value(x) for axis, x in zip(self._axes(), point, strict=True)}

    def point(self, values: Mapping[str, Value]) -> Point:
        """Return the point at which the parameters have some values, up to rounding."""
        return tuple(axis.entry(values[axis.name]) for axis in self._axes())

    def domains(self) -> dict[str, Domain]:
        """Return the range of each parameter."""
        return {axis.name: Interval(axis.low, axis.high) for axis in self._axes()}

    def _axes(self) -> Iterator[Real]:
        for name, (low, high) in zip(self.names, self.ranges, strict=True):
            yield Real(name, low, high)


@dataclass(frozen=True, slots=True)
class Finite:
    """One of several operations on each edge. A point has integers."""

    edges: int
    levels: int
    """Number of operations."""

    @property
    def size(self) -> float:
        """Number of points."""
        return float(self.levels**self.edges)

    def random(self, random: np.random.Generator) -> Point:
        """Draw an operation for each edge."""
        return tuple(random.integers(self.levels, size=self.edges).tolist())

    def values(self, point: Point) -> dict[str, Value]:
        """Return the index of the operation of each edge."""
        return {axis.name: axis.value(x) for axis, x in zip(self._axes(), point, strict=True)}

    def point(self, values: Mapping[str, Value]) -> Point:
        """Return the point at which the edges have some operations."""
        return tuple(int(axis.entry(values[axis.name])) for axis in self._axes())

    def domains(self) -> dict[str, Domain]:
        """Return the levels of each edge."""
        return {axis.name: Levels(axis.values) for axis in self._axes()}

    def _axes(self) -> Iterator[Choice]:
        for edge in range(self.edges):
            yield Choice(f"edge_{edge}", tuple(range(self.levels)))
