"""Where a master may listen without credentials."""

from pathlib import Path

import pytest

from configspace.errors import ServiceError
from master.credentials.folder import Folder, check_exposure, is_loopback, write_secret


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1"])
def test_loopback_needs_no_credentials(host: str) -> None:
    check_exposure(host, None, insecure=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.0.2.1"])
def test_other_addresses_need_credentials_or_insecure(host: str, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"--credentials DIR, .* or --insecure"):
        check_exposure(host, None, insecure=False)
    check_exposure(host, None, insecure=True)
    check_exposure(host, Folder(tmp_path), insecure=False)


@pytest.mark.parametrize("host", ["no such host", "x" * 300, "desk:9090"])
def test_an_unknown_host_is_refused(host: str) -> None:
    with pytest.raises(ServiceError, match="expected a name or address of this machine"):
        is_loopback(host)


def test_a_secret_replaces_no_file_by_default(tmp_path: Path) -> None:
    write_secret(tmp_path / "one", "a")
    with pytest.raises(FileExistsError):
        write_secret(tmp_path / "one", "b")
    assert (tmp_path / "one").read_text() == "a"


def test_a_secret_replaces_a_file_in_one_step(tmp_path: Path) -> None:
    write_secret(tmp_path / "one", "a")
    write_secret(tmp_path / "one", "c", replace=True)
    assert (tmp_path / "one").read_text() == "c"
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
