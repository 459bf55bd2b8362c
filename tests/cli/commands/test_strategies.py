"""`dartboard strategies` with real workers: complete, killed, interrupted, crashes, bad input."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from cli.commands.strategies import strategies
from configspace.errors import CampaignError, DartboardError
from results.frames.campaign import CampaignFrames, load_campaign
from tests.cli.commands.test_run import command, dartboard, environment, finished

FINITE = """
name = "small"
epochs = 2

[strategies]
names = ["random", "descent"]
repetitions = 2
trainings = 8
top = 2
fresh = 3

[problem]
points = 12

[architecture]
layers = 6
channels = 4
tau = {tau}

[search]
batch_size = 8
batches = 2

[evaluation]
trials = 4
"""
PLANE = FINITE.replace('"descent"', '"supernet-descent"').replace(
    "layers = 6", 'continuous = ["tau", "dilation"]\nlayers = 2'
)
SCORES = ["condition", "trial", "seed", "architecture_psnr", "architecture"]


def write_campaign(folder: Path, text: str = FINITE, *, tau: float = 0.1) -> Path:
    path = folder / "campaign.toml"
    path.write_text(text.format(tau=tau))
    return path


def search(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return dartboard(folder, "strategies", "campaign.toml", "--engine", "torch", *arguments)


def frames(folder: Path) -> CampaignFrames:
    return load_campaign(f"sqlite:///{folder}/dartboard.db", "small")


def scores(folder: Path) -> pd.DataFrame:
    """Return the trials by name: the order of supernets depends on the order of the outcomes."""
    return frames(folder).trials[SCORES].sort_values(["condition", "trial"], ignore_index=True)


def started(folder: Path) -> "subprocess.Popen[str]":
    """Start a campaign in a new process group, and wait until some jobs have finished."""
    process = subprocess.Popen(
        [*command("strategies", "campaign.toml"), "--engine", "torch", "--workers", "2"],
        cwd=folder,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while finished(folder) < 5 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return process


@pytest.fixture(scope="module", params=[FINITE, PLANE], ids=["finite", "plane"])
def undisturbed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    write_campaign(folder, request.param)
    ran = search(folder, "--workers", "1")
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.mark.slow
def test_every_search_has_its_trainings_and_its_best(undisturbed: Path) -> None:
    found = frames(undisturbed)
    by_name = found.conditions.set_index("condition")["finished"]
    for condition in found.campaign.conditions:
        run = condition.run
        assert run is not None
        if run.part == "top":
            assert by_name[condition.name] == 2 * 3
        elif run.part == "search":
            nets = by_name.index.str.startswith(f"{condition.name}-supernet").sum()
            assert by_name[condition.name] + nets == 8
            assert bool(nets) == (run.strategy == "supernet-descent")
    assert set(found.conditions["state"]) == {"done"}


@pytest.mark.slow
def test_a_killed_campaign_resumes_to_the_same_trials(undisturbed: Path, tmp_path: Path) -> None:
    (tmp_path / "campaign.toml").write_bytes((undisturbed / "campaign.toml").read_bytes())
    process = started(tmp_path)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=120)
    kept = scores(tmp_path)

    again = search(tmp_path, "--workers", "2")

    assert again.returncode == 0, again.stderr
    assert 0 < len(kept) < len(scores(undisturbed))
    assert f"resuming after {len(kept)} finished trials" in again.stderr
    pd.testing.assert_frame_equal(scores(tmp_path), scores(undisturbed), atol=1e-4, rtol=0)


@pytest.mark.slow
def test_a_finished_campaign_runs_nothing(undisturbed: Path) -> None:
    before = frames(undisturbed).evaluations
    ran = search(undisturbed)
    assert ran.returncode == 0
    assert "campaign small done" in ran.stderr
    assert ran.stdout.startswith("blur, sequential, ")
    pd.testing.assert_frame_equal(frames(undisturbed).evaluations, before)


@pytest.mark.slow
def test_status_and_exports_know_the_campaign(undisturbed: Path) -> None:
    overview, shown = dartboard(undisturbed, "status"), dartboard(undisturbed, "status", "small")
    count = len(scores(undisturbed))
    assert f"{count} of {count} trials" in overview.stdout
    assert "nan" not in shown.stdout
    assert "sequential-all-blur-H1-random-1-top" in shown.stdout
    for what in ("trials", "conditions"):
        ran = dartboard(undisturbed, "export", "small", "--what", what)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.startswith("campaign,condition,")


@pytest.mark.slow
def test_ctrl_c_shows_how_to_resume(tmp_path: Path) -> None:
    write_campaign(tmp_path)
    process = started(tmp_path)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)

    assert process.returncode == 130
    assert "kept; resume with: dartboard strategies" in said.splitlines()[-1]
    assert "stopped" in set(frames(tmp_path).conditions["state"])
    assert set(frames(tmp_path).conditions["state"]) <= {"stopped", "done"}


@pytest.mark.slow
def test_diverging_trainings_do_not_end_a_search(tmp_path: Path) -> None:
    write_campaign(tmp_path, tau=1e6)  # four gradient steps make the loss overflow
    ran = search(tmp_path, "--workers", "1")
    assert ran.returncode == 0, ran.stderr
    assert "crashed" in ran.stderr.splitlines()[-1]
    found = frames(tmp_path).conditions.set_index("condition")
    searches = found[~found.index.str.endswith("-top")]
    assert (searches["finished"] + searches["crashed"] == 8).all()
    assert searches["crashed"].sum() > 0
    assert (found.loc[found.index.str.endswith("-top"), "finished"] == 2 * 3).all()


@pytest.mark.slow
def test_reports_and_pictures_are_written(undisturbed: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{undisturbed}/dartboard.db"
    table, top, progress, plane = (
        tmp_path / name for name in ("table.csv", "top.png", "progress.png", "plane.png")
    )
    planar = any(one.architecture.continuous for one in frames(undisturbed).campaign.conditions)
    code = strategies(
        undisturbed / "campaign.toml",
        url,
        format="csv",
        what="architectures",
        output=table,
        picture=top,
        progress_picture=progress,
        plane_picture=plane if planar else None,
    )
    assert code == 0
    found = pd.read_csv(table)
    assert len(found) == found["strategy"].nunique() * 2 * 2
    assert (found["n"] == 3).all()
    pictures = [top, progress, *([plane] if planar else [])]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in pictures)


@pytest.mark.slow
def test_other_settings_are_refused(undisturbed: Path) -> None:
    text = (undisturbed / "campaign.toml").read_text()
    (undisturbed / "wrong.toml").write_text(text.replace("fresh = 3", "fresh = 4"))
    before = scores(undisturbed)
    ran = dartboard(undisturbed, "strategies", "wrong.toml")
    assert ran.returncode == 2
    assert "was begun with other settings (seeds: '3 seeds, first " in ran.stderr
    pd.testing.assert_frame_equal(scores(undisturbed), before)


def test_an_ordinary_campaign_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "plain.toml"
    path.write_text('name = "plain"\ntrials = 2')
    with pytest.raises(CampaignError, match=r"expected a table \[strategies\], got none"):
        strategies(path, f"sqlite:///{tmp_path / 'store.db'}")
    assert not (tmp_path / "store.db").exists()


def test_a_finite_space_has_no_plane_to_draw(tmp_path: Path) -> None:
    path = write_campaign(tmp_path)
    with pytest.raises(CampaignError, match="expected tau and dilation in"):
        strategies(path, f"sqlite:///{tmp_path / 'store.db'}", plane_picture=tmp_path / "plane.png")
    assert not (tmp_path / "store.db").exists()


def test_parquet_needs_a_file(tmp_path: Path) -> None:
    path = write_campaign(tmp_path)
    with pytest.raises(DartboardError, match="expected a file for the format parquet"):
        strategies(path, f"sqlite:///{tmp_path / 'store.db'}", format="parquet")
    assert not (tmp_path / "store.db").exists()
