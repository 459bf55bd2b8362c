"""The `dartboard` app: its list of commands, and the exit code of each error."""

import errno
import os
import reprlib
import sys
import traceback
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from typer.core import TyperGroup
from typer.exceptions import Abort, TyperException

from cli.console.streams import (
    OutputError,
    discard_output,
    output_was_lost,
    prepare_streams,
)
from cli.local.surroundings import advice_here, fitting
from configspace.errors import DartboardError
from configspace.foreign_text import cleaned, described
from dartboard_start import INTERRUPTED

COMMANDS = (
    "run",
    "campaign",
    "master",
    "worker",
    "status",
    "export",
    "compare",
    "signals",
    "methods",
    "surrogate",
    "strategies",
    "table",
    "plot",
    "findings",
    "credentials",
    "doctor",
    "delete",
)
"""Names of the commands, in the order of ``--help``. Each is a module of `cli.commands`."""


class _Modules(Mapping[str, Any]):
    """The commands by name. A lookup imports the module of the command."""

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        return typer.main.get_command(import_module(f"cli.commands.{name}").app)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Commands(TyperGroup):
    """A group whose commands are imported when they are called or listed."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "commands": _Modules()})


app = typer.Typer(
    cls=_Commands,
    help="Tune differentiable architecture search with BOHB, and test whether its one-shot score "
    "can be trusted.",
    epilog="Example: dartboard run studies/quickstart-final.toml",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        print(f"dartboard {version('dartboard')}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[  # noqa: ARG001 -- its callback answers
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    if debug:
        os.environ["DARTBOARD_DEBUG"] = "1"


def main() -> None:
    """Run the command. Every error that a user can fix is one line on standard error."""
    prepare_streams()
    try:
        status = _status()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output is gone, as in `dartboard export … | head`
        discard_output()
        status = 1
    except OutputError as error:
        _print_error(str(error))
        discard_output()
        status = 1
    sys.exit(status or int(output_was_lost()))


def _status() -> int:
    """Run the command and return its exit code.

    Raises:
        OutputError: If standard output cannot be written.
        BrokenPipeError: If its reader is gone.
    """
    try:
        return app(sys.argv[1:] or ["--help"], standalone_mode=False) or 0
    except TyperException as error:
        _print_error(_usage_error(error))
        return 2
    except DartboardError as error:
        if _debugging():
            traceback.print_exc()
        error.advice = advice_here(error.advice)
        _print_error(str(error))
        return 2
    except (Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (OutputError, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 -- the last resort: a bug, reported in one line
        if _debugging():
            traceback.print_exc()
        if isinstance(error, FileNotFoundError) and (advice := advice_here("")):
            _print_error(advice)
            return 2
        if _is_shortage(error):
            _print_error(
                f"not enough memory or threads ({described(error)}); close other programs, or "
                "raise the limits that 'ulimit -v' and 'ulimit -u' show"
            )
            return 1
        _print_error(
            f"unexpected {described(error)}. This is a bug; 'dartboard --debug …' shows where"
        )
        return 1


def _is_shortage(error: Exception) -> bool:
    """Return whether an error is due to memory, or to a limit of this process."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOMEM, errno.EAGAIN)
    # Nothing but the text tells these from other errors.
    texts = ("failed to map segment", "annot allocate memory", "can't start new thread")
    return isinstance(error, MemoryError) or any(text in str(error) for text in texts)


def _usage_error(error: TyperException) -> str:
    message = error.format_message().replace("Value error, ", "")  # a prefix that typer adds
    cause = error.__cause__
    if isinstance(cause, ValidationError) and (first := cause.errors()[0])["type"] != "value_error":
        got = str(first["input"])
        not_a_number = ", which is not a number" if got.strip("+- ").lower() == "nan" else ""
        message = f"{message.rstrip('.')}, got {reprlib.repr(got)}{not_a_number}"
    if not (context := getattr(error, "ctx", None)):
        return message
    end = "" if message.endswith((".", "?")) else "."
    return f"{message}{end} See '{context.command_path} --help'"


def _debugging() -> bool:
    return bool(os.environ.get("DARTBOARD_DEBUG"))


def _print_error(line: str) -> None:
    print(f"dartboard: {fitting(' '.join(cleaned(line).split()))}", file=sys.stderr)


if __name__ == "__main__":
    main()
