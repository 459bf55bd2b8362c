"""Tables 7 and 8 from small studies."""

from pathlib import Path

import pandas as pd
import pytest

from configspace.hyperparameters import DOMAINS, LABELS, Hyperparameters
from results.frames.study import Frames, load
from results.paper.hyperparameter_tables import settings_frame, settings_grid
from results.stats.estimates import estimate
from results.store.store import Store
from tests.results.made_up import filled, study


@pytest.fixture
def studies(tmp_path: Path) -> dict[str, Frames]:
    """Return one study that repeats the paper's, with re-runs, and another one."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        filled(store, "blur-final", reruns=8)
        filled(store, "mine", "one-shot", seed=1)
    return {"BOHB-Blur": load(url, "blur-final"), "mine": load(url, "mine")}


def test_table_7_has_columns_of_paper_and_dartboard(studies: dict[str, Frames]) -> None:
    table = settings_grid(7, studies)
    assert table.headings == (
        "Hyperparameter",
        "Search range",
        "BOHB-one-shot-Blur, paper",
        "dartboard",
        "BOHB-one-shot-DS, paper",
        "dartboard",
        "BOHB-Blur, paper",
        "dartboard (blur-final)",
        "BOHB-DAS-single, paper",
        "dartboard",
        "dartboard (mine)",
    )
    assert [row[0] for row in table.rows[:8]] == list(LABELS.values())
    assert table.rows[0][1] == "[1e-05, 1]"
    assert (table.rows[0][6], table.rows[0][7]) == ("0.00208823", "0.007")
    assert (table.rows[3][4], table.rows[7][2]) == ("0.0100064", "Adam")
    assert {row[3] for row in table.rows} == {"–"}


def test_columns_have_score_n_and_re_runs(studies: dict[str, Frames]) -> None:
    rows = {row[0]: (row[7], row[10]) for row in settings_grid(7, studies).rows}
    assert rows["n on the largest budget"] == ("3 on 50 epochs", "3 on 50 epochs")
    assert rows["n of re-runs"] == ("8", "0")
    again, none = rows["Re-run, mean PSNR (dB) [95%]"]
    assert "[" in again
    assert none == "–"
    assert rows["Observed PSNR (dB), best of n"][0].endswith(", final")


def test_the_frame_has_the_columns_of_the_presets(
    studies: dict[str, Frames],
) -> None:
    found = settings_frame(7, studies)
    assert list(found.columns)[:9] == ["name", *DOMAINS]
    assert list(found["source"]) == ["paper", "paper", "paper", "ours", "paper", "ours"]
    paper = found.iloc[2]
    values = Hyperparameters.preset("BOHB-Blur").model_dump()
    assert {name: paper[name] for name in DOMAINS} == values
    ours = found.iloc[3]
    runs = studies["BOHB-Blur"].trials.query("purpose == 'rerun'")["architecture_psnr"]
    mean = estimate(runs.to_numpy(), "mean")
    assert (ours["name"], ours["study"], ours["n"]) == ("BOHB-Blur", "blur-final", 3)
    assert ours["rerun_n"] == 8
    assert (ours["rerun_mean"], ours["rerun_low"]) == pytest.approx(
        (mean.value, mean.low), abs=1e-4
    )


def test_table_8_has_two_columns_of_the_paper() -> None:
    table = settings_grid(8, {})
    assert [name for name in table.headings if name.endswith("paper")] == [
        "BOHB-Non-Seq-one-shot-Blur, paper",
        "BOHB-Non-Seq-Blur, paper",
    ]
    assert len(settings_frame(8, {})) == 2


def test_a_study_without_results_is_a_column_of_dashes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        store.begin(study("mine"), {})
    frames = {"mine": load(url, "mine")}
    assert {row[-1] for row in settings_grid(8, frames).rows} == {"–"}
    assert not (settings_frame(8, frames)["source"] == "ours").any()
    assert pd.isna(settings_frame(8, frames)["n"]).all()
