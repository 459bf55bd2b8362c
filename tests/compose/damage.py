"""Kills and stops services: no finished evaluation is lost, and none runs twice."""

import re
import time
from collections import Counter
from typing import Any

from tests.compose.project import Project, run


def run_damaged(project: Project, undisturbed: list[dict[str, Any]]) -> dict[str, str]:
    """Kill a worker during a job, then the master, then stop and start all services.

    Args:
        project: The services; the store is empty, and the kernels are compiled.
        undisturbed: The evaluations of an undisturbed run.
    """
    began = time.monotonic()
    project.up(2)
    project.wait(project.finished, "first evaluation")
    first = time.monotonic() - began

    victim = project.wait(lambda: _busy(project), "worker with a job")
    run("docker", "kill", victim)
    project.up(2)
    wait_for_progress(project)

    run("docker", "kill", project.container("master"))
    project.up(2)
    wait_for_progress(project)

    project.wait(lambda: _busy(project), "worker with a job")
    project.compose("stop")
    for service in ("master", "worker"):
        assert not project.containers(service, all=False), f"a {service} did not stop"
    project.compose("start")
    wait_for_progress(project)

    project.wait_for_the_end()
    check_evaluations(project, undisturbed)
    log = project.logs(project.container("master"))
    assert "resuming after" in log, log
    return {
        "up again, to the first evaluation (kernels compiled before)": f"{first:.1f} s",
        "studies with three interruptions": f"{time.monotonic() - began:.1f} s",
    }


def check_evaluations(project: Project, undisturbed: list[dict[str, Any]]) -> None:
    """Check that as many evaluations finished as in an undisturbed run, and none twice."""
    found = project.evaluations()
    assert {row["state"] for row in found} == {"finished"}, found
    keys = ("study", "purpose", "configuration", "epochs", "part")
    names = [tuple(row[key] for key in keys) for row in found]
    assert len(names) == len(set(names)), names
    assert _plan(found) == _plan(undisturbed), (_plan(found), _plan(undisturbed))
    log = project.logs(project.container("master"))
    ends = Counter(re.findall(r"INFO study (\S+): (.*) finished on worker", log))
    twice = [name for name, count in ends.items() if count > 1]
    assert not twice, f"recorded twice: {twice}"


def _plan(rows: list[dict[str, Any]]) -> Counter[tuple[str, str, int]]:
    return Counter((row["study"], row["purpose"], row["epochs"]) for row in rows)


def _busy(project: Project) -> str:
    """Return a running worker whose last log line begins a job; empty if no worker has one."""
    for worker in project.containers("worker", all=False):
        if " begins on worker " in "".join(project.logs(worker).splitlines()[-1:]):
            return worker
    return ""


def wait_for_progress(project: Project) -> None:
    """Wait until one more evaluation has finished."""
    before = project.finished()
    project.wait(lambda: project.finished() > before, "evaluation after the interruption")
