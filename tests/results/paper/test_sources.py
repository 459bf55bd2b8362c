"""Campaigns and studies of tables and figures."""

from pathlib import Path

import pytest

from configspace.errors import StoreError
from configspace.study import ProblemSettings
from results.paper.sources import STUDIES, TABLES, campaign_frames, campaign_trials, table_studies
from results.store.store import Store
from tests.results.made_up import filled
from tests.results.made_up_campaign import filled_campaign


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


def test_the_usual_campaigns_in_the_store_are_used(url: str) -> None:
    with Store.open(url) as store:
        filled_campaign(store, "table1")
        filled_campaign(store, "other")
    found = campaign_trials(url, ("table1", "table3"), (), what="figure 5")
    assert set(found["campaign"]) == {"table1"}
    assert len(found) == 12


@pytest.mark.parametrize(("number", "first"), [(3, "table1"), (4, "table2")])
def test_a_table_of_hyperparameters_has_h1_from_another(number: int, first: str) -> None:
    assert TABLES[number][:2] == (f"table{number}", first)


def test_given_campaigns_are_used_instead(url: str) -> None:
    with Store.open(url) as store:
        for name in ("table1", "mine", "more"):
            filled_campaign(store, name)
    found = campaign_trials(url, TABLES[1], ("mine", "more"), what="table 1")
    assert set(found["campaign"]) == {"mine", "more"}
    with pytest.raises(StoreError, match="no campaign 'lost'"):
        campaign_trials(url, TABLES[1], ("mine", "lost"), what="table 1")


def test_campaigns_of_other_settings_are_an_error(url: str) -> None:
    with Store.open(url) as store:
        filled_campaign(store, "table1")
        filled_campaign(store, "noiseless", problem=ProblemSettings(noise=0.01))
    assert len(campaign_frames(url, TABLES[1], ("noiseless", "noiseless"), what="table 1")) == 1
    with pytest.raises(StoreError, match=r"problem\.noise: 0\.1 there, 0\.01 here"):
        campaign_trials(url, TABLES[1], ("table1", "noiseless"), what="table 1")


def test_the_error_names_the_campaign_file_to_run(url: str) -> None:
    with Store.open(url) as store:
        filled_campaign(store, "other")
    with pytest.raises(StoreError) as caught:
        campaign_trials(url, TABLES[1], (), what="table 1")
    said = str(caught.value)
    assert said.startswith("table 1: expected campaign 'table1' in the store, got 'other'; ")
    assert "'dartboard campaign studies/paper/table1.toml' with this store" in said
    assert "\n" not in said


def test_studies_have_the_names_of_the_papers_columns(url: str) -> None:
    with Store.open(url) as store:
        filled(store, "blur-final")
        filled(store, "mine")
    assert list(table_studies(url, 7, ())) == ["BOHB-Blur"]
    assert list(table_studies(url, 7, ("mine", "blur-final"))) == ["mine", "BOHB-Blur"]


def test_the_error_names_the_study_file_to_run(url: str) -> None:
    with Store.open(url) as store:
        filled(store, "mine")
    first = next(iter(STUDIES[8].values()))
    with pytest.raises(StoreError, match=rf"dartboard run studies/paper/{first}\.toml") as caught:
        table_studies(url, 8, ())
    assert "in the store, got 'mine'; " in str(caught.value)
