"""Opening a database as a store, on every kind."""

import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from configspace.errors import StoreError
from results.store.database import MIGRATIONS, open_engine
from results.store.schema import SCHEMA, metadata
from results.store.sqlite_file import LONGEST_NAME, LONGEST_PATH
from results.store.store import Store
from tests.results.made_up import filled


def refused(url: str, *, create: bool = True) -> str:
    with pytest.raises(StoreError) as caught:
        Store.open(url, create=create)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_newest_migration_is_the_schema() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [SCHEMA]


def test_the_migrations_create_the_declared_tables(url: str) -> None:
    import alembic.autogenerate
    from alembic.migration import MigrationContext

    engine = open_engine(url, create=True)
    with engine.connect() as connection:
        options = {"version_table": "dartboard_version"}
        context = MigrationContext.configure(connection, opts=options)
        assert alembic.autogenerate.compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_store_is_created_in_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Store.open("sqlite:///here.db").close()
    assert (tmp_path / "here.db").is_file()


def test_opening_again_keeps_the_studies(url: str) -> None:
    with Store.open(url) as store:
        filled(store)
    with Store.open(url) as store:
        assert store.study_names() == ["blur-final"]


def test_threads_may_create_one_store_at_once(url: str) -> None:
    failures: list[StoreError] = []

    def create() -> None:
        try:
            Store.open(url).close()
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert failures == []


def test_threads_may_create_several_stores_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as threads:
        for store in threads.map(Store.open, [f"sqlite:///{tmp_path}/{n}.db" for n in range(4)]):
            store.close()


