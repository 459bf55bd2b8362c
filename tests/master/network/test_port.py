"""Messages that a client may send to the port, and the replies."""

import logging
import re
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import Pyro4
import pytest
from Pyro4.message import MSG_CONNECT, MSG_INVOKE, Message

from configspace.errors import ServiceError
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId
from configspace.protocol import (
    CLAIM,
    FAIL,
    FINISH,
    HEARTBEAT,
    JOIN,
    LEAVE,
    Idle,
    Joined,
    Lease,
    Left,
    Method,
    Received,
    Rejoin,
    Resend,
    WorkerInfo,
)
from configspace.versions import versions
from master.dispatch.events import Broken, Delivered
from master.dispatch.exchange import Exchange
from master.network.port import Port, _as_seen_here
from master.sources.base import Submission, job_of
from tests.master.running import small_study, wait_for
from tests.worker.noop import outcome_of
from worker.service.link import CALL_SECONDS, Link, UnreachableError

INFO = {
    "name": "w",
    "instance": "1",
    "pid": 1,
    "host": "here",
    "device": "cpu",
    "engine": "noop",
    "versions": versions(),
}
JOB = job_of(
    small_study(),
    EvaluationId(configuration=(0, 0, 0), epochs=1),
    Hyperparameters(),
    objective="final",
    trials=2,
)


def _enormous() -> bytes:
    """Return the beginning of a message of 2 GB."""
    announced = Message(MSG_INVOKE, b"", 1, 0, 0)
    announced.data_size = 2**31 - 1
    return bytes(announced.to_bytes())


ENORMOUS = _enormous()


@pytest.fixture
def exchange() -> Exchange:
    return Exchange(lease_seconds=0.3)


@pytest.fixture
def address(exchange: Exchange) -> Iterator[str]:
    port = Port(exchange, host="127.0.0.1", port=0, max_workers=4, heartbeat_seconds=0.1)
    try:
        yield port.open()
    finally:
        exchange.close()
        port.close()


@pytest.fixture
def link(address: str) -> Iterator[Link]:
    with Link(address) as link:
        link.open()
        yield link


def test_a_worker_that_joins_learns_its_name_and_period(link: Link) -> None:
    assert link.call(JOIN, INFO) == Joined(worker="w", sharing=1, heartbeat_seconds=0.1)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("127.0.0.1", "here"),
        ("::1", "here"),
        ("192.168.0.9", "here (192.168.0.9)"),
        ("fe80::1%eth0", "here (fe80::1%eth0)"),
    ],
)
def test_a_host_is_shown_with_its_address(
    address: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pyro4.current_context, "client", None)
    monkeypatch.setattr(Pyro4.current_context, "client_sock_addr", (address, 1))
    info = WorkerInfo.from_wire(INFO | {"named": False})
    assert _as_seen_here(info) == info.model_copy(update={"host": host})


def test_a_worker_may_leave(link: Link) -> None:
    link.call(JOIN, INFO)
    assert link.call(LEAVE, "w") == Left()
    assert link.call(CLAIM, "w") == Rejoin()


def test_a_worker_of_other_versions_gets_advice(link: Link) -> None:
    other = INFO | {"versions": versions() | {"numpy": "1.0", "dartboard": "0.0.1"}}
    with pytest.raises(ServiceError, match=r"numpy 1\.0 there") as caught:
        link.call(JOIN, other)
    assert re.fullmatch(r"install dartboard==\S+ numpy==\S+ on here", caught.value.advice)


def test_a_stranger_that_claims_must_rejoin(link: Link) -> None:
    assert link.call(CLAIM, "stranger") == Rejoin()


def test_a_claim_without_a_job_is_idle(link: Link) -> None:
    link.call(JOIN, INFO)
    assert link.call(CLAIM, "w") == Idle()


