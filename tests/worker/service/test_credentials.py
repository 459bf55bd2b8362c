"""Files that are not credentials; tests/master/network shows what credentials allow."""

import os
from pathlib import Path

import pytest

from configspace.errors import ServiceError
from master.credentials.authority import initialize, issue
from master.credentials.folder import Folder
from worker.service.credentials import load_context


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = Folder(tmp_path_factory.mktemp("credentials"))
    initialize(folder, [])
    return issue(folder, "one")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"cannot read credentials .*none\.pem': No such file"):
        load_context(tmp_path / "none.pem")


@pytest.mark.parametrize(
    ("keep", "reason"),
    [
        (slice(0, 0), "does not contain two certificates"),
        (slice(0, 300), "does not contain two certificates"),
        (slice(240, None), "make one with 'dartboard credentials issue'"),
        (slice(0, -60), "does not contain two certificates"),
    ],
)
def test_a_torn_file_is_an_error(tmp_path: Path, text: str, keep: slice, reason: str) -> None:
    (tmp_path / "torn.pem").write_text(text[keep])
    with pytest.raises(ServiceError, match=reason):
        load_context(tmp_path / "torn.pem")


def test_a_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_bytes(bytes(range(256)))
    with pytest.raises(ServiceError, match="is not a worker's credentials file"):
        load_context(tmp_path / "bad.pem")


def test_a_damaged_key_is_an_error(tmp_path: Path, text: str) -> None:
    lines = text.splitlines()
    lines[2] = "?" * len(lines[2])
    (tmp_path / "bad.pem").write_text("\n".join(lines))
    with pytest.raises(ServiceError, match="its key or a certificate is damaged"):
        load_context(tmp_path / "bad.pem")


@pytest.mark.parametrize("name", ["/dev/zero", "pipe"])
def test_a_file_without_an_end_is_an_error(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ServiceError, match="a device or a pipe"):
        load_context(tmp_path / name)


def test_a_huge_file_is_an_error(tmp_path: Path) -> None:
    with (tmp_path / "huge.pem").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ServiceError, match="more than 1,000,000 bytes"):
        load_context(tmp_path / "huge.pem")


def test_only_the_authority_in_the_file_is_trusted(tmp_path: Path, text: str) -> None:
    (tmp_path / "one.pem").write_text(text)
    context = load_context(tmp_path / "one.pem")
    (authority,) = context.get_ca_certs()
    assert authority["subject"] == ((("commonName", "dartboard authority"),),)
