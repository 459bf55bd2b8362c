"""A Docker Engine: the one that answers, or one of our own that is gone afterwards."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NEEDED = {"docker": "docker.io", "ip": "iproute2", "iptables": "iptables", "git": "git"}
"""Commands and Debian's packages of them."""
START_SECONDS = 60.0


class NoEngineError(Exception):
    """There is no Docker Engine here, and none can be had."""


@contextmanager
def engine() -> Iterator[None]:
    """Make `docker` and Compose work for a while.

    Raises:
        NoEngineError: If that cannot be; says why.
    """
    if os.geteuid() != 0:
        raise NoEngineError("only root can start an engine, and make a network behind NAT")
    _install()
    if _answers():
        yield
        return
    # A folder that no other engine uses, and on a disk: /tmp may be memory.
    folder = Path(tempfile.mkdtemp(prefix="dartboard-engine-", dir="/var/tmp"))
    with _traces_removed():
        try:
            with _running(folder):
                yield
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def compose_commands() -> list[list[str]]:
    """Return each Compose that is installed: version 2 first, then version 1."""
    found = []
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and _succeeds(*command, "version"):
            found.append(command)
    return found


def _install() -> None:
    missing = [package for command, package in NEEDED.items() if not shutil.which(command)]
    if not compose_commands():
        missing.append("docker-compose")
    if not shutil.which("dockerd") and not _answers():
        missing.append("docker.io")
    if not missing:
        return
    told = f"{', '.join(sorted(set(missing)))} not installed"
    if not shutil.which("apt-get"):
        raise NoEngineError(told)
    print(f"installing {', '.join(sorted(set(missing)))}", flush=True)
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], install):
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if ran.returncode:
            last = (ran.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise NoEngineError(f"{told}, and cannot be: {last}")


@contextmanager
def _running(folder: Path) -> Iterator[None]:
    socket, log = folder / "docker.sock", folder / "log"
    command = ["dockerd", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"]
    command += ["--pidfile", f"{folder}/pid", "--host", f"unix://{socket}"]
    before = os.environ.get("DOCKER_HOST")
    os.environ["DOCKER_HOST"] = f"unix://{socket}"
    try:
        for path in _search_paths(folder):
            with log.open("w") as written:
                daemon = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=written,
                    stderr=written,
                    env=os.environ | {"PATH": path},
                    start_new_session=True,  # a Ctrl-C is for us, who then stop it
                )
            try:
                if _comes_up(daemon):
                    yield
                    return
            finally:
                daemon.terminate()
                with suppress(subprocess.TimeoutExpired):
                    daemon.wait(60)
                daemon.kill()
                daemon.wait()
        last = (log.read_text().strip().splitlines() or ["no reason given"])[-1]
        raise NoEngineError(f"a Docker Engine cannot be started: {last}")
    finally:
        os.environ.pop("DOCKER_HOST")
        if before is not None:
            os.environ["DOCKER_HOST"] = before


def _search_paths(folder: Path) -> Iterator[str]:
    """Give a PATH as it is, then one where iptables is the older of its two kinds."""
    path = os.environ["PATH"]
    yield path
    if legacy := shutil.which("iptables-legacy"):
        commands = folder / "legacy"
        commands.mkdir()
        for name in ("iptables", "iptables-save", "iptables-restore"):
            (commands / name).symlink_to(legacy.replace("iptables-legacy", f"{name}-legacy"))
        yield f"{commands}:{path}"


def _comes_up(daemon: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + START_SECONDS
    while daemon.poll() is None and time.monotonic() < deadline:
        if _answers():
            return True
        time.sleep(0.2)
    return False


@contextmanager
def _traces_removed() -> Iterator[None]:
    """Undo what an engine changes in this machine's network, and leaves so when it ends."""
    forwarding = Path("/proc/sys/net/ipv4/ip_forward")
    forwarded = forwarding.read_text()
    accepted = "-P FORWARD ACCEPT" in _output("iptables", "-S", "FORWARD")
    bridged = _succeeds("ip", "link", "show", "docker0")
    try:
        yield
    finally:
        if not bridged:
            _succeeds("ip", "link", "del", "docker0")
        if accepted:
            _succeeds("iptables", "-P", "FORWARD", "ACCEPT")
        forwarding.write_text(forwarded)


def _answers() -> bool:
    return bool(shutil.which("docker")) and _succeeds("docker", "version")


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
