"""`dartboard campaign` with real workers: complete, killed, interrupted, extended, bad input."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from results import load_campaign
from tests.cli.commands.test_run import command, dartboard, environment, finished

pytestmark = pytest.mark.slow

CAMPAIGN = """
name = "small"
trials = {trials}
epochs = 3

[problem]
points = 12

[architecture]
layers = 2
channels = 4

[search]
batch_size = 8
batches = 2

[evaluation]
trials = 2

[[grid]]
methods = ["darts", "random"]

[[grid]]
operations = ["good"]
methods = ["learnable-gradient-only", "nets-only"]
"""
STORE = "sqlite:///{folder}/dartboard.db"
SCORES = ["condition", "trial", "seed", "one_shot_psnr", "architecture_psnr", "architecture"]


def write_campaign(folder: Path, *, trials: int = 5) -> None:
    (folder / "campaign.toml").write_text(CAMPAIGN.format(trials=trials))


def campaign(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return dartboard(folder, "campaign", "campaign.toml", "--engine", "torch", *arguments)


def scores(folder: Path) -> pd.DataFrame:
    return load_campaign(STORE.format(folder=folder), "small").trials[SCORES]


def started(folder: Path) -> "subprocess.Popen[str]":
    """Start a campaign in a new process group, and wait until some jobs have finished."""
    process = subprocess.Popen(
        [*command("campaign", "campaign.toml"), "--engine", "torch", "--workers", "2"],
        cwd=folder,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while finished(folder) < 3 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return process


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    write_campaign(folder)
    ran = campaign(folder, "--workers", "1")
    assert ran.returncode == 0, ran.stderr
    assert "campaign small done: 20 trials of 4 conditions finished" in ran.stderr
    return folder


def test_a_killed_campaign_resumes_to_the_same_trials(undisturbed: Path, tmp_path: Path) -> None:
    write_campaign(tmp_path)
    process = started(tmp_path)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=120)
    kept = scores(tmp_path)

    again = campaign(tmp_path)

    assert again.returncode == 0, again.stderr
    assert 0 < len(kept) < 20
    assert f"resuming after {len(kept)} finished trials" in again.stderr
    ours = scores(tmp_path)
    assert ours["seed"].is_unique
    pd.testing.assert_frame_equal(ours, scores(undisturbed), atol=1e-4, rtol=0)


def test_ctrl_c_shows_how_to_resume(tmp_path: Path) -> None:
    write_campaign(tmp_path)
    process = started(tmp_path)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)

    assert process.returncode == 130
    assert "all finished results are kept; resume with: dartboard campaign" in said.splitlines()[-1]
    conditions = load_campaign(STORE.format(folder=tmp_path), "small").conditions
    assert set(conditions["state"]) <= {"stopped", "done"}
    assert "stopped" in set(conditions["state"])


def test_more_seeds_extend_a_campaign(undisturbed: Path, tmp_path: Path) -> None:
    write_campaign(tmp_path)
    first = campaign(tmp_path, "--seeds", "2")
    write_campaign(tmp_path, trials=5)
    few = scores(tmp_path)
    grown = campaign(tmp_path)

    assert (first.returncode, grown.returncode) == (0, 0)
    assert len(few) == 8
    pd.testing.assert_frame_equal(scores(tmp_path), scores(undisturbed), atol=1e-4, rtol=0)


def test_a_finished_campaign_runs_nothing(undisturbed: Path) -> None:
    before = scores(undisturbed)
    ran = campaign(undisturbed)
    assert ran.returncode == 0
    assert "campaign small done" in ran.stderr.splitlines()[-1]
    pd.testing.assert_frame_equal(scores(undisturbed), before)


def test_status_shows_trials_and_scores_per_condition(undisturbed: Path) -> None:
    overview = dartboard(undisturbed, "status")
    shown = dartboard(undisturbed, "status", "small")
    assert "20 of 20 trials" in overview.stdout
    assert "campaign of 4 conditions · done" in shown.stdout
    own = scores(undisturbed)
    best = own.loc[own["condition"] == "sequential-all-blur-darts-H1", "architecture_psnr"].max()
    (row,) = (line.split() for line in shown.stdout.splitlines() if "-darts-H1" in line)
    assert row[:3] == ["sequential-all-blur-darts-H1", "5/5", f"{best:.2f}"]


@pytest.mark.parametrize("what", ["trials", "conditions", "evaluations", "curves"])
def test_an_export_starts_with_the_campaign_s_name(undisturbed: Path, what: str) -> None:
    ran = dartboard(undisturbed, "export", "small", "--what", what)
    assert ran.returncode == 0, ran.stderr
    head, *rows = ran.stdout.splitlines()
    assert head.startswith(
        "campaign,condition,space,operations,problem,method,hyperparameters,epochs"
    )
    assert all(row.startswith("small,sequential-") for row in rows)
    assert (
        len(rows) == {"trials": 20, "conditions": 4, "evaluations": 12, "curves": 5 * 5 * 3}[what]
    )


def test_a_campaign_has_no_incumbents_to_export(undisturbed: Path) -> None:
    ran = dartboard(undisturbed, "export", "small")
    assert ran.returncode == 2
    others = "evaluations, trials, curves, conditions, candidates"
    assert f"expected one of {others} for a campaign" in ran.stderr


def test_a_master_serves_a_campaign(undisturbed: Path, tmp_path: Path) -> None:
    write_campaign(tmp_path)
    with subprocess.Popen(
        [*command("master", "campaign.toml"), "--port", "0"],
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as master:
        assert master.stderr is not None
        told = next(line for line in master.stderr if "dartboard worker" in line)
        address = told.split("dartboard worker ")[1].split()[0]
        worker = dartboard(tmp_path, "worker", address, "--engine", "torch", "--idle-limit", "1")
        said = master.stderr.read()
    assert (worker.returncode, master.returncode) == (0, 0), said
    pd.testing.assert_frame_equal(scores(tmp_path), scores(undisturbed), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("trials = 5", "trails = 5"), "unknown key 'trails'"),
        (("layers = 2", "layers = 3"), "was begun with other settings (architecture.layers: 2"),
        (('"random"', '"randomly"'), "key 'grid.0.methods.1'"),
    ],
)
def test_a_wrong_campaign_file_is_refused(
    undisturbed: Path, change: tuple[str, str], message: str
) -> None:
    text = (undisturbed / "campaign.toml").read_text()
    (undisturbed / "wrong.toml").write_text(text.replace(*change))

    ran = dartboard(undisturbed, "campaign", "wrong.toml")

    assert ran.returncode == 2
    assert message in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert len(scores(undisturbed)) == 20


def test_delete_asks_before_deleting_a_campaign(undisturbed: Path) -> None:
    declined = dartboard(undisturbed, "delete", "small", answer="n\n")
    agreed = dartboard(undisturbed, "delete", "small", answer="y\n")
    gone = dartboard(undisturbed, "status", "small")

    assert "Delete campaign 'small' and all its results" in declined.stdout
    assert (declined.returncode, agreed.returncode, gone.returncode) == (1, 0, 2)
