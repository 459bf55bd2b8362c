"""The log: lines for people through the console of the display, or JSON for machines.

Every line knows its study, evaluation and worker, as far as it has them. JSON goes to standard
output, an object a line, apart from what is shown to people; lines for people go to standard
error through the same console as the live display, which moves down for them.
"""

import json
import logging
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TextIO

from rich.console import Console

from configspace.logs import FIELDS, about

log = logging.getLogger(__name__)

_PACKAGES = ("cli", "configspace", "master", "results", "worker")
Level = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Logs:
    """How the log is written."""

    level: Level = "warning"
    as_json: bool = False

    def set_up(
        self, console: Console, *, study: str | None = None, worker: str | None = None
    ) -> None:
        """Write this process's log from now on.

        Args:
            console: Where people look; a display that is live there stays whole.
            study: What lines are about that do not say.
            worker: Who writes them, likewise.
        """
        handler = _Handler(console, sys.stdout if self.as_json else None)
        handler.setFormatter(
            JsonFormatter(study, worker) if self.as_json else TextFormatter(study, worker)
        )
        level = logging.getLevelNamesMapping()[self.level.upper()]
        # Others' libraries have much to say of themselves.
        logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
        for package in _PACKAGES:
            logging.getLogger(package).setLevel(level)

    def options(self) -> list[str]:
        """Return these settings as a command takes them."""
        return ["--log-level", self.level, *(["--log-json"] if self.as_json else [])]

    def relay(self, console: Console, worker: str, line: str) -> None:
        """Write a line that another process wrote, a local worker."""
        if self.as_json and line.startswith("{"):
            _write(console, sys.stdout, line)
        elif self.as_json:
            log.warning("%s", line, extra=about(worker=worker))
        else:
            _write(console, None, f"{worker}: {line}")


class TextFormatter(logging.Formatter):
    """Time, level and words, then what the line is about as far as the words do not say it."""

    def __init__(self, study: str | None = None, worker: str | None = None) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._study, self._worker = study, worker

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Write a line; part of logging's interface."""
        line = super().formatMessage(record)
        fields = _fields(record, self._study, self._worker)
        unsaid = [
            f"{name} {value}" for name, value in fields.items() if value and value not in line
        ]
        return f"{line} [{', '.join(unsaid)}]" if unsaid else line


class JsonFormatter(logging.Formatter):
    """An object a line, always with the same keys; ``error`` is there when there is one."""

    def __init__(self, study: str | None = None, worker: str | None = None) -> None:
        super().__init__()
        self._study, self._worker = study, worker

    def format(self, record: logging.LogRecord) -> str:
        """Write a line; part of logging's interface."""
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
        except Exception:  # noqa: BLE001 -- as logging's own handlers: a line is not worth a study
            self.handleError(record)


def _fields(
    record: logging.LogRecord, study: str | None, worker: str | None
) -> dict[str, str | None]:
    fields: dict[str, str | None] = {name: getattr(record, name, None) for name in FIELDS}
    fields["study"] = fields["study"] or study
    fields["worker"] = fields["worker"] or worker
    return fields


def _write(console: Console, stream: TextIO | None, line: str) -> None:
    if stream is None or stream.isatty():  # on a terminal a live display may be in the way
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    else:
        # Not through sys.stdout, which a live display replaces by itself.
        stream.write(f"{line}\n")
        stream.flush()
