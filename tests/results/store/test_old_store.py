"""A store that dartboard 0.1.0 wrote: its master was killed after three of ten evaluations.

``stores/0.1.0.sql`` is the dump of that store. It holds the study of ``stores/old.toml``, with one
evaluation still on lease, and a finished campaign of two conditions.
"""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from results import load, load_campaign

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
STORES = Path(__file__).with_name("stores")
DECIDED = ["configuration", "epochs", "loss", "param_lr", "alpha_optimizer"]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the URL of the old store, made from its dump."""
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.executescript((STORES / "0.1.0.sql").read_text())
    connection.close()
    return f"sqlite:///{tmp_path / 'old.db'}"


def resume(url: str, *options: str) -> subprocess.CompletedProcess[str]:
    words = ["run", str(STORES / "old.toml"), "--store", url, "--engine", "numba", *options]
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_an_old_study_loads(url: str) -> None:
    frames = load(url, "old")
    assert (frames.evaluations["state"] == "finished").sum() == 3
    assert frames.trials["architecture_psnr"].notna().sum() == 6


def test_an_old_campaign_loads_by_condition(url: str) -> None:
    frames = load_campaign(url, "many")
    assert frames.conditions["finished"].tolist() == [3, 3]
    assert set(frames.trials["condition"]) == set(frames.conditions["condition"])


def test_trials_of_an_old_store_have_no_signals(url: str) -> None:
    frames = load(url, "old")
    assert frames.trials["inherited"].isna().all()
    assert frames.curves["plasticity_edge"].isna().all()


def test_an_old_study_needs_consent_to_resume(url: str) -> None:
    before = load(url, "old").evaluations
    refused = resume(url)
    assert refused.returncode == 2
    assert "dartboard 0.1.0" in refused.stderr
    assert "--accept-version-change" in refused.stderr
    assert load(url, "old").evaluations.equals(before)


def test_an_old_study_resumes_with_consent(url: str) -> None:
    before = load(url, "old").evaluations.query("state == 'finished'")
    resumed = resume(url, "--accept-version-change")
    assert resumed.returncode == 0, resumed.stderr
    after = load(url, "old").evaluations
    assert after["state"].tolist() == ["finished"] * 10
    assert after[: len(before)][DECIDED].equals(before[DECIDED])
    # The undisturbed run of 0.1.0 found this incumbent: the replay led to the same configurations.
    best = after.query("epochs == 3").sort_values("loss").iloc[0]
    assert best["configuration"] == "(1, 0, 0)"
    assert best["loss"] == pytest.approx(-13.563429920785794, abs=0.05)
