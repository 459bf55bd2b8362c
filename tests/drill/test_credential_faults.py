"""The check of the credential faults notices a client that the master accepts."""

import socket
import ssl
from pathlib import Path

import pytest
from Pyro4.socketutil import SocketConnection

from master.credentials.authority import initialize, issue
from master.credentials.folder import Folder, write_secret
from master.dispatch.exchange import Exchange
from master.network.port import Port
from tests.drill.credential_faults import first_message, invocation, must_be_refused
from tests.drill.scene import HungError
from worker.service.credentials import load_context
from worker.service.link import _use


def test_an_accepted_client_is_distinguished_from_a_refused_one(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "credentials")
    initialize(folder, [])
    write_secret(tmp_path / "good.pem", issue(folder, "good"))
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.load_verify_locations(folder.authority)
    exchange = Exchange(lease_seconds=5.0)
    port = Port(
        exchange,
        host="127.0.0.1",
        port=0,
        max_workers=4,
        heartbeat_seconds=0.1,
        credentials=folder,
    )
    try:
        host, _, number = port.open().rpartition(":")

        def connect(context: ssl.SSLContext) -> SocketConnection:
            made = socket.create_connection((host, int(number)), timeout=120)
            return SocketConnection(context.wrap_socket(made, server_hostname=host))

        messages = [first_message(), invocation("dartboard", "claim", ["w"])]
        stranger, known = connect(bare), connect(load_context(tmp_path / "good.pem"))
        must_be_refused(stranger, messages, "claim")
        with pytest.raises(HungError, match="an unauthorized client can call 'claim'"):
            must_be_refused(known, messages, "claim")
        stranger.close()
        known.close()
    finally:
        exchange.close()
        port.close()
        _use(None)