def test_a_job_crosses_the_wire_unchanged(link: Link, exchange: Exchange) -> None:
    exchange.add(Submission(JOB, "mean", model_based=False))
    link.call(JOIN, INFO)
    reply = link.call(CLAIM, "w")
    assert isinstance(reply, Lease)
    assert reply.job == JOB


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "arguments", "reason"),
    [
        (JOIN, [{}], "expected a valid worker info"),
        (JOIN, ["w"], "expected a valid worker info"),
        (JOIN, [], "missing a required argument"),
        (CLAIM, [3], "expected a short text for 'worker', got int"),
        (CLAIM, ["w" * 1000], "expected a short text for 'worker', got 1000 characters"),
        (CLAIM, ["w", "yes"], "expected true or false for 'ready'"),
        (HEARTBEAT, ["w", "t", "half"], "expected progress as"),
        (FINISH, ["w", "t", "small", {}], "expected a valid outcome"),
        (FINISH, ["w", "t", "small", {"id": 3}], "expected a valid outcome"),
        (FINISH, ["w", "t", "small", [float("nan")]], "expected a valid outcome"),
        (FINISH, ["w", "t", "small", b"pickle"], "expected a valid outcome"),
        (FAIL, ["w", "t", "small", {"kind": "boredom"}], "expected a valid failure"),
    ],
)
def test_a_malformed_message_is_refused_and_logged(
    link: Link,
    caplog: pytest.LogCaptureFixture,
    method: Method[Any],
    arguments: list[Any],
    reason: str,
) -> None:
    with pytest.raises(ServiceError, match=reason):
        link.call(method, *arguments)
    assert f"refused {method.name} from ('127.0.0.1'" in caplog.text


def test_an_outcome_of_other_seeds_keeps_its_job(link: Link, exchange: Exchange) -> None:
    exchange.add(Submission(JOB, "mean", model_based=False))
    forged = outcome_of(JOB.model_copy(update={"seeds": (1, 2)})).to_wire()
    with pytest.raises(ServiceError, match="expected the seeds of the job, got others"):
        link.call(FINISH, "w", "t", "small", forged)
    link.call(JOIN, INFO)
    assert isinstance(link.call(CLAIM, "w"), Lease)


def test_an_outcome_of_an_unknown_evaluation_is_dropped(link: Link) -> None:
    reply = link.call(FINISH, "w", "t", "small", outcome_of(JOB).to_wire())
    assert reply == Received(accepted=False)


def test_the_name_of_a_stranger_is_cleaned(
    link: Link, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.add(Submission(JOB, "mean", model_based=False))
    monkeypatch.setitem(CALL_SECONDS, "finish", 0.5)
    with suppress(UnreachableError):
        link.call(FINISH, "a\x00b", "t", "small", outcome_of(JOB).to_wire())
    event = exchange.next_event(60)
    assert isinstance(event, Delivered)
    assert event.worker == r"a\x00b"


def test_the_reply_to_an_outcome_waits_for_the_store(
    link: Link, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.add(Submission(JOB, "mean", model_based=False))
    monkeypatch.setitem(CALL_SECONDS, "finish", 0.5)
    with pytest.raises(UnreachableError):
        link.call(FINISH, "w", "t", "small", outcome_of(JOB).to_wire())
    event = exchange.next_event(1)
    assert isinstance(event, Delivered)
    event.stored.set_result(None)
    link.open()
    reply = link.call(FINISH, "w", "t", "small", outcome_of(JOB).to_wire())
    assert reply == Received(accepted=False)  # it is in the store already


def test_a_master_that_stops_asks_for_a_resend(link: Link, exchange: Exchange) -> None:
    exchange.add(Submission(JOB, "mean", model_based=False))
    exchange.refuse()
    reply = link.call(FINISH, "w", "t", "small", outcome_of(JOB).to_wire())
    assert reply == Resend()


def test_a_call_of_an_unknown_method_is_logged(
    link: Link, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    proxy = Pyro4.Proxy(f"PYRO:dartboard@{address}")
    with proxy, pytest.raises(AttributeError):
        proxy._pyroInvoke("shutdown", [], {})
    assert "refused a call from 127.0.0.1:" in caplog.text
    assert "no attribute 'shutdown'" in caplog.text
    assert link.call(CLAIM, "stranger") == Rejoin()


@pytest.mark.parametrize("serializer", ["marshal", "json"])
def test_only_serpent_is_accepted(address: str, serializer: str) -> None:
    proxy = Pyro4.Proxy(f"PYRO:dartboard@{address}")
    proxy._pyroSerializer = serializer
    with proxy, pytest.raises(Pyro4.errors.CommunicationError, match="not accepted"):
        proxy._pyroBind()


def test_a_silent_client_does_not_block_others(address: str) -> None:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port))), Link(address) as link:
        link.open()
        assert link.call(CLAIM, "stranger") == Rejoin()


def test_a_torn_stream_does_not_block_others(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, logger="Pyro4")
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port))) as torn:
        torn.sendall(b"PYRO\x00")
    with Link(address) as link:
        link.open()
        assert link.call(CLAIM, "stranger") == Rejoin()


