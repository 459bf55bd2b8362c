"""What a client may send to the port, and how it is answered."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import Pyro4
import pytest
from Pyro4.message import MSG_CONNECT, MSG_INVOKE, Message

from configspace.errors import ServiceError
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId
from configspace.versions import versions
from master.dispatch.exchange import Delivered, Exchange
from master.network.port import Port
from master.sources.base import Submission, job_of
from tests.master.running import small_study, wait_for
from tests.worker.noop import outcome_of
from worker.service.link import CALL_SECONDS, AwayError, Link

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


def test_a_worker_that_joins_learns_its_name_and_the_periods(link: Link) -> None:
    assert link.call("join", INFO) == {"worker": "w", "beside": 1, "heartbeat_seconds": 0.1}


def test_a_worker_of_other_versions_is_refused_and_told_which_to_get(link: Link) -> None:
    other = INFO | {"versions": versions() | {"numpy": "1.0", "dartboard": "0.0.1"}}
    with pytest.raises(
        ServiceError, match=r"numpy 1\.0 there.*get dartboard==\S+ numpy==\S+ on here"
    ):
        link.call("join", other)


def test_a_claim_of_a_stranger_is_answered_by_join(link: Link) -> None:
    assert link.call("claim", "stranger") == {"join": True}


def test_a_claim_without_a_job_is_idle(link: Link) -> None:
    link.call("join", INFO)
    assert link.call("claim", "w") == {"idle": True}


def test_a_job_crosses_the_wire_unchanged(link: Link, exchange: Exchange) -> None:
    exchange.add(Submission(JOB, "mean", model_based=False))
    link.call("join", INFO)
    assert link.call("claim", "w")["job"] == JOB.to_wire()


@pytest.mark.parametrize(
    ("method", "arguments", "reason"),
    [
        ("join", [{}], "not a valid workerinfo"),
        ("join", ["w"], "not a valid workerinfo"),
        ("join", [], "missing a required argument"),
        ("claim", [3], "wanted a short text for 'worker'"),
        ("claim", ["w" * 1000], "wanted a short text"),
        ("heartbeat", ["w", "t", "half"], "wanted progress as"),
        ("finish", ["w", "t", "small", {}], "not a valid outcome"),
        ("finish", ["w", "t", "small", {"id": 3}], "not a valid outcome"),
        ("finish", ["w", "t", "small", [float("nan")]], "not a valid outcome"),
        ("finish", ["w", "t", "small", b"pickle"], "not a valid outcome"),
        ("fail", ["w", "t", "small", {"kind": "boredom"}], "not a valid failure"),
    ],
)
def test_a_malformed_message_is_refused_and_logged(
    link: Link, caplog: pytest.LogCaptureFixture, method: str, arguments: list[Any], reason: str
) -> None:
    with pytest.raises(ServiceError, match=reason):
        link.call(method, *arguments)
    assert f"refused {method} from ('127.0.0.1'" in caplog.text


def test_an_outcome_of_other_seeds_is_refused_and_the_job_stays(
    link: Link, exchange: Exchange
) -> None:
    exchange.add(Submission(JOB, "mean", model_based=False))
    forged = outcome_of(JOB.model_copy(update={"seeds": (1, 2)})).to_wire()
    with pytest.raises(ServiceError, match="seeds are not the job's"):
        link.call("finish", "w", "t", "small", forged)
    link.call("join", INFO)
    assert "job" in link.call("claim", "w")


def test_an_outcome_of_an_unknown_evaluation_is_dropped(link: Link) -> None:
    answer = link.call("finish", "w", "t", "small", outcome_of(JOB).to_wire())
    assert answer == {"accepted": False}


def test_an_outcome_is_answered_only_once_it_is_stored(
    link: Link, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.add(Submission(JOB, "mean", model_based=False))
    monkeypatch.setitem(CALL_SECONDS, "finish", 0.5)
    with pytest.raises(AwayError):
        link.call("finish", "w", "t", "small", outcome_of(JOB).to_wire())
    event = exchange.next_event(1)
    assert isinstance(event, Delivered)
    event.stored.set_result(None)
    link.open()
    answer = link.call("finish", "w", "t", "small", outcome_of(JOB).to_wire())
    assert answer == {"accepted": False}  # it is in the store already


def test_what_is_not_stored_when_the_master_stops_is_to_be_sent_again(
    link: Link, exchange: Exchange
) -> None:
    exchange.add(Submission(JOB, "mean", model_based=False))
    exchange.refuse()
    answer = link.call("finish", "w", "t", "small", outcome_of(JOB).to_wire())
    assert answer == {"retry": True}


def test_an_unknown_method_is_an_error_of_the_client_alone_and_is_logged(
    link: Link, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    proxy = Pyro4.Proxy(f"PYRO:dartboard@{address}")
    with proxy, pytest.raises(AttributeError):
        proxy._pyroInvoke("shutdown", [], {})
    assert "refused a call from 127.0.0.1:" in caplog.text
    assert "no attribute 'shutdown'" in caplog.text
    assert link.call("claim", "stranger") == {"join": True}


@pytest.mark.parametrize("serializer", ["marshal", "json"])
def test_only_serpent_is_accepted(address: str, serializer: str) -> None:
    proxy = Pyro4.Proxy(f"PYRO:dartboard@{address}")
    proxy._pyroSerializer = serializer
    with proxy, pytest.raises(Pyro4.errors.CommunicationError, match="not accepted"):
        proxy._pyroBind()


def test_a_client_that_says_nothing_keeps_nobody_out(address: str) -> None:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port))), Link(address) as link:
        link.open()
        assert link.call("claim", "stranger") == {"join": True}


def test_a_torn_stream_keeps_nobody_out(address: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="Pyro4")
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port))) as torn:
        torn.sendall(b"PYRO\x00")
    with Link(address) as link:
        link.open()
        assert link.call("claim", "stranger") == {"join": True}


def test_a_port_waits_until_a_client_has_hung_up(exchange: Exchange) -> None:
    port = Port(exchange, host="127.0.0.1", port=0, max_workers=4, heartbeat_seconds=0.1)
    link = Link(port.open())
    link.open()
    hanging_up = threading.Timer(0.2, link.close)
    hanging_up.start()
    began = time.monotonic()
    port.wait_for_goodbyes(20.0)
    assert 0.1 < time.monotonic() - began < 15.0
    port.close()
    hanging_up.join()


def test_closing_does_not_wait_for_an_accept_loop_that_was_not_woken(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("master.network.port.CLOSE_SECONDS", 0.1)
    end, shutdown = threading.Event(), Pyro4.Daemon.shutdown

    def late(self: Any) -> None:
        end.wait(10)
        shutdown(self)

    monkeypatch.setattr(Pyro4.Daemon, "shutdown", late)
    port = Port(exchange, host="127.0.0.1", port=0, max_workers=4, heartbeat_seconds=0.1)
    port.open()
    began = time.monotonic()
    port.close()
    assert time.monotonic() - began < 5
    end.set()


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"", "it said nothing for 0.3 s"),
        (b"GET / HTTP/1.1\r\n\r\n" + 100 * b" ", "it did not greet as a worker does"),
        (Message(MSG_CONNECT, b"x" * 50, 4, 0, 0).to_bytes(), "it did not greet as a worker does"),
    ],
    ids=["silence", "another protocol", "a pickle"],
)
def test_who_does_not_greet_is_refused_and_logged_with_its_origin(
    address: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    sent: bytes,
    why: str,
) -> None:
    monkeypatch.setattr("master.network.daemon.HANDSHAKE_SECONDS", 0.3)
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as sock:
        sock.sendall(sent)
        own = "{}:{}".format(*sock.getsockname())
        wait_for(lambda: f"refused a connection from {own}: {why}" in caplog.text, "line")


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"PYRO", "it broke amid a message"),
        (b"x" * 100, "invalid data"),
        (ENORMOUS, "max message size exceeded"),
    ],
    ids=["torn", "garbage", "enormous"],
)
def test_what_is_no_message_ends_the_connection_and_is_logged_with_its_origin(
    link: Link, address: str, caplog: pytest.LogCaptureFixture, sent: bytes, why: str
) -> None:
    sock = link._proxy._pyroConnection.sock
    own = "{}:{}".format(*sock.getsockname())
    sock.sendall(sent)
    with suppress(OSError):  # it may have hung up already
        sock.shutdown(socket.SHUT_WR)
    wait_for(lambda: f"dropped the connection from {own}: {why}" in caplog.text, "line")
    with Link(address) as another:
        another.open()
        assert another.call("join", INFO)["worker"] == "w"
