"""Advice that fits where this process runs: on a machine, in a container, or in one of Compose's.

In a container of `docker compose`, a command for this shell helps nobody: its readers are outside.
There, the command that Compose offers takes its place.
"""

import os
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from master.service.settings import ServiceSettings

COMPOSE = "DARTBOARD_COMPOSE"
"""Environment variable that docker-compose.yml sets for its services."""
_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Files that Docker and Podman put into every container."""
_RUN = "docker compose run --rm"
_SERVED = re.compile(r"\bdartboard (run|master|campaign)\b((?: +[^\s';,]+)*)")
_OTHER = re.compile(
    r"\bdartboard (credentials|status|export|compare|table|plot|findings|doctor|delete)\b"
)


def in_compose() -> bool:
    """Return whether this process runs in a service of docker-compose.yml."""
    return bool(os.environ.get(COMPOSE))


def in_container() -> bool:
    """Return whether this process runs in a container."""
    return any(mark.exists() for mark in _MARKS)


def fitting(text: str) -> str:
    """Return a text whose `dartboard` commands can be run where its reader is.

    Args:
        text: Text for users, which may advise to run commands.
    """
    if not in_compose():
        return text
    return _OTHER.sub(_in_a_container, _SERVED.sub(_served, text))


def advice_here(advice: str) -> str:
    """Return an advice; if the current folder has been removed, that is what to change first.

    Args:
        advice: What to do in a folder that exists.
    """
    try:
        Path.cwd()
    except FileNotFoundError:
        return "the current folder has been removed; change to another one"
    return advice


def _served(command: re.Match[str]) -> str:
    """Return how Compose serves the file of a command."""
    files = [word for word in command[2].split() if word.endswith(".toml")]
    if command[1] == "master" or not files:  # docker-compose.yml names what the master serves
        return "docker compose up"
    return f"DARTBOARD_STUDY={files[0]} docker compose up"


def _in_a_container(command: re.Match[str]) -> str:
    # Without -T, a redirected file of credentials would contain the terminal's control characters.
    options = " -T" if command[1] == "credentials" else ""
    return f"{_RUN}{options} master {command[0]}"


def worker_hint(settings: "ServiceSettings", address: str) -> str:
    """Return the lines that say how to start workers.

    Args:
        settings: Settings of the master.
        address: The address on which the master listens, as ``host:port``.
    """
    host, _, port = address.rpartition(":")
    listening = f"listening on {address}; "
    if in_compose():
        return (
            f"{listening}the service 'worker' works for it; for more workers: "
            "docker compose up -d --scale worker=N"
        )
    if host in ("0.0.0.0", "[::]"):  # all addresses of this machine; a worker needs one
        # Another machine does not know a container's name, and may need another port.
        host, port = ("HOST", "PORT") if in_container() else (socket.gethostname(), port)
    line = f"{listening}start workers with: dartboard worker {host}:{port}"
    if settings.credentials is not None:
        line += " --credentials FILE"
    if host == "HOST":
        line += ", where HOST:PORT is where other machines reach this container's port"
    if settings.insecure and settings.credentials is None:
        line += "\nno credentials: anyone who can reach this port can take jobs and send results"
    return line
