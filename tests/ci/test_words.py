"""The word check in `.ci/words.py`, and that each entry of its list finds something."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci/words.py"
needs_git = pytest.mark.skipif(
    not (SCRIPT.parents[1] / ".git").exists(), reason="an image has no repository to list files of"
)


@pytest.fixture(scope="module")
def words() -> ModuleType:
    """Import the script; its folder is no package."""
    spec = importlib.util.spec_from_file_location("words", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("text", "found", "instead"),
    [
        ("mend the store", "mend", "fix"),
        ("An error of a wanted kind", "wanted", "expected"),
        ("def test_it_heeds_a_limit():", "heeds", "use, respect"),
        ("Behaviour", "Behaviour", "American spelling"),
        ("the command goes on where it stopped", "goes on", "resume, continue"),
        ('"""Of the search."""', '"""Of', "name the subject"),
        ("    seed: Of the bootstrap.", "seed: Of", "name the subject"),
        ("frames  # a row a trial", "row a trial", "one … per …"),
        ("it ends with status 0", "ends with status", "exits with status"),
        ("your own problem", "own problem", "custom …"),
    ],
)
def test_a_habit_is_found_with_its_replacement(
    words: ModuleType, text: str, found: str, instead: str
) -> None:
    matches = list(words.matches(f"first line\n{text}\n", words.read_rules()))
    assert (2, found, instead) in [tuple(match) for match in matches]


@pytest.mark.parametrize(
    "text",
    [
        "a slack variable, a recommendation and an attachment",
        "if name is None or value is not None:",
        "one row per trial",
        "Rows of the table",
        "a warning\n# of the master",
        "wall-clock seconds",
    ],
)
def test_plain_english_has_no_matches(words: ModuleType, text: str) -> None:
    assert list(words.matches(text, words.read_rules())) == []


@needs_git
def test_a_file_may_be_named(words: ModuleType) -> None:
    assert words.tracked_files(["pyproject.toml"]) == ["pyproject.toml"]


@needs_git
@pytest.mark.parametrize("name", [".ci/words.toml", "LICENSE", "docs/reproduction/findings.md"])
def test_vendored_and_generated_files_are_left_out(words: ModuleType, name: str) -> None:
    assert words.tracked_files([name]) == []


@needs_git
def test_pictures_are_left_out(words: ModuleType) -> None:
    suffixes = {Path(name).suffix for name in words.tracked_files([])}
    assert ".py" in suffixes
    assert not suffixes & {".png", ".svg", ".parquet"}


def test_a_clean_file_exits_with_0(words: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert words.main(["tests/ci/__init__.py"]) == 0
    assert capsys.readouterr().err == "0 words to replace\n"


def test_a_bad_file_exits_with_1(
    words: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "a.py").write_text("first = 1\nwanted = 2\n")
    monkeypatch.setattr(words, "ROOT", tmp_path)
    monkeypatch.setattr(words, "tracked_files", lambda below: ["a.py"])
    assert words.main([]) == 1
    assert capsys.readouterr().out == "a.py:2: 'wanted': write: expected\n"


def test_a_marked_line_keeps_its_words(words: ModuleType) -> None:
    assert not list(words.matches('key = "own operation"  # words: ignore', words.read_rules()))
