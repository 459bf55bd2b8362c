"""`dartboard delete`, with and without a running master."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from cli.commands.delete import delete
from configspace.errors import ServiceError
from master.service.lock import study_lock
from results.store.events import SeenWorker
from results.store.locks import lock_file
from results.store.schema import studies
from results.store.store import Store
from tests.results.made_up import study


def test_a_study_with_a_running_master_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setattr("typer.confirm", lambda _: pytest.fail("asked although a master runs"))
    with Store.open(url) as store:
        store.begin(study("small"), {})
        with study_lock(url, "small"), pytest.raises(ServiceError, match="already has a master"):
            delete("small", url)
        assert store.study_names() == ["small"]


def test_a_link_to_a_running_study_deletes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    (tmp_path / "link.db").symlink_to("store.db")
    with Store.open(url) as store:
        store.begin(study("small"), {})
        with study_lock(url, "small"), pytest.raises(ServiceError, match="already has a master"):
            delete("small", f"sqlite:///{tmp_path}/link.db", yes=True)
        assert store.study_names() == ["small"]


@pytest.mark.parametrize("sign", ["its change", "its worker"])
def test_a_running_study_without_lock_file_is_kept(sign: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with Store.open(url) as store:
        store.begin(study("small"), {})
        if sign == "its worker":
            age_by(store, timedelta(hours=1))
            store.show_workers("small", [worker_heard(datetime.now(UTC))])
        with pytest.raises(ServiceError, match=r"may have a master: .* lock file .* is missing"):
            delete("small", url, yes=True)
        assert store.study_names() == ["small"]
        age_by(store, timedelta(hours=1))
        store.show_workers("small", [])
        assert delete("small", url, yes=True) == 0


def age_by(store: Store, age: timedelta) -> None:
    with store._write() as connection:
        connection.execute(sa.update(studies).values(changed=datetime.now(UTC) - age))


def worker_heard(heard: datetime) -> SeenWorker:
    return SeenWorker("one", "here", 1, "cpu", "numba", None, None, heard)


def test_a_study_of_a_killed_master_is_deleted(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with Store.open(url) as store:
        store.begin(study("small"), {})
        lock_file(tmp_path / "store.db", "small").touch()  # as kill -9 leaves it
        assert delete("small", url, yes=True) == 0
        assert store.study_names() == []
