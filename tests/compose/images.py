"""The images that ours are built on, and ours."""

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.compose.project import Project, run

HERE = Path(__file__).parent
BASE, POSTGRES = "python:3.11-slim-bookworm", "postgres:17-bookworm"


def have_base() -> None:
    """Have the official image of Python, or make a stand-in where no registry answers."""
    _have(BASE, lambda: run("bash", str(HERE / "make-base-image.sh"), BASE))


def have_postgres() -> None:
    """Have the official image of PostgreSQL, or make a stand-in of Debian's."""
    _have(POSTGRES, lambda: run("docker", "build", "--tag", POSTGRES, str(HERE / "postgres")))


def build(project: Project) -> dict[str, str]:
    """Build our image; returns what it took, cold, warm and after a change of the code."""
    figures = {
        "build, cold": _seconds(project, "--no-cache", "master"),
        "build, warm": _seconds(project, "master"),
    }
    module = project.folder / "cli" / "words.py"
    text = module.read_text()
    module.write_text(f"{text}# changed\n")
    figures["build, after a change of the code"] = _seconds(project, "master")
    module.write_text(text)
    project.compose("build")
    size = int(run("docker", "image", "inspect", "--format", "{{.Size}}", "dartboard:cpu"))
    base = int(run("docker", "image", "inspect", "--format", "{{.Size}}", BASE))
    figures["image dartboard:cpu"] = f"{size / 1e9:.2f} GB, {base / 1e9:.2f} GB of them its base"
    return figures


def _seconds(project: Project, *what: str) -> str:
    began = time.monotonic()
    project.compose("build", *what)
    return f"{time.monotonic() - began:.1f} s"


def _have(image: str, make: Callable[[], object]) -> None:
    inspected = subprocess.run(
        ["docker", "image", "inspect", image], capture_output=True, check=False
    )
    if inspected.returncode == 0:
        return
    pulled = subprocess.run(
        ["docker", "pull", "--quiet", image], capture_output=True, text=True, check=False
    )
    if pulled.returncode:
        reason = re.sub(r"\s+", " ", pulled.stderr).strip()
        print(f"{image} cannot be pulled ({reason}): making a stand-in", flush=True)
        make()
