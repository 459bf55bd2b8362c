"""The command's surface: quick to start, and one clear line on bad input."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = (
    "run",
    "master",
    "worker",
    "status",
    "export",
    "compare",
    "delete",
    "doctor",
    "table",
    "plot",
    "findings",
)


def dartboard(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "COLUMNS": "100"},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    shown = dartboard(command, "--help")

    assert shown.returncode == 0
    assert f"Example: dartboard {command}" in shown.stdout


def test_help_imports_neither_torch_nor_pandas_nor_matplotlib() -> None:
    probe = (
        "import sys; sys.argv = ['dartboard', '--help']\n"
        "from cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = ('torch', 'pandas', 'matplotlib', 'numba')\n"
        "print([name for name in heavy if name in sys.modules])"
    )

    shown = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, cwd=ROOT, check=True
    )

    assert shown.stdout.rstrip().endswith("[]")


def test_help_takes_at_most_three_starts_of_python() -> None:
    # A ratio, since the machine may be busy: a bare start takes about 0.05 s, help 0.17 s.
    def best(*command: str) -> float:
        times = []
        for _ in range(5):
            began = time.perf_counter()
            subprocess.run([sys.executable, *command], capture_output=True, cwd=ROOT, check=True)
            times.append(time.perf_counter() - began)
        return min(times)

    bare = best("-c", "import typing, dataclasses, pathlib, json, argparse")

    assert best("-m", "cli.main", "--help") < max(0.5, 6 * bare)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("run",), "Missing argument 'STUDY.toml'"),
        (("run", "x.toml", "--fast"), "No such option: --fast"),
        (("fly",), "No such command 'fly'"),
        (("run", "nowhere.toml"), "cannot read study file 'nowhere.toml': No such file"),
        (("export", "x", "--what", "dreams"), "--what"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(
    arguments: tuple[str, ...], complaint: str, tmp_path: Path
) -> None:
    shown = dartboard(*arguments, cwd=tmp_path)

    assert shown.returncode == 2
    assert complaint in shown.stderr
    assert len(shown.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
