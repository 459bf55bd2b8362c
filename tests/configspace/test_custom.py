"""Custom problems and operations: their names, and the digests of their files."""

import hashlib
import random
from pathlib import Path

import pytest

from configspace.architecture import ArchitectureSettings
from configspace.custom import is_custom, source_digest
from configspace.errors import StudyError
from configspace.operations import operations
from configspace.python_path import ROOT
from configspace.study import ProblemSettings, Study, load_study

SOURCE = "raise RuntimeError('a module that is only looked at is not imported')\n"
DIGEST = hashlib.sha256(SOURCE.encode()).hexdigest()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, which has the module ``mine``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["/nowhere"])
    (tmp_path / "mine.py").write_text(SOURCE)
    return tmp_path


def written(folder: Path, problem: str) -> Path:
    path = folder / "study.toml"
    path.write_text(f'name = "s"\nobjective = "final"\n[problem]\n{problem}\n')
    return path


@pytest.mark.parametrize(
    ("name", "custom"),
    [("mine:Waves", True), ("a.b_1:C", True), ("blur", False), ("mine:", False), ("1:A", False)],
)
def test_a_custom_name_has_a_module_and_a_class(name: str, custom: bool) -> None:
    assert is_custom(name) is custom


def test_a_file_is_found_without_an_import(here: Path) -> None:
    assert source_digest("mine:Waves") == DIGEST


def test_a_loaded_study_has_the_digest_of_its_problem(here: Path) -> None:
    assert load_study(written(here, 'name = "mine:Waves"')).problem.source == DIGEST


def test_another_file_makes_another_study(here: Path) -> None:
    path = written(here, 'name = "mine:Waves"')
    before = load_study(path)
    (here / "mine.py").write_text(SOURCE + "# changed\n")
    after = load_study(path)
    assert after.digest() != before.digest()
    assert [one.key for one in before.differences(after)] == ["problem.source"]


def test_a_study_without_its_file_is_refused(here: Path) -> None:
    with pytest.raises(StudyError, match=r"cannot find yours/waves.py for 'yours.waves:Waves'"):
        load_study(written(here, 'name = "yours.waves:Waves"'))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise SystemExit(0)", r"it called sys\.exit\(0\)"),
        ("raise ValueError('no')", "ValueError: no"),
        ("import missing_numpy", "ModuleNotFoundError: No module named 'missing_numpy'"),
    ],
)
def test_a_package_that_fails_is_refused(here: Path, source: str, message: str) -> None:
    (here / "faulty").mkdir()
    (here / "faulty" / "__init__.py").write_text(source)
    (here / "faulty" / "waves.py").write_text(SOURCE)
    with pytest.raises(StudyError, match=f"cannot import 'faulty' for 'faulty.waves:W': {message}"):
        load_study(written(here, 'name = "faulty.waves:W"'))


def test_a_stated_digest_is_checked(here: Path) -> None:
    load_study(written(here, f'name = "mine:Waves"\nsource = "{DIGEST}"'))
    with pytest.raises(StudyError, match=r"expected the SHA-256 0000"):
        load_study(written(here, f'name = "mine:Waves"\nsource = "{"0" * 64}"'))


def test_an_unknown_problem_is_refused(here: Path) -> None:
    with pytest.raises(StudyError, match="expected 'blur', 'downsampling', or a custom problem as"):
        load_study(written(here, 'name = "blurr"'))


def test_a_built_in_problem_has_no_source() -> None:
    with pytest.raises(ValueError, match="source: expected none"):
        ProblemSettings(source=DIGEST)
    assert ProblemSettings().identified() == ProblemSettings()


def test_a_built_in_problem_keeps_its_studys_digest() -> None:
    # The digest from before there were custom problems: studies in older stores must resume.
    recorded = "15e977ef2b6714c49c8d79c1d06694916fd9eb3b977854777dba46a70d3e9d0b"
    assert Study(name="s", objective="final").digest() == recorded


def test_custom_operations_join_the_set_in_their_order() -> None:
    settings = ArchitectureSettings(operations="good", custom=("mine:B", "mine:A"))
    assert operations(settings) == ("learnable_gradient", "cnn", "mine:B", "mine:A")


def test_a_loaded_study_has_the_digests_of_its_operations(here: Path) -> None:
    path = here / "study.toml"
    path.write_text(
        'name = "s"\nobjective = "final"\n[architecture]\ncustom = ["mine:A", "mine:B"]\n'
    )
    found = load_study(path)
    assert found.architecture.sources == (DIGEST, DIGEST)
    assert found.digest() != Study(name="s", objective="final").digest()


def test_stated_digests_of_operations_are_checked(here: Path) -> None:
    path = here / "study.toml"
    path.write_text(
        'name = "s"\nobjective = "final"\n[architecture]\ncustom = ["mine:A", "mine:B"]\n'
        f'sources = ["{DIGEST}", "{"0" * 64}"]\n'
    )
    with pytest.raises(StudyError, match=r"architecture\.sources"):
        load_study(path)


@pytest.mark.parametrize("name", ["random", "worker"])
def test_a_hidden_module_is_refused(name: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [ROOT, str(Path(random.__file__).parent)])
    (here / f"{name}.py").write_text(SOURCE)
    with pytest.raises(StudyError, match=f"has another module '{name}'; rename the file"):
        source_digest(f"{name}:Waves")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"custom": ["cnn"]}, "expected a class as 'package.module:Class'"),
        ({"custom": ["mine:A", "mine:A"]}, "expected each operation once"),
        ({"custom": ["mine:A"], "space": "cell"}, "expected space 'sequential' with"),
        ({"custom": ["mine:A"], "sources": [DIGEST] * 2}, "sources: expected none or"),
    ],
)
def test_operations_that_do_not_fit_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ArchitectureSettings.model_validate(settings)


def test_darts_single_takes_no_custom_operations() -> None:
    with pytest.raises(ValueError, match="custom: expected none with the variant 'darts-single'"):
        Study.model_validate(
            {
                "name": "s",
                "objective": "final",
                "architecture": {"custom": ["mine:A"]},
                "search": {"variant": "darts-single"},
            }
        )


def test_the_key_before_0_2_0_is_read() -> None:
    assert ArchitectureSettings.model_validate({"own": ["mine:A"]}).custom == ("mine:A",)


def test_the_key_before_0_2_0_is_stored() -> None:
    stored = ArchitectureSettings(custom=("mine:A",)).model_dump(mode="json", exclude_defaults=True)
    assert stored == {"own": ["mine:A"]}


def test_a_difference_names_the_key_of_the_file() -> None:
    plain = Study(name="s", objective="final")
    other = plain.model_copy(update={"architecture": ArchitectureSettings(custom=("mine:A",))})
    assert "architecture.custom" in [found.key for found in plain.differences(other)]
