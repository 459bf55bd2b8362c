"""The points among which a strategy chooses, as architectures."""

from typing import cast

from configspace.operations import operations, parametric_name
from configspace.strategy_search import StrategySearch
from configspace.surrogate import Architecture
from master.strategies.space import Finite, Plane, Point, Space


def space_of(search: StrategySearch) -> Space:
    """Return the space of a search.

    It is a plane of the parameters in ``[architecture] continuous``, or all choices of one
    operation per layer.
    """
    architecture, strategies = search.setting.architecture, search.strategies
    if names := architecture.continuous:
        ranges = {"tau": strategies.tau, "dilation": strategies.dilation}
        return Plane(names, tuple(ranges[name] for name in names))
    return Finite(architecture.edges, len(operations(architecture)))


def operation_at(search: StrategySearch, point: Point) -> str:
    """Return the learnable gradient step with the parameters of a point in the plane."""
    values = cast("dict[str, float]", space_of(search).values(point))
    return parametric_name("learnable_gradient", **values)


def architecture_at(search: StrategySearch, point: Point) -> Architecture:
    """Return the architecture of a point: in the plane, the same operation on all layers."""
    architecture = search.setting.architecture
    if architecture.continuous:
        return (operation_at(search, point),) * architecture.edges
    names = operations(architecture)
    return tuple(names[int(index)] for index in point)
