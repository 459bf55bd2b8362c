"""What the doctor finds on a machine that is fit, and on one that is not."""

import dataclasses
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cli.commands.doctor import CHECKS, Finding, Patient, _findings, examine
from cli.console.clock import is_synchronized
from master.credentials.authority import initialize, issue
from master.credentials.folder import Folder, write_secret
from master.service.settings import Listen
from results.store.schema import studies
from results.store.store import Store
from tests.cli.test_main import dartboard
from tests.results.made_up import filled


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    return Patient(store=f"sqlite:///{tmp_path / 'store.db'}", listen=Listen(), engine="torch")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "credentials")
    initialize(folder, [])
    return folder


def found(name: str, patient: Patient, **changes: Any) -> list[Finding]:
    return list(_findings(CHECKS[name], dataclasses.replace(patient, **changes)))


def states(findings: list[Finding]) -> list[str]:
    return [finding.state for finding in findings]


def test_a_machine_that_is_fit_is_told_so(
    patient: Patient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert examine(patient) == 0
    words = capsys.readouterr().out.split()
    assert [name for name in CHECKS if name not in words] == []
    assert "wrong" not in words


def test_a_device_that_is_not_there_is_wrong_and_has_an_advice(patient: Patient) -> None:
    (one,) = found("engine", patient, device="cuda:7")
    assert one.state == "wrong"
    assert "no device 'cuda:7' here" in one.text
    assert one.advice == "take --device cpu"


def test_a_store_is_read(patient: Patient) -> None:
    with Store.open(patient.store) as store:
        filled(store)
    (one,) = found("store", patient)
    assert (one.state, one.text) == ("ok", "1 studies: blur-final")


def test_a_store_that_is_none_is_wrong(patient: Patient, tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("notes")
    assert states(found("store", patient)) == ["wrong"]
    assert states(found("store", patient, store="nonsense")) == ["wrong"]


def test_a_store_from_the_future_points_at_the_clock(patient: Patient) -> None:
    with Store.open(patient.store) as store:
        filled(store)
        with store._write() as connection:
            later = datetime.now(UTC) + timedelta(hours=2)
            connection.execute(sa.update(studies).values(changed=later))
    ok, one = found("store", patient)
    assert (ok.state, one.state) == ("ok", "wrong")
    assert "yet to come" in one.text
    assert "clock" in one.advice


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_cannot_be_written_is_wrong(patient: Patient, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "wrong" in states(found("store", patient))
    tmp_path.chmod(0o700)


def test_a_port_in_use_is_wrong(patient: Patient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (one,) = found("port", patient, listen=Listen(port=port))
    assert one.state == "wrong"
    assert "in use" in one.text
    assert "--port" in one.advice


def test_a_master_that_does_not_answer_is_wrong(patient: Patient) -> None:
    (one,) = found("port", patient, master="127.0.0.1:9")
    assert one.state == "wrong"
    assert "no master answers at 127.0.0.1:9" in one.text


def test_good_credentials_of_either_kind_are_ok(patient: Patient, folder: Folder) -> None:
    path = folder.path / "w.pem"
    write_secret(path, issue(folder, "w"))
    for good in (folder.path, path):
        assert states(found("credentials", patient, credentials=good)) == ["ok"]


def test_a_key_that_others_can_read_is_wrong(patient: Patient, folder: Folder) -> None:
    folder.key.chmod(0o644)
    one, _ = found("credentials", patient, credentials=folder.path)
    assert (one.state, one.advice) == ("wrong", f"chmod 600 {folder.key}")


def test_credentials_that_end_soon_are_noted(patient: Patient, folder: Folder) -> None:
    path = folder.path / "w.pem"
    write_secret(path, issue(folder, "w", days=10))
    assert states(found("credentials", patient, credentials=path)) == ["note"]


def test_an_open_address_without_credentials_is_wrong(patient: Patient) -> None:
    (one,) = found("credentials", patient, listen=Listen(host="0.0.0.0"))
    assert one.state == "wrong"
    assert "--credentials" in one.text


def test_a_clock_is_right_wrong_or_unknown() -> None:
    assert is_synchronized() in (True, False, None)


def test_the_command_says_what_is_wrong_by_its_exit_code(tmp_path: Path) -> None:
    shown = dartboard(
        "doctor", "--engine", "torch", "--device", "cuda:7", "--host", "0.0.0.0", cwd=tmp_path
    )
    assert shown.returncode == 1
    assert "no device 'cuda:7' here" in " ".join(shown.stdout.split())
    assert list(tmp_path.iterdir()) == []
