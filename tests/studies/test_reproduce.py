"""`make reproduce` asks for everything in `studies/paper`, in words that the command knows."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from cli.main import app

ROOT = Path(__file__).parents[2]
STAND_IN = f"""#!{sys.executable}
import os, sys
with open(os.environ["CALLS"], "a") as file:
    print(*sys.argv[1:], sep="\\t", file=file)
sys.exit(sys.argv[1] == os.environ.get("FAILS"))
"""


def calls(folder: Path, fails: str = "") -> tuple[int, list[list[str]]]:
    """Run the script with a command that notes its calls; give its status and them."""
    command, noted = folder / "dartboard", folder / "calls"
    command.write_text(STAND_IN)
    command.chmod(0o755)
    ran = subprocess.run(
        [ROOT / "studies" / "paper" / "reproduce.sh"],
        env=os.environ
        | {"DARTBOARD": str(command), "OUT": str(folder / "out"), "CALLS": str(noted)}
        | {"FAILS": fails, "STORE": "sqlite:///own.db"},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, [line.split("\t") for line in noted.read_text().splitlines()]


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    status, noted = calls(tmp_path_factory.mktemp("reproduced"))
    assert status == 0
    return noted


def test_every_study_and_campaign_of_the_paper_is_run(called: list[list[str]]) -> None:
    run = {words[1] for words in called if words[0] in ("run", "campaign")}
    assert run == {f"studies/paper/{path.name}" for path in ROOT.glob("studies/paper/*.toml")}


def test_every_table_and_figure_is_made(called: list[list[str]]) -> None:
    tables = {words[1] for words in called if words[0] == "table"}
    figures = {words[1] for words in called if words[0] == "plot" and words[1].isdigit()}
    assert tables == set("123478")
    assert figures == set("123456789")


def test_every_call_is_one_that_the_command_knows(called: list[list[str]]) -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    for words in called:
        context = group.make_context("dartboard", list(words))
        name, command, rest = group.resolve_command(context, list(words))
        assert command is not None
        parsed = command.make_context(name, rest, parent=context)
        assert parsed.params["store"] == "sqlite:///own.db"


def test_a_failure_ends_it_there(tmp_path: Path) -> None:
    status, noted = calls(tmp_path, fails="run")
    assert status == 1
    assert [words[0] for words in noted] == ["campaign"] * 8 + ["run"]
