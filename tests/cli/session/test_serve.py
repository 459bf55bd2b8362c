"""A session serves a source by the settings that were typed."""

from pathlib import Path

import pytest

from cli.session.serve import Session
from master.service.settings import ServiceSettings
from master.sources.study import BohbSource
from results.store.store import Store
from tests.master.running import small_study


def test_the_master_gets_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def master(_: BohbSource, __: Store, settings: ServiceSettings, **___: object) -> None:
        given.append(settings)
        raise InterruptedError

    monkeypatch.setattr("cli.session.serve.Master", master)
    settings = ServiceSettings(port=1234, lease_seconds=60.0, heartbeat_seconds=2.0, max_workers=3)
    url = f"sqlite:///{tmp_path}/store.db"
    with Store.open(url) as store, pytest.raises(InterruptedError):
        Session(url=url, settings=settings).serve(BohbSource(small_study()), store, "")
    assert given == [settings]
