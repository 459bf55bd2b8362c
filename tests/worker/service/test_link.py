"""A worker's connection, as far as it needs no master; the rest is in tests/master/network."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from configspace.errors import ServiceError, WireError
from configspace.protocol import CLAIM, FINISH, Idle, Refused
from worker.service.link import Link, UnreachableError, check_address


class Proxy:
    """A stand-in for Pyro4's proxy that gives one answer to every call."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def _pyroInvoke(self, *_: object) -> object:  # noqa: N802
        return self._answer

    def _pyroRelease(self) -> None:  # noqa: N802
        pass


def link_to(answer: object) -> Link:
    link = Link("127.0.0.1:9")
    link._proxy = Proxy(answer)
    return link


@pytest.mark.parametrize("address", ["here", "here:", ":9090", "here:port", "here:99999"])
def test_a_malformed_address_is_an_error(address: str) -> None:
    with pytest.raises(ServiceError, match="expected the master's address as HOST:PORT"):
        Link(address)


def test_an_absent_master_is_unreachable() -> None:
    with Link("127.0.0.1:9") as link, pytest.raises(UnreachableError, match="refused"):
        link.open()


def test_another_service_is_not_a_master() -> None:
    class Silent(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_port}"
        with pytest.raises(UnreachableError, match=f"at {address} is not a dartboard master"):
            Link(address).open()
        server.shutdown()


def test_a_call_without_a_connection_is_unreachable() -> None:
    with Link("127.0.0.1:9") as link, pytest.raises(UnreachableError, match="not connected"):
        link.call(CLAIM, "w")


def test_a_call_returns_a_typed_reply() -> None:
    assert link_to(Idle().to_wire()).call(CLAIM, "w") == Idle()


def test_a_refusal_keeps_its_advice() -> None:
    with pytest.raises(ServiceError, match="the master refused 'claim': no") as caught:
        link_to(Refused(problem="no", advice="go").to_wire()).call(CLAIM, "w")
    assert caught.value.advice == "go"


@pytest.mark.parametrize("answer", [Idle().to_wire(), {"reply": "other"}, {}, None, "continue"])
def test_a_reply_of_another_method_is_an_error(answer: object) -> None:
    with pytest.raises(WireError, match="expected a reply to 'finish'"):
        link_to(answer).call(FINISH, "w")


@pytest.mark.parametrize(
    "address",
    ["desk:9090", "192.168.0.7:1", "[::1]:9090", "[fe80::1]:65535", "my_host.example.org.:80"],
)
def test_an_address_has_a_host_and_a_port(address: str) -> None:
    check_address(address)


@pytest.mark.parametrize(
    ("address", "advice"),
    [
        ("::1:9396", r"in brackets, as in \[::1\]:9090"),
        ("[fe80::1%eth0]:9090", "without a scope"),
        ("fe80::1%eth0:9090", "in brackets"),
        ("[desk]:9090", "give an IPv6 address"),
        ("[::1:9090", "in brackets"),
        ("a@b:9090", "expected the master's address"),
        ("a b:9090", "expected the master's address"),
        (f"{'x' * 64}.org:9090", "expected the master's address"),
        ("desk:٣", "expected the master's address"),
    ],
)
def test_an_odd_address_is_refused(address: str, advice: str) -> None:
    with pytest.raises(ServiceError, match=advice):
        check_address(address)
