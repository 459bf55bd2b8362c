"""Every command for Compose that a page shows is run by `make test-compose`."""

from tests.compose.pages import NEEDS_GPU, STEPS, shown
from tests.docs.pages import PAGES


def test_shown_commands_are_run() -> None:
    known = {*STEPS, *NEEDS_GPU}
    found = {command for page in PAGES for command in shown(page)}
    assert {command for command in found if command not in known} == set()


def test_commands_that_are_run_are_shown() -> None:
    found = {command for page in PAGES for command in shown(page)}
    run = {step for step in STEPS if not step.startswith("wait: ")}
    assert run | set(NEEDS_GPU) <= found
