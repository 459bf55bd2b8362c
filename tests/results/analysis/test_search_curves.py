"""Curves of searches, one set per condition or study."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from configspace.errors import StoreError
from results.analysis.search_curves import SearchCurves, of_campaign, of_study
from results.frames.campaign import CampaignFrames, load_campaign
from results.frames.study import load
from results.store.store import Store
from tests.results.made_up import filled
from tests.results.made_up_campaign import filled_campaign

DARTS, RANDOM = "sequential-all-blur-darts-H1", "sequential-all-blur-random-H1"


@pytest.fixture
def campaign(tmp_path: Path) -> CampaignFrames:
    """Return a campaign whose searches with DARTS have eigenvalues."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        filled_campaign(store, "many")
    frames = load_campaign(url, "many", with_curves=True)
    searched = (frames.curves["condition"] == DARTS) & (frames.curves["phase"] == "search")
    frames.curves.loc[searched, "eigenvalue"] = 1.0
    return frames


def test_conditions_without_the_column_are_left_out(campaign: CampaignFrames) -> None:
    (found,) = of_campaign(campaign, (), "eigenvalue")
    assert (found.name, found.part, found.trials) == (DARTS, "layer", 6)
    assert set(found.curves["phase"]) == {"search"}


def test_each_epoch_has_the_score_of_its_trial(campaign: CampaignFrames) -> None:
    (found,) = of_campaign(campaign, (DARTS,), "eigenvalue")
    scores = campaign.trials.query("condition == @DARTS").set_index("trial")["architecture_psnr"]
    assert (found.curves["score"] == found.curves["trial"].map(scores)).all()


def test_an_unknown_condition_is_an_error(campaign: CampaignFrames) -> None:
    with pytest.raises(StoreError, match="expected a condition of campaign 'many', got 'nosuch'"):
        of_campaign(campaign, ("nosuch",), "eigenvalue")


def test_missing_eigenvalues_come_with_advice(campaign: CampaignFrames) -> None:
    with pytest.raises(StoreError, match="got none") as error:
        of_campaign(campaign, (RANDOM,), "eigenvalue")
    assert error.value.advice == ('a search measures it with [evaluation] signals = ["eigenvalue"]')


def test_a_study_shows_its_largest_budget(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        filled(store, "blur-final")
    frames = load(url, "blur-final")
    frames.curves["eigenvalue"] = 2.0
    (found,) = of_study(frames, "eigenvalue")
    assert set(found.curves["epochs"]) == {frames.curves["epochs"].max()}
    assert found.curves["score"].notna().all()


def test_norms_are_parsed_by_trial_and_part() -> None:
    curves = pd.DataFrame(
        {
            "run": [0, 0, 1],
            "epoch": [1, 2, 1],  # the second search stopped early
            "plasticity_sup": ["0.1 0.2", "0.3 0.4", "0.5 0.6"],
        }
    )
    epochs, norms = SearchCurves("one", "blur", "cell", curves).plasticity("plasticity_sup")
    assert epochs.tolist() == [1, 2]
    expected = [[[0.1, 0.2], [0.3, 0.4]], [[0.5, 0.6], [np.nan, np.nan]]]
    np.testing.assert_array_equal(norms, expected)
