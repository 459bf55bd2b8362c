"""What a user brings along as a setting: its name, and the digest of its file."""

import hashlib
from pathlib import Path

import pytest

from configspace.custom import is_custom, source_digest
from configspace.errors import StudyError
from configspace.operations import operations
from configspace.study import ArchitectureSettings, ProblemSettings, Study, load_study

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
    ("name", "own"),
    [("mine:Waves", True), ("a.b_1:C", True), ("blur", False), ("mine:", False), ("1:A", False)],
)
def test_an_own_problem_is_named_by_module_and_class(name: str, own: bool) -> None:
    assert is_custom(name) is own


def test_a_file_in_the_current_folder_is_found_and_not_imported(here: Path) -> None:
    assert source_digest("mine:Waves") == DIGEST


def test_a_loaded_study_knows_the_file_and_is_another_study_when_the_file_is_another(
    here: Path,
) -> None:
    path = written(here, 'name = "mine:Waves"')
    before = load_study(path)
    assert before.problem.source == DIGEST
    (here / "mine.py").write_text(SOURCE + "# changed\n")
    after = load_study(path)
    assert after.digest() != before.digest()
    assert [one.key for one in before.differences(after)] == ["problem.source"]


def test_without_its_file_the_study_is_refused_with_where_it_was_looked_for(here: Path) -> None:
    with pytest.raises(StudyError, match=r"cannot find yours/waves.py for 'yours.waves:Waves'"):
        load_study(written(here, 'name = "yours.waves:Waves"'))


def test_a_digest_that_was_written_down_is_held_to(here: Path) -> None:
    load_study(written(here, f'name = "mine:Waves"\nsource = "{DIGEST}"'))
    with pytest.raises(StudyError, match=r"expected the SHA-256 0000"):
        load_study(written(here, f'name = "mine:Waves"\nsource = "{"0" * 64}"'))


def test_another_name_is_refused_with_what_there_is(here: Path) -> None:
    with pytest.raises(StudyError, match="expected 'blur', 'downsampling', or a custom problem as"):
        load_study(written(here, 'name = "blurr"'))


def test_a_built_in_problem_has_no_source_and_keeps_its_studys_digest() -> None:
    with pytest.raises(ValueError, match="source: expected none"):
        ProblemSettings(source=DIGEST)
    assert ProblemSettings().identified() == ProblemSettings()
    # As it was before there were own problems: stores have studies that are to go on.
    recorded = "15e977ef2b6714c49c8d79c1d06694916fd9eb3b977854777dba46a70d3e9d0b"
    assert Study(name="s", objective="final").digest() == recorded


def test_custom_operations_join_the_set_in_their_order() -> None:
    settings = ArchitectureSettings(operations="good", custom=("mine:B", "mine:A"))
    assert operations(settings) == ("learnable_gradient", "cnn", "mine:B", "mine:A")


def test_a_loaded_study_knows_the_files_of_its_operations(here: Path) -> None:
    path = here / "study.toml"
    path.write_text(
        'name = "s"\nobjective = "final"\n[architecture]\ncustom = ["mine:A", "mine:B"]\n'
    )
    found = load_study(path)
    assert found.architecture.sources == (DIGEST, DIGEST)
    assert found.digest() != Study(name="s", objective="final").digest()
    path.write_text(path.read_text() + f'sources = ["{DIGEST}", "{"0" * 64}"]\n')
    with pytest.raises(StudyError, match=r"architecture\.sources"):
        load_study(path)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"custom": ["cnn"]}, "expected a class as 'package.module:Class'"),
        ({"custom": ["mine:A", "mine:A"]}, "expected each operation once"),
        ({"custom": ["mine:A"], "space": "cell"}, "need the space 'sequential'"),
        ({"custom": ["mine:A"], "sources": [DIGEST] * 2}, "one for each custom operation"),
    ],
)
def test_operations_that_do_not_fit_are_refused(
    settings: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        ArchitectureSettings.model_validate(settings)


def test_darts_single_has_no_own_operations() -> None:
    with pytest.raises(ValueError, match=r"none with search\.variant 'darts-single'"):
        Study.model_validate(
            {
                "name": "s",
                "objective": "final",
                "architecture": {"custom": ["mine:A"]},
                "search": {"variant": "darts-single"},
            }
        )


def test_the_key_of_custom_operations_before_0_2_0_is_read() -> None:
    assert ArchitectureSettings.model_validate({"own": ["mine:A"]}).custom == ("mine:A",)


def test_custom_operations_are_stored_under_their_first_key() -> None:
    stored = ArchitectureSettings(custom=("mine:A",)).model_dump(mode="json", exclude_defaults=True)
    assert stored == {"own": ["mine:A"]}
