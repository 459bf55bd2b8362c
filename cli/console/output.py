"""Where a command writes its tables and pictures."""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from configspace.errors import DartboardError
from configspace.whole_file import check_no_database, make_folders, write_whole

STANDARD_OUTPUT = (Path("-"), Path("/dev/stdout"))
"""What ``--output`` may name instead of a file."""


def write_text(text: str, output: Path | None) -> None:
    """Write a text to a file, or to standard output if there is no file; see `write_bytes`."""
    write_bytes(text.encode(), output)


def write_bytes(content: bytes, output: Path | None) -> None:
    """Write to a file, as a whole or not at all, or to standard output if there is no file.

    A terminal gets text in its own encoding. Everything else gets the bytes of the file. A line on
    standard error names a file that was written.

    Args:
        content: The content, which is UTF-8 if it is text.
        output: The file; None and `STANDARD_OUTPUT` mean standard output.

    Raises:
        DartboardError: If the file cannot be written.
    """
    if output is None or output in STANDARD_OUTPUT:
        if sys.stdout.isatty():
            sys.stdout.write(content.decode(errors="replace"))
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
        return
    try:
        make_folders(output.parent)
        write_whole(output, content)
    except OSError as error:
        raise DartboardError(
            f"cannot write {str(output)!r}: {error.strerror}",
            advice="choose another file with -o",
        ) from error
    print(f"wrote {output}", file=sys.stderr)


def check_files(files: Sequence[Path]) -> None:
    """Check that files can be written, whether they exist or not; their folders exist.

    Raises:
        DartboardError: If a file can't be replaced, as if it belongs to another user or is a
            database.
    """
    for file in files:
        if file.is_dir():
            problem, advice = "it is a folder", "rename or remove it"
        elif file.exists() and not os.access(file, os.W_OK):
            problem = f"it belongs to user {file.stat().st_uid}, and this is user {os.geteuid()}"
            advice = "remove it, or make it writable"
        else:
            try:
                check_no_database(file)
            except OSError as error:
                problem, advice = str(error.strerror), "rename it"
            else:
                continue
        raise DartboardError(f"cannot write {str(file)!r}: {problem}", advice=advice)


def make_folder(folder: Path) -> None:
    """Make a folder unless it exists, and check that files can be written there.

    Commands call this before hours of work whose results go there.

    Raises:
        DartboardError: If the folder cannot be made or written.
    """
    if folder in STANDARD_OUTPUT:
        raise DartboardError(
            f"expected a folder for several files, got {str(folder)!r}",
            advice="name a folder with -o",
        )
    try:
        make_folders(folder)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise DartboardError(
            f"cannot write into the folder {folder}: {error.strerror}",
            advice="choose another folder",
        ) from error
