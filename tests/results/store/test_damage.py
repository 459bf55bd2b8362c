"""Stores whose contents were damaged: one line that says so, on every way to read them."""

import sqlite3
from pathlib import Path

import pytest

from configspace.errors import StoreError
from results.analysis.overview import overview
from results.frames.study import load
from results.store.store import Store
from tests.results.made_up import filled, study


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        filled(store)
        store.end("blur-final", "done")
    return tmp_path / "store.db"


def damage(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


def is_named(message: str, path: Path, reason: str) -> None:
    assert message.startswith(f"store sqlite:///{path} is damaged: ")
    assert reason in message
    assert message.endswith("; restore a backup of it")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("studies.settings = '{nope'", "Expecting property name"),
        ("studies.settings = x'ff00'", "Expecting value"),
        ("configurations.hyperparameters = '{nope'", "Expecting property name"),
        ("trials.architecture = ''", "Expecting value"),
        ("evaluations.started = 'nonsense'", "nonsense"),
        ("evaluations.loss = 'abc'", "could not convert string to float: 'abc'"),
        ("trials.one_shot_psnr = 'abc'", "could not convert string to float: 'abc'"),
        ("curves.psnr = 'abc'", "could not convert string to float: 'abc'"),
    ],
)
def test_a_damaged_cell_is_named(cell: str, reason: str, path: Path) -> None:
    table, _, assignment = cell.partition(".")
    damage(path, f"UPDATE {table} SET {assignment}")
    with pytest.raises(StoreError) as caught:
        load(f"sqlite:///{path}", "blur-final")
    is_named(str(caught.value), path, reason)


@pytest.mark.parametrize("cell", ["studies.settings = '{nope'", "evaluations.loss = 'abc'"])
def test_an_overview_names_a_damaged_cell(cell: str, path: Path) -> None:
    table, _, assignment = cell.partition(".")
    damage(path, f"UPDATE {table} SET {assignment}")
    with pytest.raises(StoreError) as caught:
        overview(f"sqlite:///{path}")
    is_named(str(caught.value), path, "")


def test_damaged_versions_stop_a_resume(path: Path) -> None:
    damage(path, "UPDATE studies SET versions = '{nope'")
    with Store.open(f"sqlite:///{path}") as store, pytest.raises(StoreError) as caught:
        store.begin(study(), {})
    is_named(str(caught.value), path, "Expecting property name")


@pytest.mark.parametrize("settings", ["[1]", "null", "3"])
def test_settings_of_another_type_are_shown(settings: str, path: Path) -> None:
    damage(path, f"UPDATE studies SET settings = '{settings}'")
    with (
        Store.open(f"sqlite:///{path}") as store,
        pytest.raises(StoreError, match=r"is not valid .*: input should be .*, got"),
    ):
        store.study("blur-final")


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DROP TABLE trials", "it has no table 'trials'"),
        ("DELETE FROM dartboard_version", "its table 'dartboard_version' is empty"),
    ],
)
def test_a_missing_part_is_named(statement: str, reason: str, create: bool, path: Path) -> None:
    damage(path, statement)
    with pytest.raises(StoreError) as caught:
        Store.open(f"sqlite:///{path}", create=create)
    is_named(str(caught.value), path, reason)


@pytest.mark.parametrize("create", [True, False])
def test_a_file_that_was_cut_off_is_named(create: bool, path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(30_000)
    with pytest.raises(StoreError) as caught:
        Store.open(f"sqlite:///{path}", create=create)
    is_named(str(caught.value), path, "database disk image is malformed")
