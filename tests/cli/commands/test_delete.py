"""`dartboard delete`, with and without a running master."""

from pathlib import Path

import pytest

from cli.commands.delete import delete
from configspace.errors import ServiceError
from master.service.lock import study_lock
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


def test_a_study_without_a_master_is_deleted(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with Store.open(url) as store:
        store.begin(study("small"), {})
        assert delete("small", url, yes=True) == 0
        assert store.study_names() == []
