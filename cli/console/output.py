"""Where a command writes its tables and pictures."""

import os
import sys
import tempfile
from collections.abc import Sequence
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


def check_files(files: Sequence[Path]) -> None:
    """Check that files can be written, whether they exist or not; their folders exist.

    Raises:
        DartboardError: If a file can't be replaced, as if it belongs to another user.
    """
    for file in files:
        if file.is_dir():
            problem, advice = "it is a folder", "rename or remove it"
        elif file.exists() and not os.access(file, os.W_OK):
            problem = f"it belongs to user {file.stat().st_uid}, and this is user {os.geteuid()}"
            advice = "remove it, or make it writable"
        else:
            continue
        raise DartboardError(f"cannot write {str(file)!r}: {problem}", advice=advice)


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
