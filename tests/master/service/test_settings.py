"""What `dartboard master` says of where it listens."""

from pathlib import Path

import pytest
from rich.console import Console

from cli.commands.run import serve
from configspace.errors import ServiceError
from master.credentials.folder import Folder
from master.service.settings import Listen
from master.sources.study import BohbSource
from results.store.store import Store
from tests.master.running import small_study


def test_a_master_on_all_addresses_invites_by_the_machine_s_name() -> None:
    line = Listen(host="0.0.0.0", credentials=Folder(Path("c"))).invitation("0.0.0.0:9090")
    assert "listening on 0.0.0.0:9090" in line
    assert "dartboard worker 0.0.0.0" not in line
    assert line.endswith(":9090 --credentials FILE")


def test_a_master_without_credentials_says_what_that_means() -> None:
    line = Listen(host="10.0.0.1", insecure=True).invitation("10.0.0.1:9090")
    assert "whoever reaches this port can take jobs and give results" in line


def test_a_lease_that_no_heartbeat_renews_in_time_is_refused() -> None:
    with pytest.raises(ServiceError, match=r"longer .* got --lease 5 and --heartbeat 7\.5"):
        Listen(lease_seconds=5.0, heartbeat_seconds=7.5).check()


def test_a_master_is_given_what_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, object] = {}

    def master(*_: object, **options: object) -> None:
        given.update(options)
        raise InterruptedError

    monkeypatch.setattr("cli.commands.run.Master", master)
    listen = Listen(port=1234, lease_seconds=60.0, heartbeat_seconds=2.0, max_workers=3)
    source = BohbSource(small_study())
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store, pytest.raises(InterruptedError):
        serve(source, store, Console(), "", local=None, phases=1, listen=listen)
    assert (given["port"], given["max_workers"]) == (1234, 3)
    assert (given["lease_seconds"], given["heartbeat_seconds"]) == (60.0, 2.0)
