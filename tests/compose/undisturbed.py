"""Runs both studies without damage."""

import time
from datetime import datetime
from typing import Any

from tests.compose.project import STUDIES, Project, run


def run_undisturbed(project: Project) -> dict[str, str]:
    """Check the results of a first `docker compose up`; return the times that it took."""
    began = time.monotonic()
    project.up(2)
    figures = {"up, first, until the master is healthy": _seconds_to_health(project)}
    project.wait(project.finished, "first evaluation")
    figures["up, first, to the first evaluation (includes compiling the kernels)"] = _since(began)
    for service in ("master", "worker"):
        for container in project.containers(service):
            user = run("docker", "exec", container, "id", "--user").strip()
            assert user == "1000", f"{service} runs as user {user}"
    _check_where_the_keys_are(project)
    status = project.compose("exec", "-T", "master", "dartboard", "status")
    assert "running" in status, status
    project.wait_for_the_end()
    figures["up, first, until both studies and their comparison are done"] = _since(began)

    stem, incumbents = "-against-".join(STUDIES), f"{'-and-'.join(STUDIES)}-incumbents"
    expected = {f"{incumbents}.csv", f"{incumbents}.md"}
    expected |= {f"{stem}{suffix}" for suffix in (".html", ".md", ".png", ".pdf")}
    found = {path.name for path in (project.folder / "exports").iterdir()}
    assert expected <= found, f"expected {expected} in exports, got {found}"
    table = (project.folder / "exports" / f"{incumbents}.md").read_text()
    assert all(name in table for name in STUDIES), table
    return figures


def _seconds_to_health(project: Project) -> str:
    """Return the time from the master's start until it is healthy, as Docker records them."""
    state = project.wait(lambda: _healthy(project), "healthy master")
    checks = [check for check in state["Health"]["Log"] if check["ExitCode"] == 0]
    started, healthy = (
        datetime.fromisoformat(text) for text in (state["StartedAt"], checks[0]["End"])
    )
    return f"{(healthy - started).total_seconds():.1f} s"


def _healthy(project: Project) -> dict[str, Any]:
    state = project.state(project.container("master"))
    return state if state["Health"]["Status"] == "healthy" else {}


def _check_where_the_keys_are(project: Project) -> None:
    master, worker = project.container("master"), project.containers("worker")[0]
    run("docker", "exec", master, "test", "-s", "credentials/authority.key")
    assert not run("docker", "exec", worker, "ls", "-A", "credentials")
    mounted = {mount["Destination"]: mount["RW"] for mount in project.mounts(worker)}
    kernels = "/home/dartboard/.cache/dartboard"
    assert mounted == {"/worker": False, "/state": False, kernels: True}, mounted


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"
