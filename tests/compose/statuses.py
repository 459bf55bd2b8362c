"""How Compose and the master end: done, failed, killed, and started again."""

import os
import shutil
import signal
import time
from functools import partial

from tests.compose.damage import wait_for_progress
from tests.compose.project import FAR, STUDIES, Project, run

MISSING = "studies/missing.toml"


def run_to_each_end(project: Project) -> dict[str, str]:
    """End a study in each way; the store has both studies, and everything is done."""
    began = time.monotonic()
    assert _up(project) == 0, "a finished study did not end with 0"
    _check_ends(project, master=0)

    assert _up(project, DARTBOARD_STUDY=MISSING) != 0, "a missing study ended with 0"
    _wait_until_stopped(project)
    _check_ends(project, master=2)
    assert _up(project) == 0, "a failure was remembered after it was repaired"

    project.clear()
    shutil.rmtree(project.folder / "exports")
    project.set(DARTBOARD_STUDY=f"studies/{STUDIES[0]}.toml")
    project.up(2)
    _check_owner(project)
    master = project.container("master")
    for kills, victim in enumerate((_python, _container), start=1):
        project.wait(project.finished, "evaluation")
        os.kill(victim(project, master), signal.SIGKILL)
        # Lines from before the kill may still arrive in the log, and are no progress.
        project.wait(partial(_has_resumed, project, master, kills), "start after a kill")
        wait_for_progress(project)
    blocked = project.folder / "exports" / f"{STUDIES[0]}-incumbents.csv"
    blocked.mkdir()  # the check before the study has passed
    ended = run("docker", "wait", master).strip()
    assert ended == "2", (ended, project.tail())
    _wait_until_stopped(project)
    _check_ends(project, master=2)
    log = project.logs(master)
    assert _has_resumed(project, master, 2), log
    assert "it is a folder" in log or "Is a directory" in log, log
    blocked.rmdir()
    assert _up(project) == 0, "a repaired export did not end with 0"
    project.set(DARTBOARD_STUDY=" ".join(f"studies/{name}.toml" for name in STUDIES))
    return {"ends of a study": f"{time.monotonic() - began:.1f} s"}


def _up(project: Project, **variables: str) -> int:
    """Run `up` in the foreground until it ends; return its status."""
    return project.status("up", "--scale", "worker=2", more=variables)


def _wait_until_stopped(project: Project) -> None:
    project.wait(
        lambda: not any(project.containers(one, all=False) for one in ("master", "worker")), "end"
    )


def _check_ends(project: Project, *, master: int) -> None:
    found = [project.state(one)["ExitCode"] for one in project.containers("worker")]
    assert set(found) <= {0}, (found, project.tail())
    ended = project.state(project.container("master"))["ExitCode"]
    assert ended == master, (ended, project.tail())


def _check_owner(project: Project) -> None:
    """Check that the folder, which Docker made as root, belongs to the checkout's owner."""
    owners = [(project.folder / name).stat().st_uid for name in ("exports", "studies")]
    assert owners[0] == owners[1], owners


def _has_resumed(project: Project, master: str, times: int) -> bool:
    """Return whether a master has resumed studies of the store this many times."""
    return project.logs(master).count("resuming after") == times


def _python(project: Project, master: str) -> int:
    """Return the process of `dartboard master`."""
    listed = run("docker", "top", master, "-eo", "pid,args").splitlines()
    (found,) = (line for line in listed if "bin/dartboard master" in line)
    return int(found.split()[0])


def _container(project: Project, master: str) -> int:
    """Return the first process of the container."""
    return int(project.state(master)["Pid"])


def check_a_misspelt_path(project: Project) -> None:
    """Check that a file of credentials that does not exist is an error, and makes no folder."""
    said = project.shell(
        "DARTBOARD_MASTER=desk:9090 DARTBOARD_CREDENTIALS=./misspelt.pem "
        f"docker compose -p {FAR} -f docker-compose.worker.yml up 2>&1 || true"
    )
    assert "bind source path does not exist" in said, said
    assert not (project.folder / "misspelt.pem").exists()
