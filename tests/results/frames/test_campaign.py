"""A campaign's frames, on every kind of store."""

import pandas as pd
import pytest

from configspace.errors import StoreError
from configspace.hyperparameters import DOMAINS
from results import load_campaign
from results.frames.campaign import load_campaign_from
from results.store.store import Store
from tests.results.made_up import filled
from tests.results.made_up_campaign import filled_campaign


def test_a_trial_is_a_row_that_says_which_cell_it_is_of(store: Store) -> None:
    campaign = filled_campaign(store, trials=7, part=3)
    filled(store)

    trials = load_campaign_from(store, "many").trials

    assert len(trials) == 14
    for condition in campaign.conditions:
        own = trials[trials["condition"] == condition.name]
        assert own["trial"].tolist() == list(range(7))
        assert own["seed"].tolist() == list(condition.trial_seeds(range(7)))
        assert set(own["method"]) == {condition.method}
        assert set(own["hyperparameters"]) == {condition.preset}
    first = trials.iloc[0]
    assert (first["campaign"], first["space"], first["operations"]) == ("many", "sequential", "all")
    assert (first["problem"], first["epochs"]) == ("blur", 50)


def test_what_was_not_searched_has_no_one_shot_score(store: Store) -> None:
    filled_campaign(store)
    trials = load_campaign_from(store, "many").trials
    missing = trials["one_shot_psnr"].isna()
    assert set(trials[missing]["method"]) == {"random"}
    assert set(trials[~missing]["method"]) == {"darts"}
    assert trials["architecture_psnr"].notna().all()


def test_a_cell_is_a_row_with_its_settings_and_how_far_it_is(store: Store) -> None:
    campaign = filled_campaign(store, trials=7, part=3, crashed=1)
    conditions = load_campaign_from(store, "many").conditions
    assert conditions["condition"].tolist() == [condition.name for condition in campaign.conditions]
    assert conditions[["trials", "finished", "crashed"]].to_numpy().tolist() == [[7, 6, 1]] * 2
    for condition, row in zip(campaign.conditions, conditions.to_dict("records"), strict=True):
        assert {name: row[name] for name in DOMAINS} == condition.hyperparameters.model_dump()


def test_a_campaign_without_results_has_all_columns_and_types(store: Store) -> None:
    filled_campaign(store, name="full")
    filled_campaign(store, trials=0)
    full, empty = (load_campaign_from(store, name) for name in ("full", "many"))
    for what in ("conditions", "evaluations", "trials", "curves"):
        frame: pd.DataFrame = getattr(empty, what)
        pd.testing.assert_series_equal(frame.dtypes, getattr(full, what).dtypes)
    assert empty.conditions["finished"].tolist() == [0, 0]
    assert empty.trials.empty


def test_curves_come_on_demand_the_search_first(store: Store) -> None:
    filled_campaign(store, trials=2)
    assert load_campaign_from(store, "many").curves.empty
    curves = load_campaign_from(store, "many", with_curves=True).curves
    of_first = curves[(curves["method"] == "darts") & (curves["trial"] == 0)]
    steps = list(of_first[["phase", "epoch"]].itertuples(index=False, name=None))
    assert steps == [("search", 1), ("search", 2), ("retrain", 1), ("retrain", 2)]


def test_jobs_are_rows_in_the_order_of_submission(store: Store) -> None:
    filled_campaign(store, trials=7, part=3)
    jobs = load_campaign_from(store, "many").evaluations
    assert jobs["first_trial"].tolist() == [0, 3, 6] * 2
    assert jobs["trials"].tolist() == [3, 3, 1] * 2
    assert set(jobs["state"]) == {"finished"}


def test_an_unknown_campaign_is_an_error(url: str, store: Store) -> None:
    filled_campaign(store)
    with pytest.raises(StoreError, match=r"no campaign 'more' in .*; it has the campaigns 'many'"):
        load_campaign(url, "more")
