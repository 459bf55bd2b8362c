"""A store that fails during a study: one clear error, no corruption, and the study resumes."""

import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from configspace.errors import StoreError
from configspace.job import EvaluationId
from configspace.study import Study
from master.service.lock import study_lock
from results.store.store import Store
from tests.master.running import losses, running_master, small_study, wait_for, workers
from tests.postgresql import create_database
from tests.unprivileged import as_nobody

pytestmark = pytest.mark.slow

STUDY = small_study(bohb={"iterations": 12})


def fails(url: str, damage: "Damage", evaluate: str = "slow") -> dict[EvaluationId, float]:
    """Run a study, damage its store, and return what was in it; checks the error."""
    with (
        Store.open(url) as store,
        running_master(STUDY, store) as running,
        workers(running.start(), 1, evaluate, idle_limit=5.0),
    ):
        wait_for(lambda: len(losses(store)) >= 3, "three outcomes")
        before = losses(store)
        with damage(store), pytest.raises(StoreError) as caught:
            running.wait()
    assert "\n" not in str(caught.value)
    assert "store " in str(caught.value)
    return before


def resumes(url: str, before: dict[EvaluationId, float], study: Study = STUDY) -> None:
    """Resume the study, and check that it keeps everything that was in the store."""
    with (
        Store.open(url) as store,
        running_master(study, store) as running,
        workers(running.start(), 1, "evaluate"),
    ):
        running.wait()
        after = losses(store)
    assert before.items() <= after.items()
    assert len(after) == 80


class Damage:
    """Damage to a store, repaired at the end of the block."""

    @contextmanager
    def __call__(self, store: Store) -> Iterator[None]:
        raise NotImplementedError


class Locked(Damage):
    @contextmanager
    def __call__(self, store: Store) -> Iterator[None]:
        other = sqlite3.connect(store.url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("PRAGMA busy_timeout = 10000")
        other.execute("BEGIN IMMEDIATE")
        yield
        other.close()


class Removed(Damage):
    @contextmanager
    def __call__(self, store: Store) -> Iterator[None]:
        path = Path(store.url.removeprefix("sqlite:///"))
        path.rename(path.with_suffix(".away"))
        yield
        path.with_suffix(".away").rename(path)


class Disconnected(Damage):
    @contextmanager
    def __call__(self, store: Store) -> Iterator[None]:
        with psycopg.connect(store.url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        yield


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


def test_a_study_stops_when_its_database_stays_locked(
    file_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("results.store.database._BUSY_SECONDS", 0.3)
        before = fails(file_url, Locked())
    resumes(file_url, before)


def test_a_study_stops_when_its_database_is_removed(file_url: str, tmp_path: Path) -> None:
    before = fails(file_url, Removed())
    resumes(file_url, before)


def test_a_removed_store_is_not_recreated(file_url: str, tmp_path: Path) -> None:
    with Store.open(file_url) as store:
        store.begin(STUDY, {})
        (tmp_path / "store.db").unlink()
        for use in (store.study_names, lambda: store.begin(STUDY, {})):
            with pytest.raises(
                StoreError, match=r"was removed or replaced while.*restore the file"
            ):
                use()
    assert not (tmp_path / "store.db").exists()


def test_a_study_stops_when_its_server_disconnects(postgresql_server: str) -> None:
    url = create_database(postgresql_server, "cut-off")
    with study_lock(url, STUDY.name):
        before = fails(url, Disconnected())
    with study_lock(url, STUDY.name):
        resumes(url, before)


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """Mount a small disk on a folder; only root can."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a disk")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.root
def test_a_study_stops_when_the_disk_is_full(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with small_disk(tmp_path, 20_000):

        class Full(Damage):
            @contextmanager
            def __call__(self, store: Store) -> Iterator[None]:
                ballast = tmp_path / "ballast"
                with ballast.open("wb", buffering=0) as file, suppress(OSError):
                    while True:
                        file.write(b"x" * 4096)
                yield
                ballast.unlink()

        before = fails(url, Full())
        with sqlite3.connect(tmp_path / "store.db") as direct:
            assert direct.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        direct.close()
        resumes(url, before)


def test_a_read_only_file_is_an_error() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        url = f"sqlite:///{folder}/store.db"
        with Store.open(url) as store:
            store.begin(STUDY, {})
        content = (folder / "store.db").read_bytes()
        (folder / "store.db").chmod(0o444)
        with as_nobody(), pytest.raises(StoreError) as caught, Store.open(url) as store:
            store.begin(STUDY, {})
        assert "\n" not in str(caught.value)
        assert f"store {url}: " in str(caught.value)
        assert (folder / "store.db").read_bytes() == content
        for file in folder.glob("store.db*"):  # SQLite gives its other files the same permissions
            file.chmod(0o644)
        resumes(url, {})
