"""Settings of the service: what is refused."""

from pathlib import Path

import pytest

from configspace.errors import ServiceError
from master.credentials.folder import Folder
from master.service.settings import ServiceSettings


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


@pytest.mark.parametrize("host", ["", " "])
def test_an_empty_host_is_an_error(host: str) -> None:
    with pytest.raises(ServiceError, match="expected a name or address of this machine"):
        ServiceSettings(host=host)


def test_equal_ports_are_an_error() -> None:
    with pytest.raises(ServiceError, match="got 9090 for both"):
        ServiceSettings(port=9090, metrics_port=9090)


def test_both_ports_may_be_any_free_one() -> None:
    assert ServiceSettings(port=0, metrics_port=0).metrics_port == 0
