"""Settings: units, error messages and differences."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from configspace.settings import (
    Bytes,
    Count,
    Difference,
    PlainName,
    Seconds,
    Section,
    as_tuple,
    first_problem,
    flat,
)


class Inner(Section):
    limit: Seconds = 1.0
    size: Bytes = 1


class Outer(Section):
    name: PlainName = "x"
    count: Count = 1
    inner: Inner = Inner()


def message(**settings: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(settings)
    return first_problem(caught.value, Outer)


@pytest.mark.parametrize(
    ("limit", "seconds"),
    [("90s", 90), ("30m", 1800), ("1.5 h", 5400), ("2d", 172800), (3, 3), (0.5, 0.5)],
)
def test_a_duration_may_have_a_unit(limit: object, seconds: float) -> None:
    assert Inner.model_validate({"limit": limit}).limit == seconds


@pytest.mark.parametrize(
    ("size", "count"),
    [("500MB", 500 * 10**6), ("4GiB", 4 * 2**30), ("1.5 MiB", 3 * 2**19), (7, 7)],
)
def test_a_size_may_have_a_unit(size: object, count: int) -> None:
    assert Inner.model_validate({"size": size}).size == count


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"inner": {"limit": "soon"}}, "inner.limit: expected seconds or a duration such as"),
        ({"inner": {"limit": "soon"}}, "got 'soon'"),
        ({"inner": {"size": "4 apples"}}, "inner.size: expected bytes or a size such as"),
        ({"name": "a b"}, "name: expected only ASCII letters, digits,"),
        ({"name": "é"}, "name: expected only ASCII letters, digits,"),
        ({"name": "-"}, "name: expected a letter or digit as the first character"),
        ({"name": "..", "x": 1}, "as in 'blur-final', got '..'"),
        ({"name": "--help"}, "name: expected a letter or digit as the first character"),
        ({"count": 0}, "key 'count': input should be greater than or equal to 1, got 0"),
        ({"size": 3}, "unknown key 'size'; known keys: name, count, inner"),
        ({"inner": {"count": 3}}, "unknown key 'inner.count'; known keys: limit, size"),
    ],
)
def test_an_error_names_key_expectation_and_value(settings: dict[str, Any], text: str) -> None:
    assert text in message(**settings)


def test_further_errors_are_counted() -> None:
    assert message(count=0, name="a b", size=3).endswith("(and 2 more)")


def test_a_difference_becomes_text_at_the_edge() -> None:
    difference = Difference("problem.noise", expected=0.1, found=None)
    text = "problem.noise: 0.1 in the store, None in the file"
    assert difference.text("in the store", "in the file") == text


def test_a_difference_of_architectures_lists_their_operations() -> None:
    difference = Difference("architecture 0", expected=("cnn", "roll"), found=("cnn", "cnn"))
    assert difference.text("there", "here") == "architecture 0: cnn roll there, cnn cnn here"


def test_nested_settings_become_dotted_keys() -> None:
    assert flat({"a": 1, "b": {"c": 2, "d": {"e": 3}}}) == {"a": 1, "b.c": 2, "b.d.e": 3}


def test_a_list_becomes_a_tuple() -> None:
    assert as_tuple(json.loads("[1, 2]")) == (1, 2)


def test_another_value_stays_as_it_is() -> None:
    assert as_tuple("text") == "text"
