"""Frames of a campaign, on every kind of store."""

import pandas as pd
import pytest

from configspace.campaign import Campaign
from configspace.errors import StoreError
from configspace.hyperparameters import DOMAINS
from results import load_campaign
from results.frames.campaign import distinct, load_campaign_from
from results.store.store import Store
from tests.results.made_up import filled
from tests.results.made_up_campaign import filled_campaign


@pytest.fixture
def campaign(store: Store) -> Campaign:
    """Return a campaign of 7 trials per condition, which is in the store next to a study."""
    made = filled_campaign(store, trials=7, part=3)
    filled(store)
    return made


def test_each_condition_has_its_trials(store: Store, campaign: Campaign) -> None:
    trials = load_campaign_from(store, "many").trials
    assert len(trials) == 14
    for condition in campaign.conditions:
        rows = trials[trials["condition"] == condition.name]
        assert rows["trial"].tolist() == list(range(7))
        assert rows["seed"].tolist() == list(condition.trial_seeds(range(7)))


def test_a_trial_has_the_settings_of_its_condition(store: Store, campaign: Campaign) -> None:
    trials = load_campaign_from(store, "many").trials
    for condition in campaign.conditions:
        rows = trials[trials["condition"] == condition.name]
        assert set(rows["method"]) == {condition.method}
        assert set(rows["hyperparameters"]) == {condition.preset}
    first = trials.iloc[0]
    assert (first["campaign"], first["space"], first["operations"]) == ("many", "sequential", "all")
    assert (first["problem"], first["epochs"]) == ("blur", 50)


def test_only_a_search_has_a_one_shot_score(store: Store) -> None:
    filled_campaign(store)
    trials = load_campaign_from(store, "many").trials
    missing = trials["one_shot_psnr"].isna()
    assert set(trials[missing]["method"]) == {"random"}
    assert set(trials[~missing]["method"]) == {"darts"}


def test_every_trial_has_an_architecture_score(store: Store) -> None:
    filled_campaign(store)
    trials = load_campaign_from(store, "many").trials
    assert trials["architecture_psnr"].notna().all()


def test_only_a_crashed_job_has_a_message(store: Store) -> None:
    filled_campaign(store, crashed=1)
    evaluations = load_campaign_from(store, "many").evaluations
    crashed = evaluations["state"] == "crashed"
    assert set(evaluations.loc[crashed, "message"]) == {"diverged"}
    assert evaluations.loc[~crashed, ["failure", "message"]].isna().all(axis=None)


def test_a_condition_has_its_progress(store: Store) -> None:
    campaign = filled_campaign(store, trials=7, part=3, crashed=1)
    conditions = load_campaign_from(store, "many").conditions
    assert conditions["condition"].tolist() == [condition.name for condition in campaign.conditions]
    assert conditions[["trials", "finished", "crashed"]].to_numpy().tolist() == [[7, 6, 1]] * 2


def test_a_condition_has_its_hyperparameters(store: Store) -> None:
    campaign = filled_campaign(store, trials=7, part=3, crashed=1)
    conditions = load_campaign_from(store, "many").conditions
    for condition, row in zip(campaign.conditions, conditions.to_dict("records"), strict=True):
        assert {name: row[name] for name in DOMAINS} == condition.hyperparameters.model_dump()


def test_empty_frames_have_the_same_types(store: Store) -> None:
    filled_campaign(store, name="full")
    filled_campaign(store, trials=0)
    full, empty = (load_campaign_from(store, name) for name in ("full", "many"))
    for what in ("conditions", "evaluations", "trials", "curves"):
        frame: pd.DataFrame = getattr(empty, what)
        pd.testing.assert_series_equal(frame.dtypes, getattr(full, what).dtypes)


def test_a_campaign_without_results_has_no_trials(store: Store) -> None:
    filled_campaign(store, trials=0)
    empty = load_campaign_from(store, "many")
    assert empty.conditions["finished"].tolist() == [0, 0]
    assert empty.trials.empty


def test_curves_are_left_out_by_default(store: Store) -> None:
    filled_campaign(store, trials=2)
    assert load_campaign_from(store, "many").curves.empty


def test_in_curves_the_search_comes_first(store: Store) -> None:
    filled_campaign(store, trials=2)
    curves = load_campaign_from(store, "many", with_curves=True).curves
    of_first = curves[(curves["method"] == "darts") & (curves["trial"] == 0)]
    steps = list(of_first[["phase", "epoch"]].itertuples(index=False, name=None))
    assert steps == [("search", 1), ("search", 2), ("retrain", 1), ("retrain", 2)]


def test_jobs_are_in_order_of_submission(store: Store) -> None:
    filled_campaign(store, trials=7, part=3)
    jobs = load_campaign_from(store, "many").evaluations
    assert jobs["first_trial"].tolist() == [0, 3, 6] * 2
    assert jobs["trials"].tolist() == [3, 3, 1] * 2
    assert set(jobs["state"]) == {"finished"}


def test_a_campaign_must_exist(url: str, store: Store) -> None:
    filled_campaign(store)
    with pytest.raises(StoreError, match=r"no campaign 'more' in .*; it has the campaigns 'many'"):
        load_campaign(url, "more")


def test_a_trial_in_two_campaigns_counts_once(store: Store) -> None:
    filled_campaign(store, trials=4)
    trials = load_campaign_from(store, "many").trials
    twice = pd.concat([trials, trials.assign(campaign="other")])
    pd.testing.assert_frame_equal(distinct(twice), trials)


def test_a_trial_without_retraining_does_not_count(store: Store) -> None:
    filled_campaign(store, trials=4)
    trials = load_campaign_from(store, "many").trials
    assert distinct(trials.assign(architecture_psnr=float("nan"))).empty
