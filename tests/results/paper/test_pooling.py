"""Which conditions may stand in one row, and how many trials they have together."""

from pathlib import Path
from typing import Any

import pytest

from configspace.architecture import ArchitectureSettings
from configspace.campaign import Campaign
from configspace.condition import Condition
from configspace.errors import StoreError
from configspace.evaluation import ConditionEvaluation
from configspace.hyperparameters import Hyperparameters
from configspace.search import SearchSettings
from configspace.study import ProblemSettings
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
    ("settings", "difference"),
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
def test_conditions_of_one_row_must_agree(settings: dict[str, Any], difference: str) -> None:
    with pytest.raises(StoreError) as caught:
        refuse_mixtures([condition(), condition("two", **settings)])
    message = str(caught.value)
    assert "got conditions 'one/c' (there) and 'two/c' (here), which differ: " in message
    assert difference in message
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
def test_conditions_may_differ_in_seeds_and_limits(
    settings: dict[str, Any],
) -> None:
    refuse_mixtures([condition(), condition("two", **settings)])


def test_conditions_of_different_rows_may_differ() -> None:
    refuse_mixtures(
        [condition(), condition("two", preset="H2", problem=ProblemSettings(noise=0.01))]
    )


def test_an_error_lists_three_differences() -> None:
    given: dict[str, Any] = {"method": "given", "trials": 9}
    drawn = [((name,) * 10,) * 9 for name in ("cnn", "roll")]
    with pytest.raises(StoreError, match=r"architecture 2: .*; and 6 more; name") as caught:
        refuse_mixtures(condition(**given, architectures=names) for names in drawn)
    assert "architecture 3" not in str(caught.value)


def loaded(folder: Path, *filled: dict[str, Any]) -> list[CampaignFrames]:
    url = f"sqlite:///{folder / 'store.db'}"
    with Store.open(url) as store:
        for each in filled:
            filled_campaign(store, **each)
    return [load_campaign(url, each["name"]) for each in filled]


def test_finished_and_crashed_trials_are_counted(tmp_path: Path) -> None:
    found = tallies(loaded(tmp_path, {"name": "one", "trials": 7, "crashed": 2}))
    assert found == {DARTS: Tally(7, 5, 2), RANDOM: Tally(7, 5, 2)}
    assert setting_of(condition()) == DARTS


def test_a_trial_of_two_campaigns_counts_once(
    tmp_path: Path,
) -> None:
    frames = loaded(
        tmp_path,
        {"name": "one", "trials": 7, "crashed": 2},
        {"name": "two", "trials": 9, "crashed": 3},
    )
    # In the first, trials 5 and 6 crashed; in the second, 5 finished, and 6 to 8 crashed.
    assert tallies(frames)[DARTS] == Tally(9, 6, 3)


def test_trials_beyond_the_planned_ones_count(tmp_path: Path) -> None:
    (frames,) = loaded(tmp_path, {"name": "one", "trials": 7, "crashed": 1})
    fewer = tuple(each.model_copy(update={"trials": 2}) for each in frames.campaign.conditions)
    again = CampaignFrames(
        Campaign(name="one", conditions=fewer),
        frames.conditions,
        frames.evaluations,
        frames.trials,
        frames.curves,
        frames.candidates,
    )
    assert tallies([again])[DARTS] == Tally(7, 6, 1)


def test_texts_name_settings_with_crashed_or_missing_trials() -> None:
    cell_space = Setting("cell", "good", "blur", "darts", "H2")
    found = {
        DARTS: Tally(planned=75, finished=73, crashed=2),
        RANDOM: Tally(planned=75, finished=75, crashed=0),
        cell_space: Tally(planned=75, finished=30, crashed=1),
    }
    assert crashed_text(found) == [
        "Blur, all ops., DARTS, H1: 2 of 75 trials crashed and are not counted",
        "Blur, good ops., DARTS, H2, cell space: 1 of 75 trials crashed and are not counted",
    ]
    assert unfinished_text(found) == [
        "Blur, good ops., DARTS, H2, cell space: 30 of 75 trials so far"
    ]
