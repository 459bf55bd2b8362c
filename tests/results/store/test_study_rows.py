"""Rows of studies and of conditions, on every kind of store."""

from datetime import datetime
from typing import Any

import pytest

from configspace.architecture import ArchitectureSettings
from configspace.bohb import BohbSettings
from configspace.campaign import Campaign
from configspace.condition import Condition
from configspace.errors import CampaignError, StoreError, StudyError
from configspace.evaluation import EvaluationSettings
from configspace.hyperparameters import Hyperparameters
from results.store.schema import studies
from results.store.store import Store
from tests.results.made_up import id_of, run, study
from tests.results.store.rows import only_row


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


@pytest.fixture
def with_results(store: Store) -> Store:
    """Return a store with a study that has a result of torch 2.12.0 and numpy 2.4.6."""
    store.begin(study(), {"torch": "2.12.0", "numpy": "2.4.6"})
    run(store, study(), id_of(0))
    return store


def test_a_study_is_stored_with_all_settings(store: Store) -> None:
    begun = study(seed=2**63 - 1, hyperparameters={"param_lr": [1e-4, 1e-2]})
    store.begin(begun, {"torch": "2.13.0"})
    assert store.study("blur-final") == begun


def test_a_study_may_grow(begun: Store) -> None:
    begun.begin(study(bohb=BohbSettings(iterations=200)), {})
    assert begun.study("blur-final").bohb.iterations == 200


def test_a_study_may_record_more_signals(begun: Store) -> None:
    more = EvaluationSettings(signals=("short", "second-final"), short_fraction=0.2)
    begun.begin(study(evaluation=more), {})
    assert begun.study("blur-final").requests == ("short", "second-final")
    longer = more.model_copy(update={"short_fraction": 0.3})
    with pytest.raises(StudyError, match=r"evaluation\.short_fraction: 0\.2 in the store, 0\.3"):
        begun.begin(study(evaluation=longer), {})


def test_a_campaign_may_record_more_signals(store: Store) -> None:
    store.begin_campaign(campaign(condition()), {})
    recorded, longer = (
        condition(evaluation={"signals": ["short"], "short_fraction": fraction})
        for fraction in (0.1, 0.2)
    )
    store.begin_campaign(campaign(recorded), {})
    with pytest.raises(CampaignError, match=r"evaluation\.short_fraction: 0\.1 in the store"):
        store.begin_campaign(campaign(longer), {})


def test_other_settings_are_refused_with_their_keys(begun: Store) -> None:
    with pytest.raises(StudyError, match=r"architecture\.layers: 10 in the store, 12 here") as told:
        begun.begin(study(architecture=ArchitectureSettings(layers=12)), {})
    assert told.value.advice == (
        "give this study another name, or run 'dartboard delete blur-final' first"
    )


def test_a_refused_study_stays_unchanged(begun: Store) -> None:
    with pytest.raises(StudyError):
        begun.begin(study(architecture=ArchitectureSettings(layers=12)), {})
    assert begun.study("blur-final").architecture.layers == 10


def test_without_results_versions_may_change(store: Store) -> None:
    store.begin(study(), {"torch": "2.12.0"})
    store.begin(study(), {"torch": "2.13.0"})
    assert only_row(store, studies)["versions"] == {"torch": "2.13.0"}
    assert only_row(store, studies)["version_changes"] is None


def test_results_of_other_versions_are_refused(with_results: Store) -> None:
    with pytest.raises(StudyError, match=r"torch 2\.12\.0 in the store, 2\.13\.0 here") as refused:
        with_results.begin(study(), {"torch": "2.13.0", "numpy": "2.4.6"})
    assert refused.value.advice == (
        "install torch==2.12.0, or continue with --accept-version-change"
    )


def test_a_refused_study_keeps_its_versions(with_results: Store) -> None:
    with pytest.raises(StudyError):
        with_results.begin(study(), {"torch": "2.13.0", "numpy": "2.4.6"})
    assert only_row(with_results, studies)["versions"] == {"torch": "2.12.0", "numpy": "2.4.6"}


def test_each_accepted_change_of_versions_is_recorded(with_results: Store) -> None:
    for version in ("2.13.0", "2.13.0", "2.14.0"):
        now = {"torch": version, "numpy": "2.4.6"}
        with_results.begin(study(), now, accept_version_change=True)
    changes = only_row(with_results, studies)["version_changes"]
    assert [(one["after"], one["from"], one["to"]) for one in changes] == [
        (2, {"torch": "2.12.0"}, {"torch": "2.13.0"}),
        (2, {"torch": "2.13.0"}, {"torch": "2.14.0"}),
    ]
    assert all(datetime.fromisoformat(one["at"]).tzinfo for one in changes)


def test_another_build_is_not_another_version(store: Store) -> None:
    store.begin(study(), {"torch": "2.13.0+cu126"})
    run(store, study(), id_of(0))
    store.begin(study(), {"torch": "2.13.0+cpu"})


def test_resuming_under_other_versions_is_refused(with_results: Store) -> None:
    before = only_row(with_results, studies)
    with_results.resume(study().name, {"torch": "2.12.0", "numpy": "2.4.6"})
    with pytest.raises(StudyError, match=r"torch 2\.12\.0 in the store, 2\.13\.0 here"):
        with_results.resume(study().name, {"torch": "2.13.0"})
    assert only_row(with_results, studies) == before


def test_resuming_records_an_accepted_change(with_results: Store) -> None:
    with_results.resume(study().name, {"torch": "2.13.0"}, accept_version_change=True)
    after = only_row(with_results, studies)
    assert after["versions"] == {"torch": "2.13.0"}
    assert [one["to"] for one in after["version_changes"]] == [{"torch": "2.13.0"}]