def test_a_port_waits_until_its_client_has_disconnected(exchange: Exchange) -> None:
    port = Port(exchange, host="127.0.0.1", port=0, max_workers=4, heartbeat_seconds=0.1)
    link = Link(port.open())
    link.open()
    waiting = threading.Thread(target=port.wait_for_disconnects, args=(60.0,))
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()  # the client is still connected
    link.close()
    waiting.join(30.0)
    assert not waiting.is_alive()
    port.close()


def test_closing_does_not_wait_for_the_accept_loop(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("master.network.port.CLOSE_SECONDS", 0.1)
    end, shutdown = threading.Event(), Pyro4.Daemon.shutdown

    def late(self: Any) -> None:
        end.wait(120)
        shutdown(self)

    monkeypatch.setattr(Pyro4.Daemon, "shutdown", late)
    port = Port(exchange, host="127.0.0.1", port=0, max_workers=4, heartbeat_seconds=0.1)
    port.open()
    closing = threading.Thread(target=port.close)
    closing.start()
    closing.join(30.0)
    assert not closing.is_alive()  # while the shutdown still waits
    end.set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"", "it sent nothing for 0.3 s"),
        (b"GET / HTTP/1.1\r\n\r\n" + 100 * b" ", "it did not send the first message of a worker"),
        (
            Message(MSG_CONNECT, b"x" * 50, 4, 0, 0).to_bytes(),
            "it did not send the first message of a worker",
        ),
    ],
    ids=["silence", "another protocol", "a pickle"],
)
def test_a_client_without_a_greeting_is_logged(
    address: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    sent: bytes,
    why: str,
) -> None:
    monkeypatch.setattr("master.network.daemon.HANDSHAKE_SECONDS", 0.3)
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=120) as sock:
        sock.sendall(sent)
        own = "{}:{}".format(*sock.getsockname())
        wait_for(lambda: f"refused a connection from {own}: {why}" in caplog.text, "line")


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"PYRO", "it broke during a message"),
        (b"x" * 100, "invalid data"),
        (ENORMOUS, "max message size exceeded"),
    ],
    ids=["torn", "garbage", "enormous"],
)
def test_a_malformed_stream_ends_its_connection(
    link: Link, address: str, caplog: pytest.LogCaptureFixture, sent: bytes, why: str
) -> None:
    sock = link._proxy._pyroConnection.sock
    own = "{}:{}".format(*sock.getsockname())
    sock.sendall(sent)
    with suppress(OSError):  # the port may have closed it already
        sock.shutdown(socket.SHUT_WR)
    wait_for(lambda: f"dropped the connection from {own}: {why}" in caplog.text, "line")
    with Link(address) as another:
        another.open()
        assert another.call(JOIN, INFO).worker == "w"


def test_warnings_as_errors_do_not_stop_the_port(exchange: Exchange) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        port = Port(exchange, host="127.0.0.1", port=0, max_workers=4, heartbeat_seconds=0.1)
        try:
            address = port.open()
            for _ in range(2):  # the accept loop looks for its end before each connection
                with Link(address) as link:
                    link.open()
                    assert link.call(LEAVE, "w") == Left()
        finally:
            port.close()


def test_the_death_of_the_port_is_reported(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("master.network.daemon.Daemon.requestLoop", fail)
    port = Port(exchange, host="127.0.0.1", port=0, max_workers=4, heartbeat_seconds=0.1)
    try:
        port.open()
        event = exchange.next_event(60)
    finally:
        port.close()
    assert isinstance(event, Broken)
    assert "thread 'port' died: RuntimeError: can't start new thread" in str(event.error)


def test_an_error_in_an_answer_has_a_reason(
    link: Link, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(_: str) -> None:
        raise MemoryError

    monkeypatch.setattr(exchange, "leave", leave)
    with pytest.raises(ServiceError, match="the master failed to answer 'leave': MemoryError"):
        link.call(LEAVE, "w")


def test_an_exit_in_an_answer_is_reported(
    link: Link, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(_: str) -> None:
        raise SystemExit(3)

    monkeypatch.setattr(exchange, "leave", leave)
    with pytest.raises(UnreachableError):
        link.call(LEAVE, "w")
    event = exchange.next_event(60)
    assert isinstance(event, Broken)
    assert "answer to 'leave'" in str(event.error)
