"""`dartboard surrogate`: a small campaign from end to end."""

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from cli.commands.surrogate import surrogate
from configspace.errors import CampaignError, DartboardError
from results.export import table
from results.frames.campaign import load_campaign

SMALL = """
name = "small"
epochs = 1
trials = 2
methods = ["darts", "rs-ws"]

[surrogate]
architectures = 6
batches = 1

[problem]
points = 20

[architecture]
layers = 3
channels = 4

[search]
batch_size = 8
batches = 2
rs_ws = {architectures = 4, batches = 1, finalists = 2}
"""


def written(folder: Path, text: str = SMALL) -> Path:
    path = folder / "small.toml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of a store with the finished campaign."""
    folder = tmp_path_factory.mktemp("surrogate")
    made = f"sqlite:///{folder / 'store.db'}"
    output = folder / "report.md"
    assert surrogate(written(folder), made, format="markdown", output=output, workers=1) == 0
    assert output.read_text().startswith("## blur, sequential, all operations, 1 epoch, H1\n")
    return made


@pytest.mark.slow
def test_all_supernets_score_all_architectures(url: str) -> None:
    frames = load_campaign(url, "small")
    assert frames.conditions["finished"].tolist() == [6, 2, 2]
    scores = frames.candidates
    assert len(scores) == 2 * 2 * 6
    pd.testing.assert_frame_equal(table(url, ["small"], "candidates"), scores)
    assert scores["psnr"].notna().all()
    assert set(scores[scores["alpha_likelihood"].isna()]["method"]) == {"rs-ws"}
    assert frames.trials["second_final"].notna().sum() == 6


@pytest.mark.slow
def test_nothing_runs_twice(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = load_campaign(url, "small").evaluations
    assert surrogate(written(tmp_path), url, format="json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["supernets_by"] for row in rows] == [
        "darts",
        "darts",
        "rs-ws",
        "harmful operations",
        "training",
    ]
    pd.testing.assert_frame_equal(load_campaign(url, "small").evaluations, before)


@pytest.mark.slow
def test_a_picture_and_a_table_are_written(url: str, tmp_path: Path) -> None:
    table, picture = tmp_path / "table.csv", tmp_path / "picture.png"
    assert surrogate(written(tmp_path), url, format="csv", output=table, picture=picture) == 0
    found = pd.read_csv(io.StringIO(table.read_text()))
    assert found["verdict"].dropna().tolist() == ["too few"] * 3
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_campaign_without_surrogate_is_a_clear_error(tmp_path: Path) -> None:
    path = written(tmp_path, 'name = "plain"')
    with pytest.raises(CampaignError, match=r"expected a table \[surrogate\], got none"):
        surrogate(path, f"sqlite:///{tmp_path / 'store.db'}")
    assert not (tmp_path / "store.db").exists()


def test_parquet_needs_a_file(tmp_path: Path) -> None:
    with pytest.raises(DartboardError, match="expected a file for the format parquet"):
        surrogate(written(tmp_path), f"sqlite:///{tmp_path / 'store.db'}", format="parquet")
    assert not (tmp_path / "store.db").exists()
