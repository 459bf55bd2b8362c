"""A PostgreSQL server for the test run only, with its own port and folder."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ACCOUNT = "postgres"
"""The user who runs the server if root runs the tests: PostgreSQL refuses to run as root."""
START_SECONDS = 300.0


def reason_not_to_start() -> str:
    """Return why the server cannot start on this machine; empty if it can."""
    if _programs() is None:
        return "no PostgreSQL server is installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and not _has_account():
        return f"PostgreSQL does not run as root, and there is no user {ACCOUNT!r}"
    return ""


@contextmanager
def server() -> Iterator[str]:
    """Run a server; yield its address, ``127.0.0.1:port``. User ``dartboard`` needs no password."""
    programs = _programs()
    assert programs is not None
    account: dict[str, Any] = {}
    # Not pytest's folder: other users cannot read it.
    folder = Path(tempfile.mkdtemp(prefix="dartboard-postgresql-"))
    if os.geteuid() == 0:
        account = {"user": ACCOUNT, "group": ACCOUNT, "extra_groups": []}
        shutil.chown(folder, ACCOUNT, ACCOUNT)
    try:
        data = folder / "data"
        subprocess.run(
            [
                *(programs / "initdb", "--pgdata", data, "--username=dartboard", "--auth=trust"),
                *("--no-sync", "--encoding=UTF8", "--locale=C"),
            ],
            **account,
            cwd=folder,
            check=True,
            capture_output=True,
        )
        yield from _running(programs / "postgres", data, account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def create_database(address: str, name: str) -> str:
    """Create an empty database, and return its URL for a store."""
    import psycopg

    with psycopg.connect(f"postgresql://dartboard@{address}/postgres", autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"'.encode())
    return f"postgresql://dartboard@{address}/{name}"


def _running(program: Path, data: Path, account: dict[str, Any]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
        "shared_buffers": "16MB",
    }
    options = [f"--{key}={value}" for key, value in settings.items()]
    command = [str(program), "-D", str(data), *options]
    log = data.with_name("log")
    with (
        log.open("w") as written,
        subprocess.Popen(
            command, **account, cwd=data, stdout=written, stderr=written, start_new_session=True
        ) as process,
    ):
        try:
            _await(port, process, log)
            yield f"127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGQUIT)  # stops at once: the data is not kept


def _await(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(f"postgresql://dartboard@127.0.0.1:{port}/postgres").close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}") from error
            time.sleep(0.05)
        else:
            return


def _programs() -> Path | None:
    """Return the folder with the programs of the newest server; on Debian it is not on the path."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    return None if newest is None else newest.parent


def _has_account() -> bool:
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        return False
    return True
