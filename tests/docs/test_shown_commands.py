"""Each command that a page shows exists, with the options that it is shown with."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.main import app
from tests.docs.pages import PAGES, ROOT, blocks

SHELL_WORDS = re.compile(r"[^\s`|&;<>()]+")


def shown(page: Path) -> list[str]:
    """Return the lines of code blocks, and the code within sentences, as shown on a page."""
    text = page.read_text()
    lines = [line for block in blocks(page) for line in block.replace("\\\n", " ").splitlines()]
    return lines + re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))


def dartboard_calls(line: str) -> list[list[str]]:
    """Return the words after each `dartboard` of a line, up to the end of that command."""
    parts = re.split(r"(?:^|(?<=[\s/]))(?<!-U )dartboard(?=\s)", line)[1:]
    return [
        SHELL_WORDS.findall(re.split(r"[|&;<>#]| \(or", part.replace("…", " "))[0])
        for part in parts
    ]


def message(words: list[str]) -> str | None:
    """Return what is wrong with the words of a call; None if the command and options exist."""
    command: Any = typer.main.get_command(app)
    context = typer.Context(command, info_name="dartboard")
    for position, word in enumerate(words):
        if word.startswith("-"):
            option = word.partition("=")[0]
            options = {name for one in command.get_params(context) for name in one.opts}
            if option not in options | {"--help", "-h"}:
                return f"no option {option}"
        elif hasattr(command, "list_commands"):
            inner = command.get_command(context, word.rstrip(".,:"))
            if inner is None:
                return f"no command {word!r}" if position == 0 or context.parent else None
            context = typer.Context(inner, info_name=word, parent=context)
            command = inner
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_shown_commands_exist(page: Path) -> None:
    calls = [words for line in shown(page) for words in dartboard_calls(line) if words]
    wrong = {" ".join(words): found for words in calls if (found := message(words))}
    assert wrong == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_shown_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {line.split()[1] for line in shown(page) if re.match(r"make [a-z-]+", line)}
    assert named <= targets


def test_an_unknown_option_is_found() -> None:
    assert message(["run", "study.toml", "--no-such-option"]) == "no option --no-such-option"


def test_an_unknown_command_is_found() -> None:
    assert message(["no-such-command"]) == "no command 'no-such-command'"
