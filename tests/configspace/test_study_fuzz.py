"""Any content of a study file is a study or one clear error."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configspace.errors import StudyError
from configspace.study import Study, load_study

pytestmark = pytest.mark.slow

SECTIONS = {
    name: list(field.annotation.model_fields)  # type: ignore[union-attr]
    for name, field in Study.model_fields.items()
    if hasattr(field.annotation, "model_fields")
}
HEAD = 'name = "x"\nobjective = "final"\n'

words = st.sampled_from(
    ["blur", "final", "adam", "cell", "all", "mean", "1h", "90s", "2GiB", "9" * 400 + "h", "9e9 s"]
)
scalars = st.one_of(
    st.integers(),
    st.floats(),
    st.booleans(),
    st.text(max_size=8),
    words,
    st.sampled_from([2**63, -(2**63), 10**400, 0]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
keys = st.sampled_from(
    sorted({key for known in SECTIONS.values() for key in known} | {"name", "objective", "seed"})
)


def toml(value: Any) -> str:
    """Return a value as TOML; an invalid result is a useful case, too."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float():
            return repr(value)
        case str():
            return json.dumps(value)
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case _:
            return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"


@st.composite
def files(draw: st.DrawFn) -> str:
    """Make a file of mostly known sections and keys, with any values."""
    text = HEAD if draw(st.booleans()) else ""
    for section in draw(st.lists(st.sampled_from([*sorted(SECTIONS), "none"]), max_size=3)):
        text += f"[{section}]\n"
        known = st.sampled_from(SECTIONS.get(section) or ["param_lr"]) | keys
        for key in draw(st.lists(known, max_size=3)):
            text += f"{key} = {toml(draw(values))}\n"
    return text


def is_a_study_or_an_error(text: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.toml"
        path.write_bytes(text)
        try:
            found = load_study(path)
        except StudyError as error:
            message = str(error)
        else:
            assert Study.model_validate_json(found.model_dump_json()) == found
            assert found.rungs()
            return
    assert "\n" not in message
    assert len(message) < 2000


@settings(max_examples=8000, deadline=None)
@given(files())
def test_any_sections_are_a_study_or_an_error(text: str) -> None:
    is_a_study_or_an_error(text.encode(errors="surrogatepass"))


@settings(max_examples=1000, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_study_or_an_error(text: str) -> None:
    is_a_study_or_an_error(text.encode(errors="surrogatepass"))


@settings(max_examples=1000, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_study_or_an_error(content: bytes) -> None:
    is_a_study_or_an_error(content)


def test_a_number_with_too_many_digits_is_an_error() -> None:
    is_a_study_or_an_error(f"{HEAD}seed = {'9' * 5000}".encode())


def test_deeply_nested_brackets_are_an_error() -> None:
    is_a_study_or_an_error(f"{HEAD}x = {'[' * 100_000}".encode())


def test_an_infinite_limit_is_an_error() -> None:
    for key in ("time_limit", "memory_limit"):
        unit = "h" if key == "time_limit" else "GB"
        is_a_study_or_an_error(f'{HEAD}[evaluation]\n{key} = "{"9" * 400} {unit}"'.encode())
