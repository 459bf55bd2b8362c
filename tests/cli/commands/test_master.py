"""`dartboard master` with several studies, served to workers that stay for all of them."""

import socket
import subprocess
from pathlib import Path

import pytest

from cli.commands.master import comparable_pairs
from configspace.study import Study
from tests.cli.commands.test_run import command, dartboard, environment

pytestmark = pytest.mark.slow

STUDY = """
name = "{objective}"
objective = "{objective}"

[problem]
points = 12

[architecture]
layers = 2
channels = 4

[search]
batch_size = 8
batches = 2

[bohb]
iterations = 2
min_epochs = 1
max_epochs = 3
"""


def test_studies_are_served_in_turn_and_compared(tmp_path: Path) -> None:
    for objective in ("one-shot", "final"):
        (tmp_path / f"{objective}.toml").write_text(STUDY.format(objective=objective))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    options = ("--until-done", "--engine", "torch", "--threads", "1")
    worker = subprocess.Popen(
        command("worker", f"127.0.0.1:{port}", *options), cwd=tmp_path, env=environment()
    )
    try:
        served = dartboard(
            tmp_path,
            *("master", "one-shot.toml", "final.toml", "--port", port),
            *("--export-to", "out", "--trials", "4"),
        )
        assert served.returncode == 0, served.stderr
        assert worker.wait(120) == 0
    finally:
        worker.kill()
        worker.wait()
    columns = (tmp_path / "out" / "incumbents.csv").read_text().splitlines()[0]
    assert columns.endswith("one-shot,final")
    stem = "one-shot-against-final"
    expected = {"incumbents.md", f"{stem}.md", f"{stem}.png", f"{stem}.pdf"}
    assert expected <= {path.name for path in (tmp_path / "out").iterdir()}


def test_two_files_of_one_study_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(STUDY.format(objective="final"))
    (tmp_path / "b.toml").write_text(STUDY.format(objective="final"))

    refused = dartboard(tmp_path, "master", "a.toml", "b.toml")

    assert refused.returncode == 2
    assert "got 'final' in a.toml and in b.toml" in refused.stderr
    assert not (tmp_path / "dartboard.db").exists()


@pytest.mark.parametrize(("problem", "pairs"), [("blur", [("one", "two")]), ("downsampling", [])])
def test_only_studies_that_match_are_compared(problem: str, pairs: list[tuple[str, str]]) -> None:
    one = Study(name="one", objective="one-shot")
    two = Study.model_validate({"name": "two", "objective": "final", "problem": {"name": problem}})

    assert [(a.name, b.name) for a, b in comparable_pairs([two, one])] == pairs
