"""Which conditions may stand in one row, and how many trials they have together."""

from pathlib import Path
from typing import Any

import pytest

from configspace.campaign import Campaign
from configspace.condition import Condition, ConditionEvaluation
from configspace.errors import StoreError
from configspace.hyperparameters import Hyperparameters
from configspace.study import ArchitectureSettings, ProblemSettings, SearchSettings
from results.frames.campaign import CampaignFrames, load_campaign
from results.paper.pooling import (
    Tally,
    crashed_text,
    refuse_mixtures,
    setting_of,
    tallies,
    unfinished_text,
)
from results.paper.published import Setting
from results.store.store import Store
from tests.results.made_up_campaign import filled_campaign

DARTS = Setting("sequential", "all", "blur", "darts", "H1")
RANDOM = Setting("sequential", "all", "blur", "random", "H1")


def condition(campaign: str = "one", **settings: Any) -> Condition:
    values: dict[str, Any] = {
        "name": "c",
        "preset": "H1",
        "hyperparameters": Hyperparameters.preset("H1"),
        "trials": 5,
    }
    return Condition(campaign=campaign, **(values | settings))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"problem": ProblemSettings(noise=0.01)}, "problem.noise: 0.1 there, 0.01 here"),
        (
            {"architecture": ArchitectureSettings(channels=8)},
            "architecture.channels: 16 there, 8 here",
        ),
        ({"search": SearchSettings(alpha_scale=1.0)}, "search.alpha_scale: 0.001 there, 1.0 here"),
        ({"epochs": 5}, "epochs: 50 there, 5 here"),
        (
            {"hyperparameters": Hyperparameters.preset("H2")},
            "hyperparameters.alpha_lr: 0.001 there, 0.0001 here",
        ),
    ],
)
def test_cells_of_one_row_whose_settings_differ_are_refused(
    settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(StoreError) as caught:
        refuse_mixtures([condition(), condition("two", **settings)])
    message = str(caught.value)
    assert message.startswith("conditions 'one/c' (there) and 'two/c' (here) would be one row")
    assert said in message
    assert message.endswith("; name one campaign with --campaign")
    assert "\n" not in message


@pytest.mark.parametrize(
    "settings",
    [
        {"trials": 9},
        {"seed": 3},
        {"name": "other"},
        {"evaluation": ConditionEvaluation(trials=1, time_limit=60.0)},
    ],
)
def test_cells_that_differ_in_no_result_but_by_their_seeds_are_one_row(
    settings: dict[str, Any],
) -> None:
    refuse_mixtures([condition(), condition("two", **settings)])


def test_cells_of_different_rows_may_differ_in_everything() -> None:
    refuse_mixtures(
        [condition(), condition("two", preset="H2", problem=ProblemSettings(noise=0.01))]
    )


def test_of_many_differences_the_first_three_are_told() -> None:
    given: dict[str, Any] = {"method": "given", "trials": 9}
    drawn = [((name,) * 10,) * 9 for name in ("cnn", "roll")]
    with pytest.raises(StoreError, match=r"architecture 2: .*; and 6 more\); name") as caught:
        refuse_mixtures(condition(**given, architectures=names) for names in drawn)
    assert "architecture 3" not in str(caught.value)


def loaded(folder: Path, *filled: dict[str, Any]) -> list[CampaignFrames]:
    url = f"sqlite:///{folder / 'store.db'}"
    with Store.open(url) as store:
        for each in filled:
            filled_campaign(store, **each)
    return [load_campaign(url, each["name"]) for each in filled]


def test_finished_and_crashed_trials_of_each_setting_are_counted(tmp_path: Path) -> None:
    found = tallies(loaded(tmp_path, {"name": "one", "trials": 7, "crashed": 2}))
    assert found == {DARTS: Tally(7, 5, 2), RANDOM: Tally(7, 5, 2)}
    assert setting_of(condition()) == DARTS


def test_a_trial_of_two_campaigns_is_counted_once_and_as_finished_if_it_is_in_one(
    tmp_path: Path,
) -> None:
    frames = loaded(
        tmp_path,
        {"name": "one", "trials": 7, "crashed": 2},
        {"name": "two", "trials": 9, "crashed": 3},
    )
    # Of one, trials 5 and 6 crashed; of two, 5 finished, and 6 to 8 crashed.
    assert tallies(frames)[DARTS] == Tally(9, 6, 3)


def test_trials_beyond_those_that_are_wanted_now_count_all_the_same(tmp_path: Path) -> None:
    (frames,) = loaded(tmp_path, {"name": "one", "trials": 7, "crashed": 1})
    fewer = tuple(each.model_copy(update={"trials": 2}) for each in frames.campaign.conditions)
    again = CampaignFrames(
        Campaign(name="one", conditions=fewer),
        frames.conditions,
        frames.evaluations,
        frames.trials,
        frames.curves,
    )
    assert tallies([again])[DARTS] == Tally(7, 6, 1)


def test_words_name_the_settings_with_crashed_and_with_missing_trials_alone() -> None:
    cell_space = Setting("cell", "good", "blur", "darts", "H2")
    found = {
        DARTS: Tally(wanted=75, finished=73, crashed=2),
        RANDOM: Tally(wanted=75, finished=75, crashed=0),
        cell_space: Tally(wanted=75, finished=30, crashed=1),
    }
    assert crashed_text(found) == [
        "Blur, all ops., DARTS, H1: 2 of 75 trials crashed and are not counted",
        "Blur, good ops., DARTS, H2, cell space: 1 of 75 trials crashed and are not counted",
    ]
    assert unfinished_text(found) == [
        "Blur, good ops., DARTS, H2, cell space: 30 of 75 trials so far"
    ]
