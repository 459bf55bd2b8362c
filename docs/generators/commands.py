"""The pages of `--help`, as Markdown, from the Typer app."""

import re
from collections.abc import Iterator
from typing import Any

import typer

from cli.main import app


def every_command() -> str:
    """Return one section per command: what it does, usage, arguments and options, examples."""
    root = typer.main.get_command(app)
    return "\n".join(_sections(root, typer.Context(root, info_name="dartboard")))


def _sections(command: Any, context: typer.Context) -> Iterator[str]:
    name = context.command_path
    level = "#" * min(3, 1 + len(name.split()))
    yield f"{level} `{name}` {{ #{name.replace(' ', '-')} }}\n"
    yield f"{' '.join(command.help.split())}\n"
    yield f"```\n{name} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    if options := [line for one in command.get_params(context) for line in _line(one, context)]:
        yield "\n".join(options) + "\n"
    if examples := re.findall(r"Example: ([^\n]+)", command.epilog or ""):
        yield "\n".join(["Example:\n", "```", *examples, "```"]) + "\n"
    for below in command.list_commands(context) if hasattr(command, "list_commands") else ():
        inner = command.get_command(context, below)
        if not inner.hidden:
            yield from _sections(inner, typer.Context(inner, info_name=below, parent=context))


def _line(parameter: Any, context: typer.Context) -> Iterator[str]:
    """Yield a line for an argument or an option; none for `--help` and for hidden ones."""
    record = parameter.get_help_record(context)
    if record is not None and parameter.name != "help":
        label, text = record
        yield f"- `{label}`: {' '.join(text.split()).replace('[', '&#91;')}"
