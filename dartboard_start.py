"""The start of the `dartboard` command.

This module has a name that no user's module has: Python imports it before a user's folders are
taken off its path.
"""

# Not with pathlib: it imports other modules, which a user's folders may have, too.
# ruff: noqa: PTH100, PTH120

import os
import sys

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT. Not from `cli`, whose import may be interrupted."""


def main() -> None:
    """Run the command with our packages and Python's own first, whatever PYTHONPATH says."""
    sys.unraisablehook = _end_if_interrupted
    try:
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
        from configspace.python_path import put_ours_first

        del sys.path[0]
        put_ours_first()
        from cli.main import main as run_command

        run_command()
    except KeyboardInterrupt:  # during these imports; later, the command answers it
        os._exit(INTERRUPTED)


def _end_if_interrupted(ignored: "sys.UnraisableHookArgs") -> None:
    """End the process after a Ctrl-C that Python ignores, as it does in some steps of an import."""
    if issubclass(ignored.exc_type, KeyboardInterrupt):
        os._exit(INTERRUPTED)
    sys.__unraisablehook__(ignored)
