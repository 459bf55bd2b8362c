"""A copy of the checkout with its Compose services, and queries to them."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parents[2]
STUDIES = ("compose-one-shot", "compose-final")
NAME = "dartboard-test"
FAR = "dartboard-test-far"
"""Names of Compose projects; the names of their containers and volumes begin with them."""
PATIENCE = 900.0
"""Seconds that any step may take on a busy machine."""

Answer = TypeVar("Answer")


class Project:
    """A checkout as `git clone` leaves it, and a Compose project in it."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self.folder = folder
        self._command = command
        self._environment = {
            "DARTBOARD_STUDY": " ".join(f"studies/{name}.toml" for name in STUDIES),
            "DARTBOARD_OPTIONS": "--trials 4",
        }
        self.files = ["docker-compose.yml"]

    def set(self, **variables: str) -> None:
        """Set environment variables for later Compose commands."""
        self._environment |= variables

    def compose(
        self,
        *arguments: str,
        files: list[str] | None = None,
        name: str = NAME,
        command: list[str] | None = None,
    ) -> str:
        """Run a Compose command in the checkout; return its output.

        Args:
            arguments: Arguments of the command.
            files: Compose files; by default `self.files`.
            name: Name of the Compose project.
            command: Command of Compose; by default this project's.
        """
        chosen = [option for file in files or self.files for option in ("--file", file)]
        full = [*(command or self._command), "--project-name", name, *chosen, *arguments]
        return run(*full, folder=self.folder, more=self._environment)

    def status(self, *arguments: str, more: dict[str, str]) -> int:
        """Run a Compose command in the checkout; return its exit status."""
        chosen = [option for file in self.files for option in ("--file", file)]
        full = [*self._command, "--project-name", NAME, *chosen, *arguments]
        ran = subprocess.run(
            full,
            cwd=self.folder,
            env=os.environ | self._environment | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return ran.returncode

    def use(self, command: list[str]) -> None:
        """Use another Compose for later commands."""
        self._command = command

    def shell(self, command: str) -> str:
        """Run a command as a user types it in the checkout; return its output."""
        typed = command.replace("docker compose", " ".join(self._command))
        # Only the name of the project: the variables of the environment would hide those of .env.
        return run("bash", "-c", typed, folder=self.folder, more={"COMPOSE_PROJECT_NAME": NAME})

    def fails(self, *arguments: str) -> str:
        """Run a Docker command that must fail; return its output."""
        ran = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
        assert ran.returncode, f"docker {' '.join(arguments)} did not fail: {ran.stdout}"
        return ran.stdout + ran.stderr

    def up(self, workers: int, *options: str) -> None:
        """Start all services in the background."""
        self.compose(*options, "up", "-d", "--scale", f"worker={workers}")

    def containers(self, service: str, *, all: bool = True) -> list[str]:
        """Return the containers of a service; those that ended for good count if ``all``."""
        states = [] if all else ["--filter=status=running", "--filter=status=restarting"]
        labels = {"project": NAME, "service": service, "oneoff": "False"}
        filters = [f"--filter=label=com.docker.compose.{key}={labels[key]}" for key in labels]
        return run("docker", "ps", "--all", "--quiet", *states, *filters).split()

    def container(self, service: str) -> str:
        """Return the only container of a service."""
        (found,) = self.containers(service)
        return found

    def logs(self, container: str) -> str:
        """Return the complete log of a container, over all its starts."""
        ran = subprocess.run(["docker", "logs", container], capture_output=True, check=True)
        return (ran.stdout + ran.stderr).decode()

    def state(self, container: str) -> dict[str, Any]:
        """Return a container's state as Docker reports it."""
        return dict(self._inspected(container)["State"])

    def mounts(self, container: str) -> list[dict[str, Any]]:
        """Return the mounts of a container."""
        return list(self._inspected(container)["Mounts"])

    def finished(self) -> int:
        """Return how many evaluations the master's container has recorded."""
        return self.logs(self.container("master")).count(" finished on worker ")

    def evaluations(self) -> list[dict[str, Any]]:
        """Return the evaluations of both studies, including the re-runs for their comparison."""
        text = self.compose(
            *("run", "--rm", "-T", "--no-deps", "master"),
            *("dartboard", "export", *STUDIES, "--what", "evaluations", "--format", "json"),
        )
        rows: list[dict[str, Any]] = json.loads(text[text.index("[") :])
        return rows

    def wait(self, condition: Callable[[], Answer], what: str, seconds: float = PATIENCE) -> Answer:
        """Wait until a condition holds, and return what it returned."""
        deadline = time.monotonic() + seconds
        while not (answer := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"no {what} within {seconds:g} s\n{self.tail()}")
            time.sleep(0.2)
        return answer

    def wait_for_the_end(self) -> None:
        """Wait until the master and the workers exit, and check that their status is 0."""
        services = ("master", "worker")
        self.wait(
            lambda: not any(self.containers(service, all=False) for service in services), "end"
        )
        for service in services:
            for container in self.containers(service):
                status = self.state(container)["ExitCode"]
                assert status == 0, f"a {service} exited with status {status}\n{self.tail()}"

    def tail(self) -> str:
        """Return the last lines of every container."""
        return "\n".join(
            f"--- {service}\n" + "\n".join(self.logs(container).splitlines()[-25:])
            for service in ("prepare", "master", "worker", "postgres")
            for container in self.containers(service)
        )

    def clear(self) -> None:
        """Remove the containers and their results; the compiled kernels stay."""
        self.compose("--profile", "postgres", "down")
        run("docker", "volume", "rm", "--force", f"{NAME}_store")
        for path in (self.folder / "exports").glob("*"):
            path.unlink()

    def remove(self) -> None:
        """Remove everything that Compose created."""
        down = ("down", "--volumes", "--remove-orphans")
        # The far worker first: it shares the volume of compiled kernels.
        self.compose(*down, files=["docker-compose.worker.yml"], name=FAR)
        self.compose("--profile", "postgres", *down, files=["docker-compose.yml"])

    def _inspected(self, container: str) -> dict[str, Any]:
        return dict(json.loads(run("docker", "inspect", container))[0])


@contextmanager
def project(command: list[str]) -> Iterator[Project]:
    """Copy the checkout; remove the copy and its services at the end."""
    folder = Path(tempfile.mkdtemp(prefix="dartboard-compose-"))
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder=ROOT)
    try:
        for name in listed.rstrip("\0").split("\0"):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        for name in STUDIES:
            shutil.copy(Path(__file__).parent / "studies" / f"{name}.toml", folder / "studies")
        folder.chmod(0o755)
        made = Project(folder, command)
        try:
            yield made
        finally:
            made.remove()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(*command: str, folder: Path | None = None, more: dict[str, str] | None = None) -> str:
    """Run a command; return its standard output.

    Raises:
        AssertionError: If it fails; the message has the end of its output.
    """
    ran = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | (more or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    last = "\n".join((ran.stdout + ran.stderr).splitlines()[-40:])
    assert not ran.returncode, f"{' '.join(command)}: status {ran.returncode}\n{last}"
    return ran.stdout
