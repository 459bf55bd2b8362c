"""The points of a strategy as architectures."""

import pytest

from configspace.architecture import ArchitectureSettings
from master.sources.points import architecture_at, operation_at, space_of
from master.strategies.space import Finite, Plane
from tests.master.sources.made_up_searches import PLANE, search


def test_the_plane_has_the_ranges_of_the_file() -> None:
    space = space_of(search("random", PLANE, tau=(0.1, 0.4)))
    assert isinstance(space, Plane)
    assert space == Plane(("tau", "dilation"), ((0.1, 0.4), (0.5, 8.0)))


def test_a_point_of_the_plane_is_on_all_layers() -> None:
    one = search("random", PLANE, tau=(0.1, 0.4), dilation=(0.5, 2.0))
    names = architecture_at(one, (0.0, 1.0))
    assert names == (operation_at(one, (0.0, 1.0)),) * 2
    assert names[0] == "learnable_gradient(tau=0.1,dilation=2.0)"


@pytest.mark.parametrize(("name", "text"), [("tau", "tau=0.1"), ("dilation", "dilation=1.0")])
def test_one_parameter_may_be_fixed(name: str, text: str) -> None:
    settings = ArchitectureSettings.model_validate({"layers": 1, "continuous": [name]})
    one = search("random", settings, tau=(0.1, 0.4), dilation=(1.0, 2.0))
    assert architecture_at(one, (0.0,)) == (f"learnable_gradient({text})",)


def test_a_finite_point_has_an_operation_per_layer() -> None:
    one = search("random", ArchitectureSettings(layers=3))
    assert space_of(one) == Finite(3, 4)
    assert architecture_at(one, (3, 0, 1)) == ("noise", "learnable_gradient", "cnn")
