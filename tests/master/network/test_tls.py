"""Clients that a master with credentials accepts, and clients that it refuses."""

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import Pyro4
import pytest
from Pyro4.errors import PyroError

import worker.service.link
from configspace.errors import ServiceError
from configspace.protocol import CLAIM, JOIN, Rejoin
from master.credentials.authority import initialize, issue, revoke
from master.credentials.folder import Folder, write_secret
from master.dispatch.exchange import Exchange
from master.network.port import Port
from master.sources.base import Submission
from results.store.store import Store
from tests.master.network.test_port import INFO, JOB
from tests.master.running import ROOT, losses, running_master, small_study, wait_for
from tests.worker.noop import outcome_of
from worker.service.credentials import load_context
from worker.service.link import Link, UnreachableError

FAILURE = {"id": JOB.id.to_wire(), "kind": "exception", "message": "m"}
CALLS: list[tuple[str, str, list[Any]]] = [
    ("dartboard", "join", [INFO]),
    ("dartboard", "claim", ["w"]),
    ("dartboard", "heartbeat", ["w", "t", None]),
    ("dartboard", "finish", ["w", "t", "small", outcome_of(JOB).to_wire()]),
    ("dartboard", "fail", ["w", "t", "small", FAILURE]),
    ("dartboard", "leave", ["w"]),
    ("Pyro.Daemon", "ping", []),
    ("Pyro.Daemon", "registered", []),
    ("Pyro.Daemon", "get_metadata", ["dartboard"]),
]
every_method = pytest.mark.parametrize(
    ("object", "method", "arguments"), CALLS, ids=[call[1] for call in CALLS]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("credentials"))
    initialize(folder, [])
    return folder


