"""`dartboard run` with custom problems and operations of a user."""

import shutil
import sys
from pathlib import Path

import pytest

from configspace.study import load_study
from results import load
from tests.cli.commands.test_run import ROOT, STUDY, dartboard

pytestmark = pytest.mark.slow

OWN = STUDY.replace("points = 12", 'name = "steps:Steps"\npoints = 12')


def write_study(folder: Path) -> None:
    (folder / "study.toml").write_text(OWN.format(iterations=1, parallel=0))


@pytest.mark.parametrize("engine", ["numba", "torch"])
def test_a_custom_problem_runs_on_both_engines(tmp_path: Path, engine: str) -> None:
    write_study(tmp_path)
    shutil.copy(ROOT / "examples" / "steps.py", tmp_path)
    ran = dartboard(tmp_path, "run", "study.toml", "--engine", engine, "--workers", "1")
    assert ran.returncode == 0, ran.stderr
    frames = load(f"sqlite:///{tmp_path}/dartboard.db", "small")
    assert set(frames.evaluations["engine"]) == {engine}
    assert frames.study.problem.source is not None
    assert frames.trials["architecture_psnr"].notna().all()


def test_a_problem_without_its_file_is_an_error(tmp_path: Path) -> None:
    write_study(tmp_path)
    ran = dartboard(tmp_path, "run", "study.toml")
    assert ran.returncode == 2, ran.stderr
    (line,) = ran.stderr.strip().splitlines()
    assert "cannot find steps.py for 'steps:Steps'" in line
    assert not (tmp_path / "dartboard.db").exists()


def test_the_example_studies_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = ROOT / "examples"
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.path", [*sys.path])
    assert load_study(folder / "steps.toml").problem.name == "steps:Steps"
    assert load_study(folder / "descent.toml").architecture.custom == ("descent:Descent",)


def test_a_study_with_a_custom_operation_runs(tmp_path: Path) -> None:
    study = STUDY.replace("[architecture]", '[architecture]\ncustom = ["descent:Descent"]')
    (tmp_path / "study.toml").write_text(study.format(iterations=1, parallel=0))
    shutil.copy(ROOT / "examples" / "descent.py", tmp_path)
    ran = dartboard(tmp_path, "run", "study.toml", "--workers", "1")
    assert ran.returncode == 0, ran.stderr
    frames = load(f"sqlite:///{tmp_path}/dartboard.db", "small")
    assert set(frames.evaluations["engine"]) == {"torch"}
    names = {name for row in frames.trials["architecture"] for name in row.split()}
    assert names <= {"learnable_gradient", "cnn", "roll", "noise", "descent:Descent"}
