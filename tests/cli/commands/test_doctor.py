"""`dartboard doctor`: its output and its exit code."""

from pathlib import Path

import pytest

from cli.commands.doctor import examine
from cli.local.checks import CHECKS, Target
from master.service.settings import ServiceSettings
from tests.cli.test_main import dartboard


@pytest.mark.slow
def test_a_machine_that_is_ready_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    assert examine(Target(store=url, settings=ServiceSettings(), engine="torch")) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert list(dict.fromkeys(name for _, name, _ in lines)) == list(CHECKS)


@pytest.mark.slow
def test_the_exit_code_is_1_if_a_check_fails(tmp_path: Path) -> None:
    shown = dartboard(
        "doctor", "--engine", "torch", "--device", "cuda:7", "--host", "0.0.0.0", cwd=tmp_path
    )
    assert shown.returncode == 1
    assert "no device 'cuda:7' here" in shown.stdout
    assert list(tmp_path.iterdir()) == []
