"""Credentials: who can read them, what they are valid for, and how they are revoked."""

import datetime
import stat
from pathlib import Path

import pytest
from cryptography import x509

from configspace.errors import ServiceError
from master.credentials.authority import (
    check_host,
    initialize,
    issue,
    issued,
    revoke,
)
from master.credentials.certificates import hosts_of
from master.credentials.folder import Folder, Revocations


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_can_read_keys(folder: Folder) -> None:
    assert mode(folder.path) == 0o700
    assert mode(folder.authority_key) == mode(folder.key) == 0o600


def test_the_master_s_certificate_includes_loopback(folder: Folder) -> None:
    assert hosts_of(folder.certificate) == (
        *("desk.example.org", "localhost"),
        *("192.168.0.7", "127.0.0.1", "::1"),
    )


def test_a_worker_s_file_is_complete(folder: Folder) -> None:
    text = issue(folder, "one")
    key, worker, authority = text.split("-----BEGIN ")[1:]
    assert key.startswith("PRIVATE KEY")
    assert worker.startswith("CERTIFICATE")
    assert f"-----BEGIN {authority}" == folder.authority.read_text()
    assert len(text) < 2500


def test_the_key_of_a_worker_is_not_kept(folder: Folder) -> None:
    issue(folder, "one")
    assert all("PRIVATE" not in path.read_text() for path in folder.issued.iterdir())


def test_a_second_call_keeps_the_authority(folder: Folder) -> None:
    authority = folder.authority.read_bytes()
    assert initialize(folder, ["other"]) is False
    assert folder.authority.read_bytes() == authority


def test_a_second_call_renews_the_master_s_certificate(folder: Folder) -> None:
    certificate = folder.certificate.read_bytes()
    initialize(folder, ["other"])
    assert folder.certificate.read_bytes() != certificate
    assert hosts_of(folder.certificate) == ("other", "localhost", "127.0.0.1", "::1")
    assert mode(folder.key) == 0o600


def test_credentials_are_listed_with_their_states(folder: Folder) -> None:
    issue(folder, "two")
    issue(folder, "one")
    assert revoke(folder, "two") == 1
    one, two = issued(folder)
    assert (one.name, one.state, two.name, two.state) == ("one", "valid", "two", "revoked")


def test_credentials_expire_after_the_given_days(folder: Folder) -> None:
    issue(folder, "one", days=10)
    (one,) = issued(folder)
    left = one.expires - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=9) < left < datetime.timedelta(days=10)


def test_a_name_is_issued_again_only_after_revocation(folder: Folder) -> None:
    issue(folder, "one")
    with pytest.raises(ServiceError, match=r"'one' already has credentials; .* revoke one"):
        issue(folder, "one")
    revoke(folder, "one")
    issue(folder, "one")
    assert [each.state for each in issued(folder)].count("valid") == 1


def test_an_unknown_name_cannot_be_revoked(folder: Folder) -> None:
    issue(folder, "one")
    with pytest.raises(ServiceError, match=r"'two' has no credentials to revoke; .*: 'one'"):
        revoke(folder, "two")


@pytest.mark.parametrize("name", ["", "../one", "a b", "-x", "ü", "x" * 64, "a\nb"])
def test_an_invalid_name_is_refused(folder: Folder, name: str) -> None:
    with pytest.raises(ServiceError, match="expected a name of letters"):
        issue(folder, name)


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("http://desk", "expected a name or address for --host"),
        ("desk:9090", "expected a name or address for --host"),
        ("1.2.3", "expected a name or address for --host"),
        ("", "expected a name or address for --host"),
        ("0.0.0.0", "which means all"),
    ],
)
def test_an_invalid_host_is_refused(tmp_path: Path, host: str, reason: str) -> None:
    with pytest.raises(ServiceError, match=reason):
        initialize(Folder(tmp_path / "new"), [host])
    assert not (tmp_path / "new").exists()


def test_a_folder_without_credentials_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="credentials init"):
        issued(Folder(tmp_path))


def test_a_master_serves_only_hosts_of_its_certificate(folder: Folder) -> None:
    for host in ("desk.example.org", "192.168.0.7", "127.0.0.1", "0.0.0.0", "::", ""):
        check_host(folder, host)
    with pytest.raises(ServiceError, match=r"not for '10\.0\.0\.1'; add it with"):
        check_host(folder, "10.0.0.1")


def test_a_revocation_is_seen_without_a_restart(folder: Folder) -> None:
    serial = x509.load_pem_x509_certificate(issue(folder, "one").encode()).serial_number
    revocations = Revocations(folder.revoked)
    assert serial not in revocations
    revoke(folder, "one")
    assert serial in revocations


def test_a_broken_list_of_revocations_is_an_error(folder: Folder) -> None:
    revocations = Revocations(folder.revoked)
    folder.revoked.write_text("not a number\n")
    with pytest.raises(ServiceError, match="cannot read the list of revoked"):
        assert 1 in revocations


def test_a_missing_list_of_revocations_is_an_error(folder: Folder) -> None:
    revocations = Revocations(folder.revoked)
    folder.revoked.unlink()
    with pytest.raises(ServiceError, match="cannot read the list of revoked"):
        assert 1 in revocations
