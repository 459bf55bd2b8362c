"""Run the benchmarks from their command lines, as a user does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def printed(script: str, options: str) -> str:
    """Return what a benchmark prints."""
    command = [sys.executable, "-m", f"benchmarks.{script}", *options.split()]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def rows(script: str, options: str) -> list[dict[str, Any]]:
    """Return the rows that ``--json -`` prints."""
    found: list[dict[str, Any]] = json.loads(printed(script, f"{options} --json -"))
    return found
