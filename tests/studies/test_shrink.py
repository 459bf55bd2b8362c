"""The files of a reproduction, as `studies/paper/shrink.py` leaves them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.studies.test_reproduce import ROOT

pytestmark = pytest.mark.slow

CAMPAIGN = pd.DataFrame(
    {"campaign": ["a", "a"], "condition": ["x", "y"], "trial": [0, 1], "seed": [2**62 + 1, 7]}
)
STUDY = pd.DataFrame(
    {
        "study": ["b"],
        "purpose": ["rerun"],
        "iteration": [3],
        "rung": [1],
        "number": [2],
        "part": [0],
        "trial": [0],
        "seed": [2**62 + 3],
    }
)

RARE = (0, 114, 178)
"""Color of a small mark in a picture."""
OTHERS = ((213, 94, 0), (0, 158, 115), (204, 121, 167), (147, 164, 176))
"""Colors of its large marks."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two exports and three pictures after the script ran twice."""
    folder = tmp_path_factory.mktemp("reproduction")
    for prefix in ("", "signal-"):
        CAMPAIGN.to_parquet(folder / f"{prefix}campaign-trials.parquet", index=False)
        STUDY.to_parquet(folder / f"{prefix}study-trials.parquet", index=False)
    for name in ("evaluations.parquet", "strategy-trials.parquet"):
        CAMPAIGN.to_parquet(folder / name, index=False)
    scores = CAMPAIGN.assign(psnr=[12.345678, 0.5], alpha_likelihood=[-0.12344, np.nan])
    scores.to_parquet(folder / "candidates.parquet", index=False)
    noise = np.random.default_rng(0).integers(256, size=(200, 2000, 3), dtype=np.uint8)
    (folder / "comparison").mkdir()
    Image.fromarray(noise).save(folder / "wide.png")
    Image.fromarray(noise[:, :300]).save(folder / "comparison" / "narrow.png")
    faint = np.linspace(0, 1, 250)[:, None]  # large marks of four colors that fade into white
    fading = np.concatenate([255 - (255 - np.array(color)) * faint for color in OTHERS])
    marked = np.repeat(fading.astype(np.uint8)[:, None], 1000, axis=1)
    marked[500:503, 500:503] = RARE
    Image.fromarray(marked).save(folder / "marked.png")
    script = ROOT / "studies" / "paper" / "shrink.py"
    for _ in range(2):
        subprocess.run([sys.executable, script, folder], check=True)
    return folder


FILES = ("trials.parquet", "signal-trials.parquet")


def test_the_exports_are_merged(folder: Path) -> None:
    assert {path.name for path in folder.glob("*trials*")} == {*FILES, "strategy-trials.parquet"}


@pytest.mark.parametrize("name", FILES)
def test_trials_have_a_campaign_or_a_study(folder: Path, name: str) -> None:
    trials = pd.read_parquet(folder / name)
    assert trials["campaign"].dropna().tolist() == ["a", "a"]
    assert trials["study"].dropna().tolist() == ["b"]
    assert (trials["campaign"].isna() == trials["study"].notna()).all()


def test_integers_keep_every_digit(folder: Path) -> None:
    trials = pd.read_parquet(folder / "trials.parquet")
    assert trials["seed"].tolist() == [2**62 + 1, 7, 2**62 + 3]
    assert trials["iteration"].tolist() == [pd.NA, pd.NA, 3]


@pytest.mark.parametrize("name", ["evaluations.parquet", "strategy-trials.parquet"])
def test_other_tables_keep_their_rows(folder: Path, name: str) -> None:
    found = pd.read_parquet(folder / name)
    pd.testing.assert_frame_equal(found, CAMPAIGN, check_dtype=False)


@pytest.mark.parametrize(
    ("name", "size"), [("wide.png", (1400, 140)), ("comparison/narrow.png", (300, 200))]
)
def test_pictures_have_a_palette_and_a_limited_width(
    folder: Path, name: str, size: tuple[int, int]
) -> None:
    with Image.open(folder / name) as picture:
        assert (picture.mode, picture.size) == ("P", size)


def test_a_small_mark_keeps_its_color(folder: Path) -> None:
    with Image.open(folder / "marked.png") as picture:
        shown = np.asarray(picture.convert("RGB"), dtype=int)
    assert np.abs(shown[501, 501] - RARE).max() <= 8


def test_scores_of_candidates_keep_four_decimals(folder: Path) -> None:
    kept = pd.read_parquet(folder / "candidates.parquet")
    assert kept["psnr"].tolist() == [12.3457, 0.5]
    assert kept["alpha_likelihood"].tolist() == pytest.approx([-0.1234, np.nan], nan_ok=True)
    assert kept["seed"].tolist() == CAMPAIGN["seed"].tolist()
