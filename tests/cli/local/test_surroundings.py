"""Advice names commands that can be run where its reader is."""

import socket
from pathlib import Path

import pytest

from cli.local import surroundings
from cli.local.surroundings import COMPOSE, fitting, worker_hint
from master.credentials.folder import Folder
from master.service.settings import ServiceSettings

UP, RUN = "docker compose up", "docker compose run --rm"
OPEN = ServiceSettings(host="0.0.0.0", credentials=Folder(Path("c")))


@pytest.fixture(autouse=True)
def on_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test run as on a machine, wherever it does."""
    monkeypatch.delenv(COMPOSE, raising=False)
    monkeypatch.setattr(surroundings, "_MARKS", ())


@pytest.fixture
def in_a_container(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(surroundings, "_MARKS", (tmp_path,))


@pytest.fixture
def in_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COMPOSE, "1")


@pytest.mark.usefixtures("in_a_service")
@pytest.mark.parametrize(
    ("advice", "fits"),
    [
        ("resume with: dartboard master a.toml b.toml --port 9090", f"resume with: {UP}"),
        ("start one with: dartboard run my.toml", f"start one with: DARTBOARD_STUDY=my.toml {UP}"),
        ("run 'dartboard campaign t.toml' first", f"run 'DARTBOARD_STUDY=t.toml {UP}' first"),
        ("'dartboard run' creates one", f"'{UP}' creates one"),
        ("see 'dartboard status a'", f"see '{RUN} master dartboard status a'"),
        ("'dartboard credentials list'", f"'{RUN} -T master dartboard credentials list'"),
        ("upgrade dartboard to use it", "upgrade dartboard to use it"),
        ("the store dartboard.db is empty", "the store dartboard.db is empty"),
    ],
)
def test_advice_in_a_service_names_compose(advice: str, fits: str) -> None:
    assert fitting(advice) == fits


def test_advice_on_a_machine_stays() -> None:
    assert fitting("see 'dartboard status a'") == "see 'dartboard status a'"


@pytest.mark.usefixtures("in_a_service")
def test_a_master_in_a_service_scales_its_workers() -> None:
    hint = worker_hint(OPEN, "0.0.0.0:9090")
    assert "docker compose up -d --scale worker=N" in hint
    assert socket.gethostname() not in hint
    assert "dartboard worker" not in hint


@pytest.mark.usefixtures("in_a_container")
def test_a_master_in_a_container_hides_its_name() -> None:
    hint = worker_hint(OPEN, "0.0.0.0:9090")
    assert "dartboard worker HOST:PORT --credentials FILE" in hint
    assert socket.gethostname() not in hint


def test_a_master_on_all_addresses_names_its_machine() -> None:
    hint = worker_hint(OPEN, "0.0.0.0:9090")
    assert "listening on 0.0.0.0:9090" in hint
    assert f"dartboard worker {socket.gethostname()}:9090" in hint


@pytest.mark.parametrize("marks", [False, True])
def test_an_invitation_asks_for_credentials(
    marks: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(surroundings, "_MARKS", (tmp_path,) if marks else ())
    settings = ServiceSettings(credentials=Folder(Path("c")))
    assert worker_hint(settings, "127.0.0.1:9090").endswith(":9090 --credentials FILE")


def test_a_master_without_credentials_warns() -> None:
    settings = ServiceSettings(host="10.0.0.1", insecure=True)
    hint = worker_hint(settings, "10.0.0.1:9090")
    assert "anyone who can reach this port can take jobs and send results" in hint
