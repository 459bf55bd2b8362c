"""The benchmarks' command lines, run as a user runs them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def printed(script: str, options: str) -> str:
    """Return what a benchmark prints."""
    command = [sys.executable, "-m", f"benchmarks.{script}", *options.split()]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def rows(script: str, options: str) -> list[dict[str, Any]]:
    """Return the rows of ``--json -``, which prints nothing else."""
    found: list[dict[str, Any]] = json.loads(printed(script, f"{options} --json -"))
    return found
