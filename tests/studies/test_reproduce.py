"""`make reproduce` runs everything in `studies/paper` with arguments that the command accepts."""

import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import typer

from cli.main import app
from results.export import What

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
STAND_IN = f"""#!{sys.executable}
import os, sys
with open(os.environ["CALLS"], "a") as file:
    print(*sys.argv[1:], sep="\\t", file=file)
sys.exit(sys.argv[1] == os.environ.get("FAILS"))
"""
"""A command that records its arguments, and fails for one subcommand."""


def calls(folder: Path, fails: str = "") -> tuple[int, list[list[str]]]:
    """Run the script with the stand-in; return its exit status and the calls."""
    command, recorded = folder / "dartboard", folder / "calls"
    command.write_text(STAND_IN)
    command.chmod(0o755)
    ran = subprocess.run(
        [ROOT / "studies" / "paper" / "reproduce.sh"],
        env=os.environ
        | {"DARTBOARD": str(command), "OUT": str(folder / "out"), "CALLS": str(recorded)}
        | {"FAILS": fails, "STORE": "sqlite:///test.db", "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, [line.split("\t") for line in recorded.read_text().splitlines()]


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    status, recorded = calls(tmp_path_factory.mktemp("reproduced"))
    assert status == 0
    return recorded


def test_every_study_and_campaign_runs(called: list[list[str]]) -> None:
    run = {words[1] for words in called if words[0] in ("run", "campaign", "strategies")}
    assert run == {f"studies/paper/{path.name}" for path in ROOT.glob("studies/paper/*.toml")}


def test_every_table_is_written(called: list[list[str]]) -> None:
    assert {words[1] for words in called if words[0] == "table"} == set("123478")


def test_every_figure_is_written(called: list[list[str]]) -> None:
    figures = {words[1] for words in called if words[0] == "plot" and words[1].isdigit()}
    assert figures == set("123456789")


def test_the_trials_of_everything_are_exported(called: list[list[str]]) -> None:
    listed = {
        name
        for words in called
        if words[0] == "export" and "trials" in words
        for name in words[1 : words.index("--what")]
    }
    assert listed == {path.stem for path in ROOT.glob("studies/paper/*.toml")}


def test_the_command_accepts_every_call(called: list[list[str]]) -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    for words in called:
        context = group.make_context("dartboard", list(words))
        name, command, rest = group.resolve_command(context, list(words))
        assert command is not None
        parsed = command.make_context(name, rest, parent=context)
        assert parsed.params["store"] == "sqlite:///test.db"


def test_the_exports_are_tables_that_exist(called: list[list[str]]) -> None:
    tables = {words[words.index("--what") + 1] for words in called if words[0] == "export"}
    assert tables <= {*get_args(What)}


def test_the_script_stops_at_the_first_failure(tmp_path: Path) -> None:
    status, recorded = calls(tmp_path, fails="run")
    assert status == 1
    assert [words[0] for words in recorded] == ["campaign"] * 11 + ["run"]