def test_study_names_are_oldest_first(store: Store) -> None:
    for name in ("b", "a"):
        store.begin(study(name), {})
    assert store.study_names() == ["b", "a"]


def test_a_campaign_is_stored_with_its_conditions(store: Store) -> None:
    conditions = (condition(), condition("two", method="random"))
    store.begin_campaign(campaign(*conditions), {})
    assert store.campaign("many") == campaign(*conditions)


def test_a_campaign_is_not_a_study(store: Store) -> None:
    store.begin_campaign(campaign(condition()), {})
    assert (store.study_names(), store.campaign_names()) == ([], ["many"])
    with pytest.raises(StoreError, match=r"'many' in .* is a campaign, not a study"):
        store.study("many")


def test_a_campaign_keeps_all_conditions(store: Store) -> None:
    store.begin_campaign(campaign(condition(), condition("two")), {})
    store.begin_campaign(campaign(condition(trials=9), condition("three")), {})
    assert store.campaign("many") == campaign(
        condition(trials=9), condition("two"), condition("three")
    )


def test_a_refused_condition_refuses_its_campaign(store: Store) -> None:
    store.begin_campaign(campaign(condition()), {})
    with pytest.raises(
        CampaignError,
        match=r"condition 'one' of campaign 'many' .*architecture\.layers: 10 in the store, 12 h",
    ):
        store.begin_campaign(campaign(condition("two"), condition(architecture={"layers": 12})), {})
    assert store.campaign("many") == campaign(condition())


def test_given_architectures_may_only_be_added(store: Store) -> None:
    def given(*names: str) -> Campaign:
        listed = [[name] * 10 for name in names]
        return campaign(condition(method="given", architectures=listed, trials=len(names)))

    store.begin_campaign(given("cnn"), {})
    store.begin_campaign(given("cnn", "roll"), {})
    with pytest.raises(CampaignError, match=r"architecture 1: roll roll .* here"):
        store.begin_campaign(given("cnn", "cnn"), {})


def test_a_campaign_cannot_share_a_studys_name(store: Store) -> None:
    store.begin(study("many"), {})
    with pytest.raises(StoreError, match="has a study called 'many'; give this campaign another"):
        store.begin_campaign(campaign(condition()), {})
    store.delete("many")
    store.begin_campaign(campaign(condition()), {})


def test_a_study_cannot_share_a_campaigns_name(store: Store) -> None:
    store.begin_campaign(campaign(condition()), {})
    with pytest.raises(StoreError, match="has a campaign called 'many'; give this study another"):
        store.begin(study("many"), {})


def test_deleting_a_campaign_deletes_only_its_conditions(store: Store) -> None:
    store.begin(study("other"), {})
    store.begin_campaign(campaign(condition(), condition("two")), {})
    store.delete("many")
    assert (store.study_names(), store.campaign_names()) == (["other"], [])
    with pytest.raises(StoreError, match=r"no study 'many' in .*; it has 'other'"):
        store.delete("many")


@pytest.mark.parametrize("read", ["study", "history", "unfinished", "delete"])
def test_a_missing_study_lists_those_that_exist(store: Store, read: str) -> None:
    store.begin(study("a"), {})
    store.begin(study("b"), {})
    with pytest.raises(
        StoreError, match=r"^no study 'x' in (sqlite|postgresql)://.*; it has 'a', 'b'$"
    ):
        getattr(store, read)("x")


def test_a_missing_name_among_many_shows_the_nearest(store: Store) -> None:
    for number in range(12):
        store.begin(study(f"study-{number:02}"), {})
    with pytest.raises(StoreError, match=r"it has 'study-0[67]', .* and 9 more$"):
        store.study("stduy-06")


def test_a_study_is_not_a_campaign(store: Store) -> None:
    store.begin(study("a"), {})
    with pytest.raises(StoreError, match=r"'a' in .* is a study, not a campaign"):
        store.campaign("a")


def test_a_missing_campaign_lists_those_that_exist(store: Store) -> None:
    store.begin_campaign(campaign(condition()), {})
    with pytest.raises(StoreError, match=r"no campaign 'man' in .*; it has the campaigns 'many'$"):
        store.campaign("man")


def test_a_missing_name_lists_studies_and_campaigns(store: Store) -> None:
    store.begin(study("a"), {})
    store.begin_campaign(campaign(condition()), {})
    with pytest.raises(StoreError, match=r"it has 'a', and the campaigns 'many'$"):
        store.study("x")


def test_targets_are_listed_in_order_of_their_use(begun: Store) -> None:
    assert begun.targets("blur-final") == ()  # as in a store of an older dartboard
    assert begun.add_target("blur-final", "x86-64-v4") == ()
    assert begun.add_target("blur-final", "x86-64-v4") == ("x86-64-v4",)
    assert begun.add_target("blur-final", "x86-64-v3") == ("x86-64-v4",)
    assert begun.targets("blur-final") == ("x86-64-v4", "x86-64-v3")


def test_targets_are_kept_when_a_study_resumes(with_results: Store) -> None:
    with_results.add_target("blur-final", "x86-64-v4")
    with_results.begin(study(), {"torch": "2.12.0", "numpy": "2.4.6"})
    with_results.resume("blur-final", {"torch": "2.12.0"}, accept_version_change=True)
    assert with_results.targets("blur-final") == ("x86-64-v4",)


def test_targets_of_a_campaign_are_those_of_its_conditions(store: Store) -> None:
    store.begin_campaign(campaign(condition("one"), condition("two")), {})
    store.add_target("many/one", "x86-64-v4")
    store.add_target("many/two", "znver4")
    store.add_target("many/two", "x86-64-v4")
    assert store.targets("many") == ("x86-64-v4", "znver4")
    assert store.targets("none") == ()
