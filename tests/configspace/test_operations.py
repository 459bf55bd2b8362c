import pytest

from configspace.operations import operations
from configspace.study import ArchitectureSettings


def settings(space: str, names: str) -> ArchitectureSettings:
    return ArchitectureSettings.model_validate({"space": space, "operations": names})


def test_the_good_operations_are_the_trained_ones() -> None:
    assert operations(settings("sequential", "good")) == ("learnable_gradient", "cnn")


@pytest.mark.parametrize("names", ["good", "all"])
def test_only_the_cell_space_has_zero(names: str) -> None:
    sequential = operations(settings("sequential", names))
    assert operations(settings("cell", names)) == (*sequential, "zero")
    assert "zero" not in sequential
