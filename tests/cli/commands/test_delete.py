"""`dartboard delete`, beside a master."""

from pathlib import Path

import pytest

from cli.commands.delete import delete_study
from configspace.errors import ServiceError
from master.service.lock import study_lock
from results.store.store import Store
from tests.results.made_up import study


def test_a_study_with_a_master_at_work_is_not_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setattr("typer.confirm", lambda _: pytest.fail("asked for nothing"))
    with Store.open(url) as store:
        store.begin(study("small"), {})
        with study_lock(url, "small"), pytest.raises(ServiceError, match="has a master already"):
            delete_study(url, "small", ask=True)
        assert store.study_names() == ["small"]


def test_a_study_without_a_master_is_deleted(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with Store.open(url) as store:
        store.begin(study("small"), {})
        assert delete_study(url, "small", ask=False) == 0
        assert store.study_names() == []
