"""A Docker Engine: the one that answers, or a temporary one."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NEEDED = {"docker": "docker.io", "ip": "iproute2", "iptables": "iptables", "git": "git"}
"""Commands, and the Debian packages that contain them."""
KNOWN = (["docker", "compose"], ["docker-compose"])
"""The commands of Compose 2 and 1."""
START_SECONDS = 300.0


class NoEngineError(Exception):
    """No Docker Engine answers, and none can be installed and started."""


@contextmanager
def engine() -> Iterator[None]:
    """Make `docker` and Compose work inside a ``with`` block.

    Raises:
        NoEngineError: If that is impossible; the message says why.
    """
    if os.geteuid() != 0:
        raise NoEngineError("only root can start an engine, and create a network behind NAT")
    _install()
    if _answers():
        yield
        return
    # A new folder, because no other engine may use it; on a disk, because /tmp may be in memory.
    folder = Path(tempfile.mkdtemp(prefix="dartboard-engine-", dir="/var/tmp"))
    with _traces_removed():
        try:
            with _running(folder):
                yield
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def compose_commands() -> list[list[str]]:
    """Return the commands of each installed Compose: version 2 first, then version 1."""
    found = []
    for command in KNOWN:
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
    problem = f"{', '.join(sorted(set(missing)))} not installed"
    if not shutil.which("apt-get"):
        raise NoEngineError(problem)
    print(f"installing {', '.join(sorted(set(missing)))}", flush=True)
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], install):
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if ran.returncode:
            last = (ran.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise NoEngineError(f"{problem}, and the installation failed: {last}")


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
                    start_new_session=True,  # Ctrl-C reaches only this process
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
        raise NoEngineError(f"the Docker Engine did not start: {last}")
    finally:
        os.environ.pop("DOCKER_HOST")
        if before is not None:
            os.environ["DOCKER_HOST"] = before


def _search_paths(folder: Path) -> Iterator[str]:
    """Yield PATH as it is, then one in which iptables is the legacy variant."""
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
    """Undo the changes to this machine's network that an engine leaves behind."""
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
