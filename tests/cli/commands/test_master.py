"""`dartboard master` with several studies, served to workers that stay for all of them."""

import socket
import subprocess
from pathlib import Path

import pytest

from cli.commands.master import exports
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
    incumbents = "one-shot-and-final-incumbents"
    columns = (tmp_path / "out" / f"{incumbents}.csv").read_text().splitlines()[0]
    assert columns.endswith("one-shot,final")
    stem = "one-shot-against-final"
    expected = {f"{incumbents}.md", f"{stem}.md", f"{stem}.png", f"{stem}.pdf"}
    assert expected <= {path.name for path in (tmp_path / "out").iterdir()}


def test_what_is_written_was_checked_before(tmp_path: Path) -> None:
    studies = [Study(name=objective, objective=objective) for objective in ("one-shot", "final")]
    names = {path.name for path in exports(studies, tmp_path)}
    stem = "one-shot-against-final"
    expected = {f"{stem}{suffix}" for suffix in (".html", ".md", ".png", ".pdf")}
    expected |= {f"one-shot-and-final-incumbents{suffix}" for suffix in (".csv", ".md")}
    assert names == expected | {"final-trials.png", "final-trials.pdf"}


def test_other_studies_have_other_files(tmp_path: Path) -> None:
    one, other = (Study(name=name, objective="final") for name in ("a", "b"))
    sets = [[one], [other], [one, other], [one] * 60, [one] * 61]
    files = [exports(studies, tmp_path)[0].name for studies in sets]
    assert len(set(files)) == len(sets)
    assert max(map(len, files)) < 255


@pytest.mark.parametrize("blocked", ["final-incumbents.csv", "final-incumbents.md"])
def test_a_blocked_export_stops_the_start(tmp_path: Path, blocked: str) -> None:
    (tmp_path / "a.toml").write_text(STUDY.format(objective="final"))
    (tmp_path / "out" / blocked).mkdir(parents=True)

    refused = dartboard(tmp_path, "master", "a.toml", "--export-to", "out", "--port", "0")

    assert refused.returncode == 2
    assert f"cannot write 'out/{blocked}': it is a folder; rename" in refused.stderr
    assert not (tmp_path / "dartboard.db").exists()


def test_two_files_of_one_study_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(STUDY.format(objective="final"))
    (tmp_path / "b.toml").write_text(STUDY.format(objective="final"))

    refused = dartboard(tmp_path, "master", "a.toml", "b.toml")

    assert refused.returncode == 2
    assert "got 'final' in a.toml and in b.toml" in refused.stderr
    assert not (tmp_path / "dartboard.db").exists()
