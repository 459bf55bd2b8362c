"""The image of dartboard, and the images that it is built on."""

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.compose.project import Project, run

HERE = Path(__file__).parent
BASE, POSTGRES = "python:3.11-slim-bookworm", "postgres:17-bookworm"


def have_base() -> None:
    """Pull the official image of Python; if no registry answers, build a stand-in."""
    _have(BASE, lambda: run("bash", str(HERE / "make-base-image.sh"), BASE))


def have_postgres() -> None:
    """Pull the official image of PostgreSQL; if no registry answers, build a stand-in."""
    _have(POSTGRES, lambda: run("docker", "build", "--tag", POSTGRES, str(HERE / "postgres")))


def build(project: Project) -> dict[str, str]:
    """Build the image; return the times without a cache, with it, and after a code change."""
    figures = {
        "build, without a cache": _seconds(project, "--no-cache"),
        "build, with a cache": _seconds(project),
    }
    module = project.folder / "cli" / "console" / "words.py"
    text = module.read_text()
    module.write_text(f"{text}# changed\n")
    figures["build, after a code change"] = _seconds(project)
    module.write_text(text)
    project.compose("build")
    size = int(run("docker", "image", "inspect", "--format", "{{.Size}}", "dartboard:cpu"))
    base = int(run("docker", "image", "inspect", "--format", "{{.Size}}", BASE))
    figures["image dartboard:cpu"] = (
        f"{size / 1e9:.2f} GB, of which {base / 1e9:.2f} GB are its base"
    )
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
        print(f"{image} cannot be pulled ({reason}): building a stand-in", flush=True)
        make()
