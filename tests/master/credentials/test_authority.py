"""What is made as credentials: who may read it, what it is good for, and how it ends."""

import datetime
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from configspace.errors import ServiceError
from master.credentials.authority import (
    check_host,
    hosts_of,
    initialize,
    issue,
    issued,
    load,
    revoke,
)
from master.credentials.folder import Folder, Revocations


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "credentials")
    initialize(folder, ["desk.example.org", "192.168.0.7"])
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_reads_keys(folder: Folder) -> None:
    assert mode(folder.path) == 0o700
    assert mode(folder.authority_key) == mode(folder.key) == 0o600


def test_the_master_is_known_by_its_hosts_and_by_loopback(folder: Folder) -> None:
    assert hosts_of(folder.certificate) == (
        *("desk.example.org", "localhost"),
        *("192.168.0.7", "127.0.0.1", "::1"),
    )


def test_the_master_is_a_server_and_a_worker_is_a_client_only(folder: Folder) -> None:
    worker = x509.load_pem_x509_certificate(issue(folder, "one").encode())
    usages = [
        list(one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        for one in (load(folder.certificate), worker)
    ]
    assert usages == [[ExtendedKeyUsageOID.SERVER_AUTH], [ExtendedKeyUsageOID.CLIENT_AUTH]]


def test_the_authority_signs_no_further_authority(folder: Folder) -> None:
    basic = load(folder.authority).extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)


def test_a_worker_gets_a_key_its_certificate_and_the_authority_s(folder: Folder) -> None:
    text = issue(folder, "one")
    key, worker, authority = text.split("-----BEGIN ")[1:]
    assert key.startswith("PRIVATE KEY")
    assert worker.startswith("CERTIFICATE")
    assert f"-----BEGIN {authority}" == folder.authority.read_text()
    assert len(text) < 2500


def test_no_key_of_a_worker_is_kept(folder: Folder) -> None:
    issue(folder, "one")
    assert all("PRIVATE" not in path.read_text() for path in folder.issued.iterdir())


def test_made_again_the_authority_stays_and_the_master_s_certificate_is_new(folder: Folder) -> None:
    authority, certificate = folder.authority.read_bytes(), folder.certificate.read_bytes()
    assert initialize(folder, ["other"]) is False
    assert folder.authority.read_bytes() == authority
    assert folder.certificate.read_bytes() != certificate
    assert hosts_of(folder.certificate) == ("other", "localhost", "127.0.0.1", "::1")
    assert mode(folder.key) == 0o600


def test_what_was_issued_is_listed_and_what_was_revoked_is_told(folder: Folder) -> None:
    issue(folder, "two")
    issue(folder, "one", days=10)
    assert revoke(folder, "two") == 1
    one, two = issued(folder)
    assert (one.name, one.state, two.name, two.state) == ("one", "valid", "two", "revoked")
    left = one.expires - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=9) < left < datetime.timedelta(days=10)


def test_a_name_can_be_issued_again_only_once_it_is_revoked(folder: Folder) -> None:
    issue(folder, "one")
    with pytest.raises(ServiceError, match=r"'one' has credentials already; .* revoke one"):
        issue(folder, "one")
    revoke(folder, "one")
    issue(folder, "one")
    assert [each.state for each in issued(folder)].count("valid") == 1


def test_an_unknown_name_cannot_be_revoked(folder: Folder) -> None:
    issue(folder, "one")
    with pytest.raises(ServiceError, match=r"'two' has no credentials to revoke; .*: one"):
        revoke(folder, "two")


@pytest.mark.parametrize("name", ["", "../one", "a b", "-x", "ü", "x" * 64, "a\nb"])
def test_a_name_that_is_none_is_refused(folder: Folder, name: str) -> None:
    with pytest.raises(ServiceError, match="wanted a name of letters"):
        issue(folder, name)


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("http://desk", "wanted a name or address"),
        ("desk:9090", "wanted a name or address"),
        ("1.2.3", "wanted a name or address"),
        ("", "wanted a name or address"),
        ("0.0.0.0", "stands for all addresses"),
    ],
)
def test_a_host_that_is_none_is_refused_before_anything_is_made(
    tmp_path: Path, host: str, reason: str
) -> None:
    with pytest.raises(ServiceError, match=reason):
        initialize(Folder(tmp_path / "new"), [host])
    assert not (tmp_path / "new").exists()


def test_a_folder_without_credentials_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="credentials init"):
        issued(Folder(tmp_path))


def test_a_master_serves_only_where_its_certificate_is_good(folder: Folder) -> None:
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


def test_a_list_that_cannot_be_read_lets_nobody_in(folder: Folder) -> None:
    revocations = Revocations(folder.revoked)
    folder.revoked.write_text("not a number\n")
    with pytest.raises(ServiceError, match="cannot read the list of revoked"):
        assert 1 in revocations
    folder.revoked.unlink()
    with pytest.raises(ServiceError, match="cannot read the list of revoked"):
        assert 1 in revocations
