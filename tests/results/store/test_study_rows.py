"""Rows of studies and of conditions, on every kind of store."""

from typing import Any

import pytest

from configspace.campaign import Campaign
from configspace.condition import Condition
from configspace.errors import CampaignError, StoreError
from configspace.hyperparameters import Hyperparameters
from results.store.events import Part
from results.store.store import Store
from tests.results.made_up import id_of, outcome, run, study


def campaign(*conditions: Condition) -> Campaign:
    return Campaign(name="many", conditions=conditions)


def condition(name: str = "one", **changes: Any) -> Condition:
    values = {
        "campaign": "many",
        "name": name,
        "preset": "H1",
        "hyperparameters": Hyperparameters(),
        "trials": 5,
    }
    return Condition.model_validate({**values, **changes})


def test_a_campaign_comes_back_cell_by_cell_and_is_no_study(store: Store) -> None:
    conditions = (condition(), condition("two", method="random"))
    store.begin_campaign(campaign(*conditions), {})
    assert store.campaign("many") == campaign(*conditions)
    assert (store.study_names(), store.campaign_names()) == ([], ["many"])
    with pytest.raises(StoreError, match=r"'many' in .* is a campaign, not a study"):
        store.study("many")


def test_a_campaign_may_grow_and_shrink_without_losing_a_cell(store: Store) -> None:
    store.begin_campaign(campaign(condition(), condition("two")), {})
    store.begin_campaign(campaign(condition(trials=9), condition("three")), {})
    assert store.campaign("many") == campaign(
        condition(trials=9), condition("two"), condition("three")
    )


def test_a_cell_whose_results_would_differ_is_refused_and_nothing_of_its_campaign_entered(
    store: Store,
) -> None:
    store.begin_campaign(campaign(condition()), {})
    with pytest.raises(
        CampaignError,
        match=r"condition 'one' of campaign 'many' .*architecture\.layers: 10 there, 12 h",
    ):
        store.begin_campaign(campaign(condition("two"), condition(architecture={"layers": 12})), {})
    assert store.campaign("many") == campaign(condition())


def test_other_given_architectures_are_refused_but_more_are_not(store: Store) -> None:
    def given(*names: str) -> Campaign:
        listed = [[name] * 10 for name in names]
        return campaign(condition(method="given", architectures=listed, trials=len(names)))

    store.begin_campaign(given("cnn"), {})
    store.begin_campaign(given("cnn", "roll"), {})
    with pytest.raises(CampaignError, match=r"architecture 1: roll roll .* here"):
        store.begin_campaign(given("cnn", "cnn"), {})


def test_a_study_and_a_campaign_cannot_share_a_name(store: Store) -> None:
    store.begin(study("many"), {})
    with pytest.raises(StoreError, match="has a study called 'many'"):
        store.begin_campaign(campaign(condition()), {})
    store.delete("many")
    store.begin_campaign(campaign(condition()), {})
    with pytest.raises(StoreError, match="has a campaign called 'many'"):
        store.begin(study("many"), {})


def test_deleting_a_campaign_removes_its_cells_and_nothing_else(store: Store) -> None:
    store.begin(study("other"), {})
    store.begin_campaign(campaign(condition(), condition("two")), {})
    store.delete("many")
    assert (store.study_names(), store.campaign_names()) == (["other"], [])
    with pytest.raises(StoreError, match=r"no study 'many' in .*; it has 'other'"):
        store.delete("many")


def test_a_missing_campaign_is_an_error_that_names_those_there_are(store: Store) -> None:
    store.begin_campaign(campaign(condition()), {})
    with pytest.raises(StoreError, match=r"no campaign 'man' in .*, and the campaigns 'many'"):
        store.campaign("man")


def test_parts_tell_their_state_and_size(store: Store) -> None:
    store.begin_campaign(campaign(condition()), {})
    name, sizes = condition().study, {0: 2, 2: 3}
    for first, size in sizes.items():
        id = id_of(purpose="campaign", part=first)
        store.submit(name, id, Hyperparameters(), model_based=False, seeds=size)
    finished = outcome(id_of(purpose="campaign"), [(1.0, 2.0), (3.0, 4.0)])
    store.lease(name, finished.id, worker="w", token="t", attempt=1)
    store.finish(name, finished, loss=-3.0, worker="w")
    assert {id.part: part for id, part in store.parts(name, "campaign").items()} == {
        0: Part("finished", 2),
        2: Part("queued", 3),
    }
    assert store.parts(name, "rerun") == {}


def test_a_re_run_of_an_older_store_has_as_many_trials_as_finished(store: Store) -> None:
    made = study()
    store.begin(made, {})
    run(store, made, id_of(purpose="rerun"), psnrs=[(1.0, 2.0), (3.0, 4.0)])
    assert store.parts(made.name, "rerun") == {id_of(purpose="rerun"): Part("finished", 2)}
