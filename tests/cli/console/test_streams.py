"""Standard streams on a full disk, closed, or with a small set of characters."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from configspace.python_path import ROOT, python_command

COMMAND = [*python_command("cli.main")]
FULL = Path("/dev/full")
PROGRAM = "\n".join(
    [
        "import os, sys",
        "from cli.console.streams import prepare_streams",
        "prepare_streams()",
        "{code}",
    ]
)

needs_full_device = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")


def shell(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script of a shell in which $D is the command."""
    return subprocess.run(
        ["sh", "-c", script.replace("$D", " ".join(COMMAND))],
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def program(code: str, redirected: str) -> subprocess.CompletedProcess[str]:
    """Run Python code after `prepare_streams`, with redirected streams."""
    return subprocess.run(
        [
            "sh",
            "-c",
            f'exec "$0" "$@" {redirected}',
            sys.executable,
            "-c",
            PROGRAM.format(code=code),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("redirected", "reason"),
    [
        pytest.param(">/dev/full", "No space left on device", marks=needs_full_device),
        (">&-", "it is closed"),
    ],
)
def test_output_that_cannot_be_written_is_one_line(
    redirected: str, reason: str, tmp_path: Path
) -> None:
    ran = shell(f"$D --version {redirected}", tmp_path)
    assert ran.returncode == 1
    assert ran.stderr == f"dartboard: cannot write to standard output: {reason}\n"


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    ran = shell("{ $D --help; echo $? >&2; } | true", tmp_path)
    assert ran.stderr in ("0\n", "1\n")


@pytest.mark.parametrize(
    "redirected", ["2>&-", "2>&- >&- <&-", pytest.param("2>/dev/full", marks=needs_full_device)]
)
def test_standard_error_that_cannot_be_written_is_ignored(redirected: str) -> None:
    code = "print('x', file=sys.stderr); sys.exit(3)"
    assert program(code, redirected).returncode == 3


def test_no_file_gets_the_number_of_a_closed_stream() -> None:
    code = "sys.exit(os.open(os.devnull, os.O_RDWR))"
    assert program(code, "<&- >&- 2>&-").returncode == 3


def test_an_error_shows_other_characters_as_codes(tmp_path: Path) -> None:
    ran = shell("$D no·such", tmp_path, PYTHONIOENCODING="ascii")
    assert (ran.returncode, ran.stderr.count("no\\xb7such")) == (2, 1)


def test_output_replaces_what_the_encoding_misses() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(code="print('a' + chr(183))")],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "a?\n")


@pytest.mark.parametrize("columns", ["0", "", "99999999999", "9" * 5000, "-5", "wide"])
def test_an_impossible_width_is_unknown(columns: str, tmp_path: Path) -> None:
    assert "findings" in shell("$D --help", tmp_path, COLUMNS=columns).stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["status", "credentials list", "run a.toml", "export x -o x.csv"]
)
def test_a_removed_folder_is_one_line(command: str, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    start = f'{sys.executable} -P -c "from dartboard_start import main; main()"'
    ran = shell(f"cd gone && rmdir ../gone && {start} {command}", tmp_path, PYTHONPATH=ROOT)
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stderr.endswith("the current folder has been removed; change to another one\n")
