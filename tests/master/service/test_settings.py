"""Settings of the service: what is refused, and how a master invites workers."""

from pathlib import Path

import pytest

from configspace.errors import ServiceError
from master.credentials.folder import Folder
from master.service.settings import ServiceSettings


def test_a_master_on_all_addresses_names_its_machine() -> None:
    settings = ServiceSettings(host="0.0.0.0", credentials=Folder(Path("c")))
    line = settings.worker_hint("0.0.0.0:9090")
    assert "listening on 0.0.0.0:9090" in line
    assert "dartboard worker 0.0.0.0" not in line


def test_an_invitation_asks_for_credentials() -> None:
    settings = ServiceSettings(credentials=Folder(Path("c")))
    assert settings.worker_hint("127.0.0.1:9090").endswith(":9090 --credentials FILE")


def test_a_master_without_credentials_warns() -> None:
    line = ServiceSettings(host="10.0.0.1", insecure=True).worker_hint("10.0.0.1:9090")
    assert "anyone who can reach this port can take jobs and send results" in line


@pytest.mark.parametrize("heartbeat", [5.0, 7.5])
def test_a_lease_must_outlast_a_heartbeat(heartbeat: float) -> None:
    with pytest.raises(
        ServiceError, match=rf"longer .* got --lease 5 and --heartbeat {heartbeat:g}"
    ):
        ServiceSettings(lease_seconds=5.0, heartbeat_seconds=heartbeat)


def test_an_open_address_needs_credentials() -> None:
    with pytest.raises(ServiceError, match="--credentials DIR"):
        ServiceSettings(host="0.0.0.0").check_access()


def test_incomplete_credentials_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"cannot read .*authority\.pem"):
        ServiceSettings(credentials=Folder(tmp_path)).check_access()
