"""Versions that differ, and versions that only look different."""

from configspace.versions import PACKAGES, differing, versions


def test_all_installed_packages_have_a_version() -> None:
    assert set(versions()) == {"python", *PACKAGES}


def test_only_packages_on_both_sides_can_differ() -> None:
    assert differing({"torch": "1", "numpy": "2"}, {"torch": "3", "numba": "4"}) == {
        "torch": ("1", "3")
    }


def test_another_python_is_not_a_difference() -> None:
    assert differing({"python": "3.11"}, {"python": "3.12"}) == {}


def test_another_build_is_not_a_difference() -> None:
    assert differing({"torch": "2.13.0+cu126"}, {"torch": "2.13.0"}) == {}
