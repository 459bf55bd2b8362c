"""Runs the same studies with their store in PostgreSQL."""

import time
from typing import Any

from tests.compose.damage import check_evaluations
from tests.compose.project import STUDIES, Project

URL = "postgresql://dartboard:dartboard@postgres/dartboard"


def run_into_postgresql(project: Project, undisturbed: list[dict[str, Any]]) -> dict[str, str]:
    """Run both studies with the profile `postgres`, and read them from the master's container."""
    began = time.monotonic()
    project.set(DARTBOARD_STORE=URL)
    project.up(2, "--profile", "postgres")
    project.wait(project.finished, "first evaluation")
    exported = project.compose(
        *("exec", "-T", "master", "dartboard", "export", STUDIES[0], "--what", "evaluations")
    )
    assert exported.startswith("study,"), exported
    project.wait_for_the_end()
    check_evaluations(project, undisturbed)
    return {"studies with PostgreSQL": f"{time.monotonic() - began:.1f} s"}
