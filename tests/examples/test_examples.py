"""The documentation includes the examples, and the patch does what its page says."""

import csv
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from results.store.store import Store
from tests.cli.commands.test_run import ROOT, STUDY
from tests.results.made_up import filled

EXAMPLES = ROOT / "examples"
PACKAGES = ("cli", "configspace", "master", "results", "worker")


@pytest.mark.parametrize("name", ["steps.py", "descent.py", "ninth.patch"])
def test_a_page_includes_the_whole_example(name: str) -> None:
    pages = [page.read_text() for page in (ROOT / "docs").rglob("*.md")]
    included = re.compile(
        rf'^--8<--(?: "|\n)examples/{re.escape(name)}(?:"|\n--8<--)$', re.MULTILINE
    )
    assert any(included.search(page) for page in pages)


@pytest.fixture
def patched(tmp_path: Path) -> Path:
    """Return the root of a copy of the project in which the patch is applied."""
    root = tmp_path / "project"
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    patch = (EXAMPLES / "ninth.patch").read_text()
    subprocess.run(["git", "apply"], cwd=root, input=patch, text=True, check=True)
    return root


def exported(root: Path, folder: Path, study: str) -> list[dict[str, str]]:
    """Return the evaluations of a study as the project at ``root`` exports them."""
    out = dartboard(root, folder, "export", study, "--what", "evaluations")
    return list(csv.DictReader(io.StringIO(out)))


def dartboard(root: Path, folder: Path, *arguments: str) -> str:
    """Run the project at ``root`` in a folder and return what it prints."""
    ran = subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.slow
def test_an_older_store_opens_with_the_patch(patched: Path, tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/dartboard.db") as store:
        filled(store, "old")
    assert {row["alpha_start"] for row in exported(patched, tmp_path, "old")} == {"0.001"}


@pytest.mark.slow
def test_the_patch_adds_a_ninth_tuned_hyperparameter(patched: Path, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(STUDY.format(iterations=1, parallel=0))
    dartboard(patched, tmp_path, "run", "study.toml", "--engine", "torch", "--workers", "1")
    sampled = [float(row["alpha_start"]) for row in exported(patched, tmp_path, "small")]
    assert len(set(sampled)) > 1
    assert all(1e-4 <= value <= 1.0 for value in sampled)
