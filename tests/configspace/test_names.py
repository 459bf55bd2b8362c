"""Names in messages."""

import pytest

from configspace.names import nearest

MANY = [f"study-{number:04}" for number in range(1500)]


@pytest.mark.parametrize(("names", "shown"), [([], ""), (["a"], "'a'"), (["b", "a"], "'b', 'a'")])
def test_a_few_names_are_all_shown(names: list[str], shown: str) -> None:
    assert nearest("x", names) == shown


def test_the_nearest_of_many_names_come_first() -> None:
    assert nearest("stduy-0042", MANY).startswith("'study-0042', ")


@pytest.mark.parametrize("name", ["study-42", "xyz", ""])
def test_many_names_are_three_and_a_count(name: str) -> None:
    shown = nearest(name, MANY)
    assert shown.endswith(" and 1,497 more")
    assert shown.count("'") == 6
