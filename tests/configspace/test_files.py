"""Reading files, and the errors for a file of another kind."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from configspace.campaign import CampaignFile, load_campaign
from configspace.errors import CampaignError, DartboardError, StudyError
from configspace.files import ONLY_HERE, is_campaign, kind_of, read_settings
from configspace.study import Study, load_study

STUDY = 'name = "s"\nobjective = "final"\n'
CAMPAIGN = 'name = "c"\nmethods = ["darts"]\n'


def refused(path: Path, content: str | bytes) -> str:
    """Return the error for a file that should be a campaign file."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CampaignError) as caught:
        read_settings(path, "campaign", CampaignError)
    return str(caught.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match=r"cannot read campaign file .*No such file"):
        read_settings(tmp_path / "none.toml", "campaign", CampaignError)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match=r"expected a campaign file, got the folder '.*'; name"):
        read_settings(tmp_path, "campaign", CampaignError)


def test_a_device_without_an_end_is_an_error() -> None:
    with pytest.raises(CampaignError, match="more than 1,000,000 bytes"):
        read_settings(Path("/dev/zero"), "campaign", CampaignError)


def test_a_pipe_without_a_writer_is_empty(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CampaignError, match="has no settings"):
        read_settings(tmp_path / "pipe", "campaign", CampaignError)


def test_a_pipe_is_read() -> None:
    ends = os.pipe()
    os.write(ends[1], b'name = "x"\nepochs = 1\n')
    os.close(ends[1])
    path = Path(f"/dev/fd/{ends[0]}")
    assert read_settings(path, "campaign", CampaignError) == {"name": "x", "epochs": 1}
    os.close(ends[0])


def test_a_path_with_a_nul_byte_is_an_error() -> None:
    with pytest.raises(CampaignError, match=r"cannot read campaign file .*null byte"):
        read_settings(Path("a\0b"), "campaign", CampaignError)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfen\x00", "it is not UTF-8 text"),
        ("name = ", "is not TOML"),
        ("a,b\n1,2\n", "is not TOML"),
        ("x = " + "[" * 5000, "is not TOML|nested too deeply"),
        ("", "which has no settings"),
        ("# nothing yet\n", "which has no settings"),
        (b"PAR1\x15", "which is a Parquet table"),
        ("-----BEGIN CERTIFICATE-----\n", "which is a PEM file, such as a worker's credentials"),
    ],
)
def test_a_file_of_another_format_is_named(tmp_path: Path, content: str | bytes, said: str) -> None:
    line = refused(tmp_path / "some.toml", content)
    assert any(one in line for one in said.split("|"))
    assert "\n" not in line


def test_a_store_is_not_a_file_of_settings(tmp_path: Path) -> None:
    path = tmp_path / "dartboard.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (x)")
    connection.close()
    line = refused(path, path.read_bytes())
    assert "which is an SQLite database, such as a store of results" in line


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_byte_order_mark_is_skipped(tmp_path: Path, newline: str) -> None:
    path = tmp_path / "some.toml"
    path.write_bytes(STUDY.replace("\n", newline).encode("utf-8-sig"))
    assert load_study(path).name == "s"
    path.write_bytes(CAMPAIGN.replace("\n", newline).encode("utf-8-sig"))
    assert load_campaign(path).name == "c"


def test_a_campaign_file_is_not_a_study_file(tmp_path: Path) -> None:
    path = tmp_path / "my file.toml"
    path.write_text(CAMPAIGN)
    with pytest.raises(StudyError) as caught:
        load_study(path)
    assert "which is a campaign file" in caught.value.problem
    assert caught.value.advice == f"run it with: dartboard campaign '{path}'"


def test_a_study_file_is_not_a_campaign_file(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    with pytest.raises(CampaignError) as caught:
        load_campaign(path)
    assert "which is a study file" in caught.value.problem
    assert caught.value.advice == f"run it with: dartboard run {path}"


@pytest.mark.parametrize("load", [load_study, load_campaign])
def test_a_file_of_neither_kind_shows_its_keys(
    tmp_path: Path, load: Callable[[Path], object]
) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("[project]\nname = 'x'\n[tool.ruff]\nline-length = 100\n")
    with pytest.raises(DartboardError, match=r"no key 'name'; its keys are 'project', 'tool'$"):
        load(path)


def test_the_keys_of_each_kind_are_those_of_its_model() -> None:
    study, campaign = set(Study.model_fields), set(CampaignFile.model_fields)
    assert {"study": study - campaign, "campaign": campaign - study} == ONLY_HERE


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"name": "x", "objective": "final"}, "study"),
        ({"name": "x", "bohb": {}}, "study"),
        ({"name": "x", "trials": 3}, "campaign"),
        ({"name": "x", "hyperparameters": ["H1"]}, "campaign"),
        ({"name": "x", "hyperparameters": {}}, None),
        ({"name": "x", "objective": "final", "trials": 3}, None),
        ({"name": "x"}, None),
    ],
)
def test_the_keys_tell_the_kind(settings: dict[str, object], kind: str | None) -> None:
    assert kind_of(settings) == kind


@pytest.mark.parametrize(("content", "answer"), [(CAMPAIGN, True), (STUDY, False), ("x", False)])
def test_a_master_tells_campaigns_from_studies(tmp_path: Path, content: str, answer: bool) -> None:
    (tmp_path / "some.toml").write_text(content)
    assert is_campaign(tmp_path / "some.toml") is answer
