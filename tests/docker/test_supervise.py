"""docker/supervise.sh runs a killed command again, and leaves other ends alone."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

SCRIPT = str(ROOT / "docker" / "supervise.sh")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which `sleep` does not wait."""
    (tmp_path / "sleep").write_text("#!/bin/sh\n")
    (tmp_path / "sleep").chmod(0o755)
    return os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}


def runs(environment: dict[str, str], folder: Path, *ends: str, code: str = "") -> tuple[int, int]:
    """Supervise a command that ends in these ways, one after the other.

    Returns:
        The final status, and how often the command ran.
    """
    count = folder / "count"
    cases = "".join(f"{number}) {end} ;; " for number, end in enumerate(ends, start=1))
    command = f'echo >> {count}; case "$(wc -l < {count})" in {cases}*) {ends[-1]} ;; esac'
    ran = subprocess.run(
        ["bash", SCRIPT, code, "sh", "-c", command],
        env=environment,
        capture_output=True,
        check=False,
    )
    return ran.returncode, len(count.read_text().splitlines())


@pytest.mark.parametrize("status", [0, 1, 2, 130])
def test_its_own_status_is_final(environment: dict[str, str], tmp_path: Path, status: int) -> None:
    assert runs(environment, tmp_path, f"exit {status}") == (status, 1)


@pytest.mark.parametrize("name", ["KILL", "SEGV", "ABRT"])
def test_a_killed_command_runs_again(
    environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    assert runs(environment, tmp_path, f"kill -{name} $$", "exit 2") == (2, 2)


def test_a_given_status_runs_again(environment: dict[str, str], tmp_path: Path) -> None:
    assert runs(environment, tmp_path, "exit 1", "exit 1", "exit 2", code="1") == (2, 3)


def test_five_quick_kills_are_final(environment: dict[str, str], tmp_path: Path) -> None:
    assert runs(environment, tmp_path, "kill -KILL $$") == (128 + signal.SIGKILL, 5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_the_command(number: signal.Signals) -> None:
    command = "trap 'exit 7' TERM INT; echo ready; while :; do sleep 0.01; done"
    # A shell cannot trap what its parent ignores, and tests in the background ignore SIGINT.
    before = signal.signal(number, signal.SIG_DFL)
    try:
        supervisor = subprocess.Popen(
            ["bash", SCRIPT, "7", "sh", "-c", command], stdout=subprocess.PIPE
        )
    finally:
        signal.signal(number, before)
    with supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == b"ready\n"
        supervisor.send_signal(number)
        assert supervisor.wait(600) == 7
