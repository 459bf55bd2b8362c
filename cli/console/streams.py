"""The standard streams, made so that every failure to write has an answer.

`prepare_streams` replaces Python's own streams when the command starts. Afterwards:

- What the encoding of standard output cannot show is replaced.
- A failure to write to standard output is an `OutputError`, which ends the command with status 1.
- A failure to write to standard error is ignored: a study does not need its display, and there is
  no other place that could report it.
- A stream that is closed stays occupied, so that no file gets its descriptor. Otherwise a message
  might be written into the store.
"""

import io
import os
import re
import sys
from typing import TextIO

_CLOSED = 9
"""The error of a write to a stream that is closed (EBADF)."""

_SIZE = re.compile(r"0*[1-9][0-9]{0,3}")
"""A width or height of a terminal. Rich fills lines of any width, until memory ends."""


class OutputError(Exception):
    """Standard output cannot be written: its disk is full, or it is closed."""

    def __init__(self, error: OSError) -> None:
        reason = "it is closed" if error.errno == _CLOSED else error.strerror
        super().__init__(f"cannot write to standard output: {reason}")


class _Lost:
    """Whether a part of the output was not written, although the command continued."""

    value = False


class _StandardOutput(io.FileIO):
    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except BrokenPipeError:  # the reader has read enough
            raise
        except OSError as error:
            raise OutputError(error) from error


class _StandardError(io.FileIO):
    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError:
            return len(memoryview(data))  # type: ignore[arg-type]


def prepare_streams() -> None:
    """Replace the standard streams of this process, and occupy those that are closed."""
    for name in ("COLUMNS", "LINES"):  # a size of 0 means that it is unknown, but not to Rich
        if not _SIZE.fullmatch(os.environ.get(name, "")):
            os.environ.pop(name, None)
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:  # the lowest free number is this one; a write to it fails as before
            os.open(os.devnull, os.O_RDONLY)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 -- a descriptor, not a path
    sys.stdout = _stream(sys.stdout, _StandardOutput(1, "w", closefd=False), "replace")
    sys.stderr = _stream(sys.stderr, _StandardError(2, "w", closefd=False), "backslashreplace")


def discard_output() -> None:
    """Discard all that standard output has not written yet, and all that follows."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _Lost.value = True


def output_was_lost() -> bool:
    """Return whether `discard_output` was called."""
    return _Lost.value


def _stream(old: TextIO | None, raw: io.FileIO, errors: str) -> TextIO:
    known = old if isinstance(old, io.TextIOWrapper) else None
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=known.encoding if known else "utf-8",
        errors=errors,
        line_buffering=known is None or known.line_buffering or known.write_through,
    )
