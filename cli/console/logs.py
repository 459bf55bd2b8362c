"""The log: text for people, or JSON for machines.

Every line names its study, evaluation and worker, if it has them. Text goes to standard error,
through the console of the live display, which stays below it. JSON goes to standard output, one
object per line, so that it does not mix with the output for people.
"""

import json
import logging
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

from rich.console import Console

from cli.console.streams import OutputError, discard_output
from cli.options import LogLevel
from configspace.foreign_text import cleaned
from configspace.logs import FIELDS, about

log = logging.getLogger(__name__)

_PACKAGES = ("cli", "configspace", "master", "results", "worker")


@dataclass(frozen=True, slots=True)
class Logs:
    """How a process writes its log."""

    level: LogLevel = "warning"
    as_json: bool = False

    def set_up(
        self, console: Console, *, study: str | None = None, worker: str | None = None
    ) -> None:
        """Set up the log of this process.

        Args:
            console: Console for text. A live display on it stays intact.
            study: Study of the lines that do not name one.
            worker: Worker of the lines that do not name one.
        """
        handler = _Handler(console, sys.stdout if self.as_json else None)
        handler.setFormatter(
            JsonFormatter(study, worker) if self.as_json else TextFormatter(study, worker)
        )
        level = logging.getLevelNamesMapping()[self.level.upper()]
        # Other libraries log too much at lower levels.
        logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
        for package in _PACKAGES:
            logging.getLogger(package).setLevel(level)

    def options(self) -> list[str]:
        """Return these settings as options of a command."""
        return ["--log-level", self.level, *(["--log-json"] if self.as_json else [])]

    def relay(self, console: Console, worker: str, line: str) -> None:
        """Write a line that a local worker wrote."""
        if self.as_json and line.startswith("{"):
            _write(console, sys.stdout, line)
        elif self.as_json:
            log.warning("%s", line, extra=about(worker=worker))
        else:
            _write(console, None, f"{worker}: {line}")


class TextFormatter(logging.Formatter):
    """Writes time, level and message, then the fields that the message does not mention."""

    def __init__(self, study: str | None = None, worker: str | None = None) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._study, self._worker = study, worker

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Return a line; part of the interface of ``logging``."""
        line = super().formatMessage(record)
        fields = _fields(record, self._study, self._worker)
        others = [
            f"{name} {value}" for name, value in fields.items() if value and value not in line
        ]
        return f"{line} [{', '.join(others)}]" if others else line


class JsonFormatter(logging.Formatter):
    """Writes one object per line, always with the same keys, plus ``error`` for an exception."""

    def __init__(self, study: str | None = None, worker: str | None = None) -> None:
        super().__init__()
        self._study, self._worker = study, worker

    def format(self, record: logging.LogRecord) -> str:
        """Return a line; part of the interface of ``logging``."""
        written: dict[str, str | None] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record, self._study, self._worker),
        }
        if record.exc_info:
            written["error"] = self.formatException(record.exc_info)
        return json.dumps(written)


class _Handler(logging.Handler):
    def __init__(self, console: Console, stream: TextIO | None) -> None:
        super().__init__()
        self._console = console
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _write(self._console, self._stream, self.format(record))
        except Exception:  # noqa: BLE001 -- as in logging: a failed line must not end a study
            self.handleError(record)


def _fields(
    record: logging.LogRecord, study: str | None, worker: str | None
) -> dict[str, str | None]:
    fields: dict[str, str | None] = {name: getattr(record, name, None) for name in FIELDS}
    fields["study"] = fields["study"] or study
    fields["worker"] = fields["worker"] or worker
    return fields


def _write(console: Console, stream: TextIO | None, line: str) -> None:
    line = cleaned(line)  # it may quote anything, and a terminal obeys escape sequences
    if stream is None or stream.isatty():  # a live display may be on this terminal
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    else:
        # Not through sys.stdout: a live display replaces it with itself.
        try:
            stream.write(f"{line}\n")
            stream.flush()
        except (OutputError, BrokenPipeError) as error:  # a study does not need its log
            discard_output()
            line = f"{error}; the log ends here"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
