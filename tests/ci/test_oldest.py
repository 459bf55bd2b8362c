"""The constraints for the oldest versions that `.ci/oldest.py` prints."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci/oldest.py"


@pytest.fixture(scope="module")
def oldest() -> ModuleType:
    """Import the script; its folder is no package."""
    spec = importlib.util.spec_from_file_location("oldest", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def constraints(oldest: ModuleType, *requirements: str, pinned: tuple[str, ...] = ()) -> list[str]:
    """Return the constraints of a project with these dependencies."""
    project = {"dependencies": list(requirements), "optional-dependencies": {"test": ["b>=2"]}}
    found: list[str] = oldest.oldest(project, list(pinned))
    return found


def test_a_lower_bound_becomes_a_version(oldest: ModuleType) -> None:
    assert constraints(oldest, "a>=1.2") == ["a==1.2", "b==2"]


def test_a_fixed_version_stays(oldest: ModuleType) -> None:
    assert constraints(oldest, "a==1.2") == ["a==1.2", "b==2"]


def test_an_extra_is_left_out(oldest: ModuleType) -> None:
    assert constraints(oldest, "a[more]>=1.2") == ["a==1.2", "b==2"]


def test_a_package_without_a_bound_stays_free(oldest: ModuleType) -> None:
    assert constraints(oldest, "a") == ["b==2"]


def test_torch_is_the_pinned_one(oldest: ModuleType) -> None:
    assert constraints(oldest, "torch>=2.4", pinned=("torch==2.13.0", "c==3")) == [
        "torch==2.13.0",
        "b==2",
    ]
