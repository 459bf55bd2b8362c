"""The `dartboard` app: help, version, lazy imports, and errors of one line."""

import re
import resource
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from cli import main
from cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "pandas", "matplotlib", "numba", "sqlalchemy", "Pyro4")


def dartboard(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "COLUMNS": "100"},
        timeout=120,
        check=False,
    )


def imported(*arguments: str) -> set[str]:
    """Return the modules that a process has imported once a command has ended."""
    probe = (
        f"import sys; sys.argv = ['dartboard', *{arguments!r}]\n"
        "from cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(); print(*sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return set(shown.stdout.splitlines()[-1].split())


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    shown = dartboard(command, "--help")

    assert shown.returncode == 0
    assert f"Example: dartboard {command}" in shown.stdout


def test_every_command_is_listed() -> None:
    shown = dartboard("--help").stdout
    listed = [line.split()[1] for line in shown.splitlines() if re.match(r"│ [a-z]", line)]
    assert listed == list(COMMANDS)


@pytest.mark.slow
@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_help_imports_no_heavy_library(command: tuple[str, ...]) -> None:
    assert not imported(*command, "--help") & set(HEAVY)


def test_only_the_module_of_the_command_is_imported() -> None:
    modules = {name for name in imported("delete", "--help") if name.startswith("cli.commands.")}
    assert modules == {"cli.commands.delete"}


def test_the_version_is_shown() -> None:
    shown = dartboard("--version")
    assert (shown.returncode, shown.stdout) == (0, f"dartboard {version('dartboard')}\n")


@pytest.mark.slow
def test_help_is_quick() -> None:
    # A ratio of CPU times, because the machine may be busy: on an idle one a bare start takes about
    # 0.05 s, and help 0.17 s.
    def best(*command: str) -> float:
        times = []
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, *command], capture_output=True, cwd=ROOT, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return min(times)

    bare = best("-c", "import typing, dataclasses, pathlib, json, argparse")

    assert best("-m", "cli.main", "--help") < 8 * bare


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run",), "Missing argument 'STUDY.toml'"),
        (("run", "x.toml", "--fast"), "No such option: --fast"),
        (("fly",), "No such command 'fly'"),
        (("rum",), "Did you mean 'run'? See "),
        (("run", "nowhere.toml"), "cannot read study file 'nowhere.toml': No such file"),
        (("campaign", "x.toml", "--seeds", "0"), "greater than or equal to 1, got '0'. See "),
        (("campaign", "x.toml", "--seeds", "9e9"), "parse string as an integer, got '9e9'. See "),
        (("master", "x.toml", "--port", "70000"), "'--port': Input should be less than or equal"),
        (("master", "x.toml", "--port", "9" * 999), "got '999999999999...9999999999999'. See "),
        (("master", "x.toml", "--lease", "inf"), "less than or equal to 1000000, got 'inf'. See "),
        (("master", "x.toml", "--heartbeat", "nan"), "got 'nan', which is not a number. See "),
        (("worker", "x:1", "--idle-limit", "inf"), "equal to 1000000000, got 'inf'. See "),
        (("table", "1", "--failed-below", "-NaN"), "got '-NaN', which is not a number. See "),
        (("table", "1", "--failed-below", "-inf"), "equal to -1000, got '-inf'. See "),
        (("export", "x", "-o", ""), "'--output' / '-o': expected a path, got ''. See "),
        (("export", "x", "--what", "dreams"), "Invalid value for '--what': 'dreams' is not one of"),
    ],
)
def test_bad_input_is_one_line_with_code_2(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    shown = dartboard(*arguments, cwd=tmp_path)

    assert shown.returncode == 2
    assert message in shown.stderr
    assert len(shown.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(12, "Cannot allocate memory"),
        ImportError("sparse.so: failed to map segment from shared object"),
        ImportError("libgomp.so: cannot allocate memory in static TLS block"),
        RuntimeError("can't start new thread"),
    ],
    ids=str,
)
def test_a_shortage_is_no_bug(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise error

    monkeypatch.setattr(main, "app", fail)
    assert main._status() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("dartboard: not enough memory or threads")
    assert "ulimit -v" in line
