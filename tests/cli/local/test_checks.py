"""Checks of a machine that is ready, and of one that is not."""

import dataclasses
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cli.local.checks import CHECKS, CheckResult, Target, run_check
from configspace.errors import StoreError
from master.credentials.authority import initialize, issue
from master.credentials.folder import Folder, write_secret
from master.service.settings import ServiceSettings
from results.store.schema import studies
from results.store.store import Store
from tests.results.made_up import filled


@pytest.fixture
def target(tmp_path: Path) -> Target:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    return Target(store=url, settings=ServiceSettings(), engine="torch")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "credentials")
    initialize(folder, [])
    return folder


def results(name: str, target: Target, **changes: Any) -> list[CheckResult]:
    return list(run_check(CHECKS[name], dataclasses.replace(target, **changes)))


def states(results: list[CheckResult]) -> list[str]:
    return [result.state for result in results]


@pytest.mark.slow
def test_a_missing_device_is_wrong_with_advice(target: Target) -> None:
    (one,) = results("engine", target, device="cuda:7")
    assert one.state == "wrong"
    assert "no device 'cuda:7' here" in one.text
    assert "--device cpu" in f"{one.text} {one.advice}"


def test_a_store_is_read(target: Target) -> None:
    with Store.open(target.store) as store:
        filled(store)
    (one,) = results("store", target)
    assert (one.state, one.text) == ("ok", "1 study: blur-final")


def test_a_text_file_as_store_is_wrong(target: Target, tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("notes")
    assert states(results("store", target)) == ["wrong"]


def test_an_invalid_url_is_wrong(target: Target) -> None:
    assert states(results("store", target, store="nonsense")) == ["wrong"]


def test_a_store_from_the_future_blames_the_clock(target: Target) -> None:
    with Store.open(target.store) as store:
        filled(store)
        with store._write() as connection:
            later = datetime.now(UTC) + timedelta(hours=2)
            connection.execute(sa.update(studies).values(changed=later))
    ok, one = results("store", target)
    assert (ok.state, one.state) == ("ok", "wrong")
    assert "in the future" in one.text
    assert "clock" in one.advice


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_read_only_folder_is_wrong(target: Target, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "wrong" in states(results("store", target))
    tmp_path.chmod(0o700)


def test_a_port_in_use_is_wrong(target: Target) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (one,) = results("port", target, settings=ServiceSettings(port=port))
    assert one.state == "wrong"
    assert "in use" in one.text
    assert "--port" in one.advice


def test_a_port_of_a_running_master_is_ok(target: Target, tmp_path: Path) -> None:
    listen = "import socket; s = socket.create_server(('127.0.0.1', 0)); "
    listen += "print(s.getsockname()[1], flush=True); input()"
    (tmp_path / "dartboard").write_text(listen)
    command = [sys.executable, str(tmp_path / "dartboard"), "master", "a.toml"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as master:
        assert master.stdout is not None
        port = int(master.stdout.readline())
        (one,) = results("port", target, settings=ServiceSettings(port=port))
        master.communicate(b"\n")
    assert one.state == "ok"
    assert f"a running master, process {master.pid}" in one.text


def test_a_master_that_does_not_answer_is_wrong(target: Target) -> None:
    (one,) = results("port", target, master="127.0.0.1:9")
    assert one.state == "wrong"
    assert "no master answers at 127.0.0.1:9" in one.text


def test_valid_credentials_of_a_master_are_ok(target: Target, folder: Folder) -> None:
    assert states(results("credentials", target, credentials=folder.path)) == ["ok"]


def test_valid_credentials_of_a_worker_are_ok(target: Target, folder: Folder) -> None:
    path = folder.path / "w.pem"
    write_secret(path, issue(folder, "w"))
    assert states(results("credentials", target, credentials=path)) == ["ok"]


def test_a_key_that_others_can_read_is_wrong(target: Target, folder: Folder) -> None:
    folder.key.chmod(0o644)
    one, _ = results("credentials", target, credentials=folder.path)
    assert (one.state, one.advice) == ("wrong", f"chmod 600 {folder.key}")


def test_credentials_that_expire_soon_are_noted(target: Target, folder: Folder) -> None:
    path = folder.path / "w.pem"
    write_secret(path, issue(folder, "w", days=10))
    assert states(results("credentials", target, credentials=path)) == ["note"]


def test_an_open_address_without_credentials_is_wrong(target: Target) -> None:
    (one,) = results("credentials", target, settings=ServiceSettings(host="0.0.0.0"))
    assert one.state == "wrong"
    assert "--credentials" in one.advice


def test_an_error_keeps_problem_and_advice_apart(target: Target) -> None:
    def failing(_: Target) -> Iterator[CheckResult]:
        raise StoreError("the store is full; very full", advice="make room")

    (one,) = run_check(failing, target)
    assert one == CheckResult("wrong", "the store is full; very full", "make room")


@pytest.mark.parametrize("error", [ValueError("odd"), PermissionError(13, "denied", "/x")])
def test_an_unexpected_error_ends_no_other_check(target: Target, error: Exception) -> None:
    def broken(_: Target) -> Iterator[CheckResult]:
        yield CheckResult("ok", "before")
        raise error

    _, one = run_check(broken, target)
    assert one.state == "wrong"
    assert "odd" in one.text or one.text == "'/x': denied"


def test_an_odd_address_of_a_master_is_wrong(target: Target) -> None:
    (one,) = results("port", target, master="::1:9396")
    assert one.state == "wrong"
    assert "in brackets" in one.advice


def test_an_ipv6_port_can_be_free(target: Target) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    (one,) = results("port", target, settings=ServiceSettings(host="::1"))
    assert one.text.startswith("[::1]:0")


@pytest.mark.parametrize("host", ["[::1]", "127.0.0.1:90", "http://x", "unix:/tmp/x", "a" * 300])
def test_an_odd_host_is_wrong_as_for_a_master(target: Target, host: str) -> None:
    (one,) = results("port", target, settings=ServiceSettings(host=host))
    assert one.state == "wrong"
    assert one.text.startswith("expected a name or address of this machine for --host, got ")
    assert "stop the program" not in one.advice


def test_an_address_of_another_machine_is_wrong(target: Target) -> None:
    (one,) = results("port", target, settings=ServiceSettings(host="192.0.2.1"))
    assert (one.state, one.text) == ("wrong", "192.0.2.1:0: Cannot assign requested address")
    assert "use 127.0.0.1" in one.advice


def test_a_removed_folder_is_named(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    (one,) = results("store", target, store="sqlite:///dartboard.db")
    monkeypatch.chdir(tmp_path)
    assert (one.state, one.advice[:30]) == ("wrong", "the current folder has been re")
