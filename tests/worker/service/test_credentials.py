"""Files that are not credentials; tests/master/network shows what credentials allow."""

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


def test_only_the_authority_in_the_file_is_trusted(tmp_path: Path, text: str) -> None:
    (tmp_path / "one.pem").write_text(text)
    context = load_context(tmp_path / "one.pem")
    (authority,) = context.get_ca_certs()
    assert authority["subject"] == ((("commonName", "dartboard authority"),),)
