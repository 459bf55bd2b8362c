"""Connections of a store, on every kind."""

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from configspace.errors import StoreError
from results.store.schema import evaluations, studies
from results.store.store import Store
from tests.results.made_up import filled, id_of, run, study


def test_a_reader_has_a_snapshot_during_writes(url: str) -> None:
    made = study()
    with Store.open(url) as master, Store.open(url, create=False) as reader:
        master.begin(made, {})
        with reader.reading() as connection:
            before = len(connection.execute(evaluations.select()).all())
            run(master, made, id_of(0))
            assert len(connection.execute(evaluations.select()).all()) == before == 0
        assert len(reader.history("blur-final")) == 2


@pytest.fixture
def finished(tmp_path: Path) -> str:
    """Return the URL of a store next to which SQLite can make no files, also if root asks."""
    url = f"sqlite:///{tmp_path}/a store#.db"
    with Store.open(url) as store:
        filled(store)
    (tmp_path / "a store#.db-shm").symlink_to("no/such/file")
    return url


def test_a_finished_store_is_read_where_nothing_can_be_written(finished: str) -> None:
    with Store.open(finished, create=False) as store:
        assert store.study_names() == ["blur-final"]
        assert store.read_only


def test_what_can_only_be_read_is_not_written(finished: str) -> None:
    with (
        Store.open(finished, create=False) as store,
        pytest.raises(StoreError, match="cannot write to store"),
    ):
        store.end("blur-final", "done")
    with pytest.raises(StoreError, match="check that the file and its folder can be written"):
        Store.open(finished)


def test_pending_changes_are_not_left_out(finished: str, tmp_path: Path) -> None:
    (tmp_path / "a store#.db-wal").write_bytes(b"a change")
    with pytest.raises(StoreError, match=r"its newest changes are in .*-wal"):
        Store.open(finished, create=False)
    (tmp_path / "a store#.db-wal").write_bytes(b"")
    Store.open(finished, create=False).close()


def test_a_change_during_an_unguarded_read_is_an_error(finished: str, tmp_path: Path) -> None:
    def read_while_it_changes(store: Store) -> None:
        with store.reading() as connection:
            assert connection.scalar(sa.select(studies.c.name)) == "blur-final"
            os.utime(tmp_path / "a store#.db", (1, 1))

    with (
        Store.open(finished, create=False) as store,
        pytest.raises(StoreError, match="was changed while it was read; run the command again"),
    ):
        read_while_it_changes(store)


def test_a_store_that_can_be_written_is_not_read_only(url: str) -> None:
    with Store.open(url) as store:
        assert not store.read_only


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("file_mode", [0o444, 0o666])
def test_a_read_only_folder_is_read(file_mode: int, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    url = f"sqlite:///{folder}/store.db"
    with Store.open(url) as store:
        filled(store)
    (folder / "store.db").chmod(file_mode)
    folder.chmod(0o555)
    try:
        with Store.open(url, create=False) as store:
            assert store.read_only
            assert store.study_names() == ["blur-final"]
    finally:
        folder.chmod(0o755)
