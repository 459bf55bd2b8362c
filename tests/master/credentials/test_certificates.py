"""Certificates: what each may be used for."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from configspace.errors import ServiceError
from master.credentials.authority import issue
from master.credentials.certificates import load_certificate
from master.credentials.folder import Folder


def test_a_certificate_is_for_server_or_client_only(folder: Folder) -> None:
    worker = x509.load_pem_x509_certificate(issue(folder, "one").encode())
    usages = [
        list(one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        for one in (load_certificate(folder.certificate), worker)
    ]
    assert usages == [[ExtendedKeyUsageOID.SERVER_AUTH], [ExtendedKeyUsageOID.CLIENT_AUTH]]


def test_the_authority_cannot_sign_another_authority(folder: Folder) -> None:
    basic = load_certificate(folder.authority).extensions.get_extension_for_class(
        x509.BasicConstraints
    )
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)


def test_a_file_without_a_certificate_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.pem").write_text("notes")
    with pytest.raises(ServiceError, match="cannot read a certificate from"):
        load_certificate(tmp_path / "notes.pem")
