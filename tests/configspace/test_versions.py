"""Which versions differ, and which only look so."""

from configspace.versions import PACKAGES, differing, versions


def test_the_versions_that_matter_are_those_that_are_installed() -> None:
    assert set(versions()) == {"python", *PACKAGES}


def test_only_what_both_know_can_differ() -> None:
    assert differing({"torch": "1", "numpy": "2"}, {"torch": "3", "numba": "4"}) == {
        "torch": ("1", "3")
    }


def test_another_python_is_no_difference() -> None:
    assert differing({"python": "3.11"}, {"python": "3.12"}) == {}


def test_a_build_is_no_difference() -> None:
    assert differing({"torch": "2.13.0+cu126"}, {"torch": "2.13.0"}) == {}
