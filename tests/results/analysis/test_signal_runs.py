"""Runs of studies and campaigns, in groups that can be compared."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configspace.architecture import ArchitectureSettings
from configspace.errors import StoreError
from configspace.evaluation import ConditionEvaluation
from configspace.search import HessianSettings, SearchSettings
from configspace.study import ProblemSettings
from results.analysis.signal_runs import (
    BASELINE,
    RunGroup,
    harmful_operations,
    load_groups,
)
from results.store.store import Store
from tests.results.made_up import filled, id_of, run, study
from tests.results.made_up_campaign import filled_campaign, finish


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


def loaded(url: str, *names: str) -> list[RunGroup]:
    return load_groups(url, names)


def test_conditions_without_a_search_are_left_out(store_url: str) -> None:
    with Store.open(store_url) as store:
        filled_campaign(store, "many")
    (group,) = loaded(store_url, "many")
    assert group.name == "blur, sequential, all operations, 50 epochs"
    assert (len(group.runs), group.runs["configuration"].nunique()) == (6, 1)


def test_signals_are_high_where_they_are_good(store_url: str) -> None:
    with Store.open(store_url) as store:
        campaign = filled_campaign(store, "many", trials=0)
        finish(
            store,
            campaign.conditions[0],
            range(2),
            np.array([[20.0, 21.0], [22.0, 23.0]]),
            {"inherited": 19.0, "entropy": 0.5},
        )
    (group,) = loaded(store_url, "many")
    assert group.runs["one_shot"].tolist() == [20.0, 22.0]
    assert group.runs["inherited"].tolist() == [19.0, 19.0]
    assert group.runs["entropy"].tolist() == [-0.5, -0.5]
    assert group.signals == ["one_shot", "inherited", "entropy"]
    assert "flips" in group.not_recorded


def test_the_baseline_counts_harmful_operations(store_url: str) -> None:
    with Store.open(store_url) as store:
        filled_campaign(store, "many")  # the four operations in turn: 5 of 10 are harmful
        filled_campaign(store, "good", architecture=ArchitectureSettings(operations="good"))
    every, good = loaded(store_url, "many", "good")
    assert set(every.runs[BASELINE]) == {-4.0}
    assert BASELINE not in good.runs


def test_parameters_do_not_hide_harmful_operations() -> None:
    names = pd.Series(["noise(tau=0.2) cnn(dilation=2.0) roll", "cnn cnn noise"])
    settings = ArchitectureSettings(continuous=("tau", "dilation"))
    counted = harmful_operations(settings, names)
    assert counted is not None
    assert counted.tolist() == [2, 1]
    points = ("learnable_gradient(tau=0.1)", "learnable_gradient(tau=0.2)")
    over_points = settings.model_copy(update={"points": points})
    assert harmful_operations(over_points, names) is None


def test_the_operation_set_good_has_a_separate_group(store_url: str) -> None:
    with Store.open(store_url) as store:
        filled_campaign(store, "many")
        filled_campaign(store, "good", architecture=ArchitectureSettings(operations="good"))
    names = [group.name for group in loaded(store_url, "many", "good")]
    assert names == [
        "blur, sequential, all operations, 50 epochs",
        "blur, sequential, good operations, 50 epochs",
    ]


def test_groups_with_one_name_are_told_apart(store_url: str) -> None:
    with Store.open(store_url) as store:
        filled_campaign(store, "many")
        filled_campaign(store, "quiet", problem=ProblemSettings(noise=0.01))
    first, second = loaded(store_url, "many", "quiet")
    assert first.name == "blur, sequential, all operations, 50 epochs, problem.noise 0.1"
    assert second.name == "blur, sequential, all operations, 50 epochs, problem.noise 0.01"


def test_other_search_settings_have_a_separate_group(store_url: str) -> None:
    with Store.open(store_url) as store:
        filled_campaign(store, "many")
        filled_campaign(store, "small", search=SearchSettings(batch_size=64))
    first, second = loaded(store_url, "many", "small")
    assert first.name.endswith("50 epochs, search.batch_size 128")
    assert second.name.endswith("50 epochs, search.batch_size 64")


def test_each_method_has_a_separate_group(store_url: str) -> None:
    with Store.open(store_url) as store:
        filled_campaign(store, "many", methods=("darts", "rs-ws", "best-of-four"))
    groups = loaded(store_url, "many")
    assert [group.name for group in groups] == [
        "blur, sequential, all operations, 50 epochs",
        "blur, sequential, all operations, 50 epochs, rs-ws",
        "blur, sequential, all operations, 50 epochs, best-of-four",
    ]
    assert [group.search_epochs for group in groups] == [50, 50 + 179, 4 * 55]


def recorded(url: str, signal: str, *campaigns: tuple[str, dict[str, Any]]) -> list[RunGroup]:
    """Load campaigns that differ in settings; the first does not record the signal."""
    with Store.open(url) as store:
        for place, (name, settings) in enumerate(campaigns):
            campaign = filled_campaign(store, name, trials=0, seed=place, **settings)
            made = {signal: 1.0} if place else {"entropy": 0.5}
            finish(store, campaign.conditions[0], range(2), 20 + np.zeros((2, 2)), made)
    return loaded(url, *(name for name, _ in campaigns))


def test_measurements_with_other_settings_are_told_apart(store_url: str) -> None:
    short = [{"evaluation": ConditionEvaluation(short_fraction=one)} for one in (0.1, 0.2, 0.3)]
    first, second = recorded(store_url, "short", *zip(("a", "b", "c"), short, strict=True))
    # Runs without the signal fit to either; they join the first.
    assert (len(first.runs), len(second.runs)) == (4, 2)
    assert (first.short_fraction, second.short_fraction) == (0.2, 0.3)
    assert second.differs == "evaluation.short_fraction 0.3"


def test_the_hessian_counts_where_it_was_measured(store_url: str) -> None:
    hessian = [{"search": SearchSettings(hessian=HessianSettings(every=n))} for n in (1, 2, 5)]
    first, second = recorded(store_url, "eigenvalue", *zip(("a", "b", "c"), hessian, strict=True))
    assert (first.differs, second.differs) == ("search.hessian.every 2", "search.hessian.every 5")
    assert (len(first.runs), len(second.runs)) == (4, 2)


def test_baselines_with_a_short_retraining_are_left_out(store_url: str) -> None:
    with Store.open(store_url) as store:
        campaign = filled_campaign(store, "many", trials=0)
        for condition in campaign.conditions:
            finish(store, condition, range(2), 20 + np.zeros((2, 2)), {"short": 1.0})
    (group,) = loaded(store_url, "many")
    assert set(group.runs["configuration"]) == {campaign.conditions[0].digest()}


def test_a_trial_of_two_campaigns_counts_once(store_url: str) -> None:
    with Store.open(store_url) as store:
        filled_campaign(store, "one")
        filled_campaign(store, "two")
    (group,) = loaded(store_url, "one", "two")
    assert (len(group.runs), group.runs["configuration"].nunique()) == (6, 1)


def test_each_budget_of_a_study_is_a_group(store_url: str) -> None:
    with Store.open(store_url) as store:
        settings = study()
        store.begin(settings, {})
        for epochs in (6, 50):
            for number in range(3):
                run(store, settings, id_of(number, epochs), psnrs=[(20.0, 21.0 + number)])
    assert [group.epochs for group in loaded(store_url, "blur-final")] == [6, 50]


def test_reruns_belong_to_the_configuration_of_the_study(store_url: str) -> None:
    with Store.open(store_url) as store:
        settings = study()
        store.begin(settings, {})
        run(store, settings, id_of(0, 50), psnrs=[(20.0, 21.0)])
        run(store, settings, id_of(0, 50, "rerun"), psnrs=[(20.0, 20.5), (20.0, 20.6)])
    (group,) = loaded(store_url, "blur-final")
    assert group.runs["rerun"].tolist() == [False, True, True]
    assert set(group.runs["configuration"]) == {"blur-final (0, 0, 0)"}


def test_studies_and_campaigns_mix(store_url: str) -> None:
    with Store.open(store_url) as store:
        filled(store, "blur-final")
        filled_campaign(store, "many")
    of_both = pd.concat([group.runs for group in loaded(store_url, "blur-final", "many")])
    assert of_both["configuration"].str.startswith("blur-final ").any()
    assert not of_both["configuration"].str.startswith("blur-final ").all()


def test_runs_without_a_final_score_are_an_error(store_url: str) -> None:
    with Store.open(store_url) as store:
        filled(store, "blur-one-shot", "one-shot")
    with pytest.raises(StoreError, match="expected runs with a search and a final score, got none"):
        loaded(store_url, "blur-one-shot")


def test_an_unknown_name_is_an_error(store_url: str) -> None:
    with Store.open(store_url) as store:
        filled_campaign(store, "many")
    with pytest.raises(StoreError, match="nosuch"):
        loaded(store_url, "many", "nosuch")