@pytest.fixture(scope="module")
def good(folder: Folder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("worker") / "good.pem"
    write_secret(path, issue(folder, "good"))
    return path


@pytest.fixture
def revocable(folder: Folder, tmp_path: Path) -> Iterator[Path]:
    """Credentials that a test may revoke."""
    path = tmp_path / "revocable.pem"
    write_secret(path, issue(folder, "revocable"))
    yield path
    with suppress(ServiceError):  # unless the test has done it
        revoke(folder, "revocable")


@pytest.fixture
def exchange() -> Exchange:
    return Exchange(lease_seconds=5.0)


@pytest.fixture
def address(exchange: Exchange, folder: Folder) -> Iterator[str]:
    port = Port(
        exchange,
        host="127.0.0.1",
        port=0,
        max_workers=4,
        heartbeat_seconds=0.1,
        credentials=folder,
    )
    try:
        yield port.open()
    finally:
        exchange.close()
        port.close()


@pytest.fixture(autouse=True)
def _without_credentials_afterwards() -> Iterator[None]:
    yield
    worker.service.link._use(None)


def foreign(tmp_path: Path, folder: Folder) -> ssl.SSLContext:
    """Return a client that trusts this master, with credentials of another authority."""
    other = Folder(tmp_path / "other")
    initialize(other, [])
    write_secret(tmp_path / "foreign.pem", issue(other, "foreign"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(tmp_path / "foreign.pem")
    context.load_verify_locations(folder.authority)
    return context


def bare(folder: Folder) -> ssl.SSLContext:
    """Return a client that trusts this master and shows no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(folder.authority)
    return context


@pytest.mark.slow
@every_method
@pytest.mark.parametrize("client", ["plain", "bare", "foreign"])
def test_without_credentials_no_method_can_be_called(
    *,
    address: str,
    exchange: Exchange,
    folder: Folder,
    tmp_path: Path,
    client: str,
    object: str,
    method: str,
    arguments: list[Any],
) -> None:
    exchange.add(Submission(JOB, "mean", model_based=False))
    match client:
        case "plain":
            context = None
        case "bare":
            context = bare(folder)
        case _:
            context = foreign(tmp_path, folder)
    worker.service.link._use(context)
    with Pyro4.Proxy(f"PYRO:{object}@{address}") as proxy, pytest.raises(PyroError):
        proxy._pyroInvoke(method, arguments, {})
    assert exchange.next_event(0) is None


def joined(address: str, credentials: Path, **info: Any) -> str:
    """Return the name that a worker gets."""
    with Link(address, credentials=credentials) as link:
        link.open()
        return link.call(JOIN, INFO | info).worker


def test_a_worker_is_named_by_its_credentials(address: str, good: Path, exchange: Exchange) -> None:
    default = {"name": "4c8e3a-1", "named": False}
    assert joined(address, good, **default) == "good"
    assert joined(address, good, **default, instance="2") == "good~2"
    assert [member.info.host for member in exchange.view()[0]] == ["here", "here"]


def test_a_chosen_name_is_kept_and_its_credentials_shown(
    address: str, good: Path, exchange: Exchange
) -> None:
    assert joined(address, good, name="mine") == "mine"
    assert [member.info.host for member in exchange.view()[0]] == ["here (good)"]


@pytest.mark.slow
@every_method
def test_after_a_revocation_no_method_can_be_called(
    *,
    address: str,
    exchange: Exchange,
    folder: Folder,
    revocable: Path,
    object: str,
    method: str,
    arguments: list[Any],
) -> None:
    worker.service.link._use(load_context(revocable))
    with Pyro4.Proxy(f"PYRO:{object}@{address}") as proxy:
        proxy._pyroBind()
        exchange.add(Submission(JOB, "mean", model_based=False))
        revoke(folder, "revocable")
        with pytest.raises(PyroError):
            proxy._pyroInvoke(method, arguments, {})
    assert exchange.next_event(0) is None


def test_a_revoked_worker_learns_that_on_reconnecting(
    address: str, folder: Folder, revocable: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Link(address, credentials=revocable) as link:
        link.open()
        assert link.call(CLAIM, "stranger") == Rejoin()
        revoke(folder, "revocable")
        with pytest.raises(UnreachableError):
            link.call(CLAIM, "stranger")
        with pytest.raises(ServiceError, match="the credentials of 'revocable' are revoked"):
            link.open()
    assert "refused a call from 127.0.0.1:" in caplog.text


def test_a_worker_revoked_while_claiming_gets_no_job(
    exchange: Exchange, address: str, folder: Folder, revocable: Path
) -> None:
    with Link(address, credentials=revocable) as link:
        link.open()
        link.call(JOIN, INFO)
        revoke(folder, "revocable")
        exchange.add(Submission(JOB, "mean", model_based=False))
        with pytest.raises(UnreachableError):
            link.call(CLAIM, "w")


def test_a_worker_with_good_credentials_joins(address: str, good: Path) -> None:
    with Link(address, credentials=good) as link:
        link.open()
        assert link.call(JOIN, INFO).worker == "w"


def test_a_revocation_leaves_other_workers_connected(
    address: str, folder: Folder, good: Path, revocable: Path
) -> None:
    with Link(address, credentials=good) as link:
        link.open()
        revoke(folder, "revocable")
        assert link.call(CLAIM, "stranger") == Rejoin()


def test_a_worker_without_credentials_gets_advice(address: str) -> None:
    with (
        Link(address) as link,
        pytest.raises(ServiceError, match="it needs --credentials FILE, made by"),
    ):
        link.open()


def test_a_worker_of_another_authority_refuses_the_master(address: str, tmp_path: Path) -> None:
    other = Folder(tmp_path / "other")
    initialize(other, [])
    write_secret(tmp_path / "foreign.pem", issue(other, "foreign"))
    with (
        Link(address, credentials=tmp_path / "foreign.pem") as link,
        pytest.raises(ServiceError, match="its certificate is not accepted here"),
    ):
        link.open()


def test_a_master_of_another_authority_refuses_the_worker(
    address: str, folder: Folder, good: Path, tmp_path: Path
) -> None:
    with Link(address, credentials=good) as link:
        link._context = foreign(tmp_path, folder)
        with pytest.raises(ServiceError, match="does not accept this worker's credentials"):
            link.open()


def test_a_master_by_another_name_is_not_trusted(address: str, good: Path) -> None:
    port = address.rpartition(":")[2]
    with (
        Link(f"127.0.0.2:{port}", credentials=good) as link,
        pytest.raises(ServiceError, match=r"IP address mismatch.*'127\.0\.0\.2'.*--host"),
    ):
        _rebound(link)


def _rebound(link: Link) -> None:
    """Open a link to a master that listens on 127.0.0.1 by another name of it."""
    known = socket.socket.connect

    def connect(self: socket.socket, where: Any) -> None:
        known(self, ("127.0.0.1", where[1]))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        link.open()


def test_a_workers_credentials_cannot_serve_as_a_masters(good: Path, folder: Folder) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(good)
    client = load_context(good)
    client.check_hostname = False
    with pytest.raises(ssl.SSLCertVerificationError, match="unsuitable certificate purpose"):
        _shake_hands(server, client)


def test_a_masters_credentials_cannot_serve_as_a_workers(folder: Folder) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_cert_chain(folder.certificate, folder.key)
    server.load_verify_locations(folder.authority)
    client = bare(folder)
    client.load_cert_chain(folder.certificate, folder.key)
    with pytest.raises(ssl.SSLCertVerificationError, match="unsuitable certificate purpose"):
        _shake_hands(server, client)


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        server.wrap_bio(a, b, server_side=True),
        client.wrap_bio(b, a, server_hostname="localhost"),
    ]
    for _ in range(6):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


def test_a_worker_with_credentials_needs_an_encrypting_master(
    exchange: Exchange, good: Path
) -> None:
    port = Port(exchange, host="127.0.0.1", port=0, max_workers=4, heartbeat_seconds=0.1)
    try:
        with (
            Link(port.open(), credentials=good) as link,
            pytest.raises(ServiceError, match="it does not encrypt; leave --credentials out"),
        ):
            link.open()
    finally:
        port.close()


def test_three_stalled_clients_do_not_block_others(
    address: str, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handshake in the accept loop would take as long as its limit."""
    monkeypatch.setattr("master.network.daemon.HANDSHAKE_SECONDS", 120.0)
    host, _, port = address.rpartition(":")
    with ExitStack() as stalled:
        for hello in (b"", b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01\x00\x01"):
            sock = stalled.enter_context(socket.create_connection((host, int(port))))
            sock.sendall(hello)
        with Link(address, credentials=good) as link:
            link.open()  # its own time limit is shorter than those handshakes
            assert link.call(JOIN, INFO).worker == "w"


def test_a_stalled_client_is_disconnected(
    address: str,
    good: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("master.network.daemon.HANDSHAKE_SECONDS", 0.2)
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=120) as sock:
        assert sock.recv(1) == b""
    wait_for(lambda: "it sent nothing for 0.2 s" in caplog.text, "line in the log")


@pytest.mark.slow
def test_a_client_beyond_the_places_is_denied(
    address: str, good: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with ExitStack() as links:
        for _ in range(12):
            links.enter_context(Link(address, credentials=good)).open()
        late = links.enter_context(Link(address, credentials=good))
        with pytest.raises(UnreachableError, match="no free workers"):
            late.open()
    assert "all connections are in use (4)" in caplog.text


def test_a_certificate_of_another_key_is_an_error(
    exchange: Exchange, folder: Folder, tmp_path: Path
) -> None:
    mixed = Folder(tmp_path / "mixed")
    initialize(mixed, [])
    mixed.key.write_bytes(folder.key.read_bytes())
    port = Port(
        exchange,
        host="127.0.0.1",
        port=0,
        max_workers=4,
        heartbeat_seconds=0.1,
        credentials=mixed,
    )
    with pytest.raises(ServiceError, match="cannot be used: KEY_VALUES_MISMATCH"):
        port.open()


@pytest.mark.slow
def test_a_study_runs_over_encrypted_connections(
    tmp_path: Path, folder: Folder, good: Path
) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    study = small_study(bohb={"iterations": 1})
    with Store.open(url) as store, running_master(study, store, credentials=folder) as running:
        process = _worker(running.start(), good)
        try:
            running.wait()
            assert process.wait(120) == 0
        finally:
            process.kill()
            process.communicate()
        assert len(losses(store)) == 13


@pytest.mark.slow
def test_a_worker_revoked_during_a_study_reports_it(
    tmp_path: Path, folder: Folder, revocable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARTBOARD_TEST_GATE", str(tmp_path / "gate"))
    with (
        Store.open(f"sqlite:///{tmp_path}/store.db") as store,
        running_master(small_study(), store, credentials=folder) as running,
    ):
        process = _worker(running.start(), revocable, "gated")
        try:
            wait_for((tmp_path / "gate.started").exists, "evaluation begun")
            revoke(folder, "revocable")
            _, errors = process.communicate(timeout=120)
        finally:
            process.kill()
            process.communicate()
        assert "the credentials of 'revocable' are revoked" in errors
        wait_for(lambda: store.unfinished("small")[0].state == "queued", "job returned")


def _worker(address: str, credentials: Path, evaluate: str = "evaluate") -> "subprocess.Popen[str]":
    code = (
        "from pathlib import Path\n"
        "from worker.service.client import run_worker\n"
        "from worker.service.settings import WorkerSettings\n"
        f"run_worker({address!r}, WorkerSettings(evaluator='tests.worker.noop:{evaluate}', "
        f"once=True, credentials=Path({str(credentials)!r})))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
