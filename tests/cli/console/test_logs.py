"""Lines of the log: their fields, their form, and the live display below them."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from cli.console.display import Display
from cli.console.logs import _PACKAGES, JsonFormatter, Logs, TextFormatter
from cli.console.streams import OutputError
from configspace.job import EvaluationId
from configspace.logs import about
from tests.master.service.test_metrics import SNAPSHOT

ID = EvaluationId(configuration=(0, 0, 1), epochs=3)


def record(message: str, *arguments: Any, **fields: Any) -> logging.LogRecord:
    made = logging.LogRecord("master.x", logging.WARNING, "x.py", 1, message, arguments, None)
    made.__dict__.update(fields)
    return made


@pytest.fixture
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    yield
    root.handlers[:] = kept
    root.setLevel(level)
    for package in _PACKAGES:
        logging.getLogger(package).setLevel(logging.NOTSET)


def test_json_names_study_evaluation_and_worker() -> None:
    line = JsonFormatter().format(record("took %d s", 3, **about("small", ID, "w")))
    entry = json.loads(line)
    assert entry.pop("time").endswith("+00:00")
    assert entry == {
        "level": "warning",
        "logger": "master.x",
        "message": "took 3 s",
        "study": "small",
        "evaluation": "(0, 0, 1)@3",
        "worker": "w",
    }


def test_missing_fields_come_from_the_process() -> None:
    entry = json.loads(JsonFormatter(study="small").format(record("listening")))
    assert (entry["study"], entry["evaluation"], entry["worker"]) == ("small", None, None)


def test_json_has_no_line_breaks() -> None:
    line = JsonFormatter().format(record("a\nb\u2028c"))
    assert line.splitlines() == [line]


def test_json_contains_the_error() -> None:
    made = record("failed")
    try:
        raise RuntimeError("why")
    except RuntimeError as error:
        made.exc_info = (type(error), error, error.__traceback__)
    entry = json.loads(JsonFormatter().format(made))
    assert entry["error"].endswith("RuntimeError: why")


def test_text_adds_fields_missing_in_the_message() -> None:
    format = TextFormatter(study="small").format
    text = format(record("study small: (0, 0, 1)@3 on worker w", **about("small", ID, "w")))
    assert text.endswith("WARNING study small: (0, 0, 1)@3 on worker w")
    unsaid = format(record("it died", **about(None, ID, "w")))
    assert unsaid.endswith("it died [study small, evaluation (0, 0, 1)@3, worker w]")


@pytest.mark.usefixtures("_restored")
def test_only_json_goes_to_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs = Logs("info", as_json=True)
    console = Console(stderr=True)
    logs.set_up(console, study="small")
    logging.getLogger("master.x").info("one")
    logging.getLogger("master.x").debug("two")
    logging.getLogger("alembic.x").info("another library's")
    logs.relay(console, "local-0", '{"message": "three"}')
    logs.relay(console, "local-0", "four")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in lines] == ["one", "three", "four"]
    assert lines[2]["worker"] == "local-0"


@pytest.mark.usefixtures("_restored")
def test_log_lines_stay_above_a_live_display() -> None:
    terminal = io.StringIO()
    console = Console(file=terminal, force_terminal=True, width=100, height=40, color_system=None)
    logs = Logs("info")
    logs.set_up(console)
    words = "a line [with brackets] longer than the terminal is wide " * 3
    with Display(console, "title") as display:
        display.show(SNAPSHOT)
        logging.getLogger("master.x").info(words.strip())
        logs.relay(console, "local-0", "12:00:00 WARNING written by a worker")
        display.show(SNAPSHOT)
    shown = terminal.getvalue()
    assert f"INFO {words.strip()}\n" in shown
    assert "local-0: 12:00:00 WARNING written by a worker\n" in shown
    after = shown[shown.index("written by a worker") :]
    assert "╭─ title" in after
    assert "evaluations 20 done" in after


def test_a_terminal_gets_no_escape_sequence() -> None:
    written = io.StringIO()
    Logs().relay(Console(file=written, force_terminal=True), "w", "loading \x1b[2J\x00")
    assert written.getvalue() == "w: loading \\x1b[2J\\x00\n"


def test_a_name_with_brackets_is_shown() -> None:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=120)
    named = replace(SNAPSHOT, workers=(replace(SNAPSHOT.workers[0], name="gpu[/1]"),))
    with Display(console, "title") as display:
        display.show(named)
    assert "gpu[/1]" in written.getvalue()


def test_settings_become_command_options() -> None:
    assert Logs("info").options() == ["--log-level", "info"]
    assert Logs("error", as_json=True).options() == ["--log-level", "error", "--log-json"]


@pytest.mark.usefixtures("_restored")
def test_a_full_disk_ends_the_log_only(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OutputError(OSError(28, "No space left on device"))

    discarded: list[bool] = []
    monkeypatch.setattr("cli.console.logs.discard_output", lambda: discarded.append(True))
    monkeypatch.setattr("sys.stdout", Full())
    console = Console(file=io.StringIO())
    Logs(as_json=True).relay(console, "w", "{}")
    assert discarded == [True]
    assert "No space left on device; the log ends here" in console.file.getvalue()  # type: ignore[attr-defined]
