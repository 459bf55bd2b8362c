"""Defaults that the options repeat, because a command imports nothing heavy to show its help."""

from inspect import signature
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from cli.commands import export, master, table, worker
from cli.options import DEFAULT_PORT, output_path
from master.service.settings import HEARTBEAT_SECONDS, LEASE_SECONDS, MAX_WORKERS
from results import export as exports
from results.stats.distribution import FAILED_BELOW
from worker.service.settings import IDLE_LIMIT


@pytest.mark.parametrize(
    ("command", "option", "default"),
    [
        (master.master, "port", DEFAULT_PORT),
        (master.master, "max_workers", MAX_WORKERS),
        (master.master, "lease", LEASE_SECONDS),
        (master.master, "heartbeat", HEARTBEAT_SECONDS),
        (worker.worker, "idle_limit", IDLE_LIMIT),
        (table.table, "failed_below", FAILED_BELOW),
    ],
)
def test_an_options_default_is_the_settings(command: Any, option: str, default: object) -> None:
    assert signature(command).parameters[option].default == default


@pytest.mark.parametrize(("option", "known"), [("what", exports.What), ("format", exports.Format)])
def test_exports_choices_are_those_of_the_option(option: str, known: Any) -> None:
    annotated = signature(export.export).parameters[option].annotation
    assert set(get_args(get_args(annotated)[0])) == set(get_args(known))


@pytest.mark.parametrize("text", ["./-", "././-"])
def test_a_file_may_be_called_dash(text: str) -> None:
    assert output_path(text) == Path.cwd() / "-"


@pytest.mark.parametrize("text", ["-", "/dev/stdout", "table.csv", "a/-", "./-x"])
def test_other_outputs_are_paths_as_they_are(text: str) -> None:
    assert output_path(text) == Path(text)


def test_an_empty_output_is_refused() -> None:
    with pytest.raises(typer.BadParameter, match="expected a path, got ''"):
        output_path("")
