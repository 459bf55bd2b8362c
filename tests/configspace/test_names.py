"""Names in messages."""

import pytest

from configspace.names import counted, nearest

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


@pytest.mark.parametrize(
    ("count", "thing", "text"),
    [(1, "study", "1 study"), (0, "study", "0 studies"), (1500, "trial", "1,500 trials")],
)
def test_one_thing_is_singular(count: int, thing: str, text: str) -> None:
    assert counted(count, thing) == text
