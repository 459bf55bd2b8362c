"""Where a command writes its tables and pictures."""

import sys
import tempfile
from pathlib import Path

from configspace.errors import DartboardError


def write_text(text: str, output: Path | None) -> None:
    """Write a text to a file, or to standard output if there is no file.

    Raises:
        DartboardError: If the file cannot be written.
    """
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DartboardError(
            f"cannot write {str(output)!r}: {error.strerror}",
            advice="choose another file with -o",
        ) from error


def make_folder(folder: Path) -> None:
    """Make a folder unless it exists, and check that files can be written there.

    Commands call this before hours of work whose results go there.

    Raises:
        DartboardError: If the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise DartboardError(
            f"cannot write into the folder {folder}: {error.strerror}",
            advice="choose another folder",
        ) from error