def test_a_reader_does_not_create_a_store(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    assert refused(f"sqlite:///{path}", create=False).startswith("no store sqlite:///")
    assert not path.exists()


def test_a_text_file_is_not_a_store(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be checked " * 10)
    before = path.read_bytes()
    for create in (True, False):
        assert "is not a dartboard store" in refused(f"sqlite:///{path}", create=create)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    assert "has no dartboard tables" in refused(f"sqlite:///{path}", create=False)
    Store.open(f"sqlite:///{path}").close()


def test_the_database_of_another_program_stays_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    before = path.read_bytes()
    assert "it has other tables ('songs')" in refused(f"sqlite:///{path}")
    assert path.read_bytes() == before


@pytest.fixture
def older(url: str) -> str:
    """Return the URL of a store with the first schema."""
    from alembic import command
    from alembic.config import Config

    with Store.open(url) as store:
        filled(store)
        with store._write() as connection:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(MIGRATIONS))
            config.set_main_option("path_separator", "os")
            command.downgrade(config, "0001")
    return url


def test_a_reader_refuses_an_older_store(older: str) -> None:
    message = refused(older, create=False)
    assert f"expected a store with schema {SCHEMA}, got " in message
    assert "schema 0001 of an older dartboard; 'dartboard run'" in message


def test_an_upgraded_store_keeps_its_history(older: str, tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/new.db") as new:
        filled(new)
        expected = new.history("blur-final")
    with Store.open(older) as store:
        assert store.history("blur-final") == expected


def test_a_newer_schema_is_refused(url: str) -> None:
    with Store.open(url) as store:
        filled(store)
        with store._write() as connection:
            connection.execute(sa.text("UPDATE dartboard_version SET version_num = '9999'"))
    for create in (True, False):
        assert "schema 9999 of a newer dartboard; upgrade dartboard" in refused(url, create=create)


def test_a_folder_is_not_a_store(tmp_path: Path) -> None:
    message = refused(f"sqlite:///{tmp_path}")
    assert message.startswith("expected a store that is a file, got a folder: ")
    assert message.endswith("; choose another one with --store")


@pytest.mark.parametrize("create", [True, False])
def test_a_pipe_is_not_a_store(create: bool, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "got a pipe: " in refused(f"sqlite:///{tmp_path}/pipe", create=create)


def test_the_folder_of_a_store_must_exist(tmp_path: Path) -> None:
    assert "there is no folder" in refused(f"sqlite:///{tmp_path}/no/such/place.db")


@pytest.mark.parametrize(
    "url",
    [
        *("dartboard.db", "", "mysql://host/name", "sqlite://", "sqlite:///:memory:", "://"),
        *("sqlite://host/name.db", "sqlite://name.db", "sqlite://me@/name.db"),
        *("sqlite:///a?b.db", "sqlite:///a.db?mode=ro", "sqlite:///a.db?", "sqlite:///?b.db"),
    ],
)
def test_a_wrong_url_shows_an_example(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    message = refused(url)
    assert list(tmp_path.iterdir()) == []
    assert message.startswith("expected a store such as 'sqlite:///dartboard.db'")
    assert repr(url) in message


@pytest.mark.parametrize("name", ["a b.db", "a#b.db", "file:a.db", "a\u00fcb.db", "a'b"])
def test_any_other_file_name_can_be_used(name: str, tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/{name}") as store:
        filled(store)
        assert (tmp_path / name).is_file()


@pytest.mark.parametrize(("folders", "name"), [(5, 200), (0, 248), (0, 300)])
def test_a_too_long_path_is_named(folders: int, name: int, tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["f" * 100] * folders)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ("s" * name)
    message = refused(f"sqlite:///{path}")
    assert "at most 504 bytes" in message
    assert f"got {len(str(path))} and {name} in" in message


def test_the_longest_path_can_be_used(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["f" * 100] * 2)
    folder.mkdir(parents=True)
    path = folder / ("s" * min(LONGEST_NAME, LONGEST_PATH - len(f"{folder}/")))
    with Store.open(f"sqlite:///{path}") as store:
        filled(store)


@pytest.mark.parametrize("create", [True, False])
def test_a_store_with_two_names_is_refused(create: bool, tmp_path: Path) -> None:
    path, other = tmp_path / "store.db", tmp_path / "other.db"
    Store.open(f"sqlite:///{path}").close()
    os.link(path, other)
    for name in (path, other):
        assert "with 2 names (hard links)" in refused(f"sqlite:///{name}", create=create)
    other.unlink()
    Store.open(f"sqlite:///{path}", create=create).close()


def test_a_symbolic_link_to_itself_is_named(tmp_path: Path) -> None:
    (tmp_path / "store.db").symlink_to("store.db")
    message = refused(f"sqlite:///{tmp_path}/store.db")
    assert "Too many levels of symbolic links; check the path" in message


def test_a_password_is_not_shown() -> None:
    message = refused("postgresql://me:secret@localhost:1/none")
    assert "secret" not in message


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_an_unreachable_server_is_named(scheme: str) -> None:
    message = refused(f"{scheme}://localhost:1/none")
    assert message.startswith("cannot open store postgresql://localhost:1/none: ")
    assert message.endswith("; check its address, and that the server runs and can be reached")


def test_a_full_disk_is_a_store_error(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'full.db'}"
    with Store.open(url) as store:
        study = filled(store)
        with store._write() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(
            StoreError, match=r"^cannot write to store sqlite:///.*full; .*free space$"
        ):
            store.begin(study, {"padding": "x" * 10**6})
        assert store.study_names() == ["blur-final"]


@pytest.mark.parametrize("reason", ["database or disk is full", "disk I/O error"])
def test_a_full_disk_gets_no_new_store(
    reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new.db"

    def full(*_: object) -> str:
        path.touch()
        error = sqlite3.OperationalError(reason)
        error.sqlite_errorcode = sqlite3.SQLITE_FULL if "full" in reason else sqlite3.SQLITE_IOERR
        raise error

    monkeypatch.setattr("results.store.database._revision", full)
    assert refused(f"sqlite:///{path}").endswith(f"{reason}; check that the disk has free space")
    assert not path.exists()


def test_a_locked_store_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results.store.database._BUSY_SECONDS", 0.01)
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        study = filled(store)
        with sqlite3.connect(tmp_path / "store.db") as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="end the program that keeps it locked"):
                store.end(study.name, "done")
        other.close()


def test_importing_the_store_is_light() -> None:
    code = (
        "import sys, results.store; "
        "print([m for m in ('pandas', 'matplotlib', 'torch', 'scipy', 'alembic') "
        "if m in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert shown.strip() == "[]"


def test_a_path_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(StoreError, match="expected a store such as"):
        Store.open("sqlite:///\udcff.db")


def test_a_name_that_is_not_utf_8_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="expected text in UTF-8"):
        store.study("\udcff")
