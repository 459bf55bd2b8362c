"""Stores of another user: reading one changes nothing, and errors name the file and its owner."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from configspace.errors import StoreError
from results.store.store import Store
from tests.results.made_up import filled
from tests.unprivileged import as_nobody, shared_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with shared_folder() as made:
        yield made


@pytest.fixture
def url(folder: Path) -> str:
    """Return the URL of a store that its reader may not write, in a folder that anyone may."""
    made = f"sqlite:///{folder}/store.db"
    with Store.open(made) as store:
        filled(store)
    (folder / "store.db").chmod(0o444)
    return made


def writable(folder: Path) -> None:
    for path in folder.iterdir():
        path.chmod(0o644)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_reader_leaves_no_files(url: str, folder: Path) -> None:
    with as_nobody(), Store.open(url, create=False) as store:
        assert store.read_only
        assert store.study_names() == ["blur-final"]
    assert names(folder) == ["store.db"]
    writable(folder)
    with Store.open(url) as store:
        store.end("blur-final", "done")


def test_a_refused_writer_leaves_no_files(url: str, folder: Path) -> None:
    with as_nobody(), pytest.raises(StoreError, match="ask its owner for permission to write"):
        Store.open(url)
    assert names(folder) == ["store.db"]


def test_a_running_study_is_read_by_others(url: str, folder: Path) -> None:
    writable(folder)
    with Store.open(url) as master:
        master.end("blur-final", "stopped")
        (folder / "store.db").chmod(0o444)
        with as_nobody(), Store.open(url, create=False) as store:
            assert [one.state for one in store.summaries()] == ["stopped"]
            master_files = names(folder)
        writable(folder)
        master.end("blur-final", "done")
    assert master_files == ["store.db", "store.db-shm", "store.db-wal"]
    assert names(folder) == ["store.db"]


def test_pending_changes_are_not_recovered_by_others(url: str, folder: Path) -> None:
    (folder / "store.db-wal").write_bytes(b"a change")
    with as_nobody(), pytest.raises(StoreError, match=r"its newest changes are in .*-wal"):
        Store.open(url, create=False)
    assert names(folder) == ["store.db", "store.db-wal"]


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="SQLite removes such files of the same user")
@pytest.mark.parametrize(
    ("suffix", "content", "advice"),
    [
        ("-shm", b"", "remove '.*store.db-shm' of user .*, if no dartboard uses the store now"),
        ("-wal", b"", "remove '.*store.db-wal' of user .*, if no dartboard uses the store now"),
        ("-wal", b"a change", "ask user .* for permission to write '.*store.db-wal'"),
    ],
)
def test_an_unwritable_companion_is_named(
    suffix: str, content: bytes, advice: str, url: str, folder: Path
) -> None:
    (folder / "store.db").chmod(0o666)
    companion = folder / f"store.db{suffix}"
    companion.write_bytes(content)
    companion.chmod(0o444)
    with as_nobody(), pytest.raises(StoreError, match=advice), Store.open(url) as store:
        store.end("blur-final", "done")
    assert companion.stat().st_size == len(content)
