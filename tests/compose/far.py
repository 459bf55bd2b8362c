"""A worker as on another machine: behind NAT, it reaches only one published port.

    worker ── 192.168.77.0/24 ── router, which masquerades ── 10.215.0.0/30 ── this machine

The worker uses the network namespace of a container that has no other network; the router is a
namespace, too.
"""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.compose.damage import check_evaluations
from tests.compose.project import FAR, NAME, Project, run

ROUTER, SPACE = "dartboard-router", "dartboard-box"
HOST, PORT = "10.215.0.1", "19090"
BOX = "dartboard-test-box"
KERNELS = f"{NAME}_kernels"
LEASE_SECONDS = 30.0
FILES = ["docker-compose.yml", "docker-compose.published.yml"]
FAR_FILES = ["docker-compose.worker.yml", "behind-nat.yml"]
OVERRIDE = f"""
services:
  remote-worker:
    network_mode: "container:{BOX}"
volumes:
  kernels:
    external: true
    name: {KERNELS}
"""
"""Puts the worker behind NAT, and gives it the compiled kernels."""


def run_with_a_far_worker(project: Project, undisturbed: list[dict[str, Any]]) -> dict[str, str]:
    """Run a worker behind NAT, and take its link down for longer than its lease."""
    began = time.monotonic()
    project.files = FILES
    project.set(DARTBOARD_HOST=HOST, DARTBOARD_PORT=PORT)
    (project.folder / "behind-nat.yml").write_text(OVERRIDE)
    project.up(1)
    with _network():
        project.wait(project.finished, "first evaluation")
        project.compose("stop", "worker")  # so that the other jobs wait for the far worker
        _check_refusals(project)
        far = _far_worker(project)
        project.wait(lambda: _share(project), "evaluation by the far worker")
        project.wait(lambda: _is_busy(project, far), "job of the far worker")
        _link("down")
        time.sleep(LEASE_SECONDS + 5)
        assert "worker gpu-box stopped responding" in project.logs(project.container("master"))
        _link("up")
        before = _share(project)
        project.wait(lambda: _share(project) > before, "far evaluation after the link came back")
        project.compose("start", "worker")
        project.wait_for_the_end()
        project.wait(lambda: not project.state(far)["Running"], "end of the far worker")
    check_evaluations(project, undisturbed)
    share = _share(project)
    project.files = ["docker-compose.yml"]
    seconds = time.monotonic() - began
    return {"studies with a far worker": f"{seconds:.1f} s, {share} evaluations on it"}


def _check_refusals(project: Project) -> None:
    """Check that workers without credentials, with revoked ones, or of another version fail."""
    command = ("dartboard", "worker", f"{HOST}:{PORT}", "--idle-limit", "30")
    kernels = ("--volume", f"{KERNELS}:/home/dartboard/.cache/dartboard")
    bare = ("run", "--rm", "--network", f"container:{BOX}", *kernels)
    said = project.fails(*bare, "dartboard:cpu", *command)
    assert "it needs --credentials FILE" in said, said

    lost = _issue(project, "lost")
    project.compose("exec", "-T", "master", "dartboard", "credentials", "revoke", "lost")
    mounted = ("--volume", f"{lost}:/lost.pem:ro", "dartboard:cpu")
    said = project.fails(*bare, *mounted, *command, "--credentials", "/lost.pem")
    assert "the credentials of 'lost' are revoked" in said, said

    other = _issue(project, "other")
    changing = ("--user", "root", "--volume", f"{other}:/other.pem:ro", "dartboard:cpu")
    metadata = "/opt/venv/lib/*/site-packages/dartboard-*/METADATA"
    changed = f"sed -i 's/^Version: .*/Version: 9.9/' {metadata}"
    working = " ".join((*command, "--credentials", "/other.pem"))
    said = project.fails(*bare, *changing, "sh", "-c", f"{changed} && {working}")
    assert re.search(r"dartboard 9\.9 there.* install dartboard==\d\S+ on", said), said


def _far_worker(project: Project) -> str:
    """Start a worker by the Compose file for other machines; return its container."""
    credentials = _issue(project, "gpu-box")
    project.set(DARTBOARD_MASTER=f"{HOST}:{PORT}", DARTBOARD_CREDENTIALS=credentials)
    project.compose("up", "-d", files=FAR_FILES, name=FAR)
    return run("docker", "ps", "-q", f"--filter=label=com.docker.compose.project={FAR}").strip()


def _issue(project: Project, name: str) -> str:
    """Issue credentials; return the file's name."""
    file = project.folder / f"{name}.pem"
    issue = ("exec", "-T", "master", "dartboard", "credentials", "issue", name)
    file.write_text(project.compose(*issue))
    return str(file)


def _share(project: Project) -> int:
    """Return how many evaluations the far worker has finished."""
    return project.logs(project.container("master")).count(" finished on worker gpu-box")


def _is_busy(project: Project, far: str) -> bool:
    return " begins on worker " in project.logs(far).splitlines()[-1]


@contextmanager
def _network() -> Iterator[None]:
    _remove()
    run("docker", "run", "-d", "--name", BOX, "--hostname", "gpu-box", "--network", "none",
        "dartboard:cpu", "sleep", "infinity")  # fmt: skip
    try:
        pid = run("docker", "inspect", "--format", "{{.State.Pid}}", BOX).strip()
        _do(f"ip netns attach {SPACE} {pid}")
        _do(f"ip netns add {ROUTER}")
        _do(f"ip link add dart-near type veth peer name dart-up netns {ROUTER}")
        _do(f"ip addr add {HOST}/30 dev dart-near")
        _do("ip link set dart-near up")
        _do(f"ip -n {ROUTER} addr add 10.215.0.2/30 dev dart-up")
        _do(f"ip -n {ROUTER} link set dart-up up")
        _do(f"ip -n {ROUTER} link add dart-lan type veth peer name eth0 netns {SPACE}")
        _do(f"ip -n {ROUTER} addr add 192.168.77.1/24 dev dart-lan")
        _do(f"ip -n {ROUTER} link set dart-lan up")
        _do(f"ip -n {SPACE} addr add 192.168.77.2/24 dev eth0")
        _do(f"ip -n {SPACE} link set eth0 up")
        _do(f"ip -n {SPACE} route add default via 192.168.77.1")
        forward = "echo 1 > /proc/sys/net/ipv4/ip_forward"
        run("ip", "netns", "exec", ROUTER, "sh", "-c", forward)
        _do(f"ip netns exec {ROUTER} iptables -t nat -A POSTROUTING -o dart-up -j MASQUERADE")
        yield
    finally:
        _remove()


def _remove() -> None:
    for command in (
        f"docker rm --force {BOX}",
        "ip link del dart-near",
        f"ip netns del {ROUTER}",
        f"ip netns del {SPACE}",
    ):
        subprocess.run(command.split(), capture_output=True, check=False)


def _link(state: str) -> None:
    _do(f"ip link set dart-near {state}")


def _do(command: str) -> None:
    run(*command.split())
