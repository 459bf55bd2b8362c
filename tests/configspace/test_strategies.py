"""``[strategies]`` of a campaign file: its searches, and what it refuses."""

from pathlib import Path

import pytest

from configspace.campaign import load_campaign, load_searches
from configspace.errors import CampaignError
from configspace.strategy_search import StrategySearch

TINY = """
[strategies]
names = ["random", "bayesian"]
repetitions = 2
trainings = 6
"""


def searches(tmp_path: Path, text: str = TINY) -> tuple[StrategySearch, ...]:
    path = tmp_path / "campaign.toml"
    path.write_text(f'name = "small"\n{text}')
    return load_searches(path)


def test_each_strategy_searches_in_each_repetition(tmp_path: Path) -> None:
    assert [one.name for one in searches(tmp_path)] == [
        "sequential-all-blur-H1-random-0",
        "sequential-all-blur-H1-bayesian-0",
        "sequential-all-blur-H1-random-1",
        "sequential-all-blur-H1-bayesian-1",
    ]


def test_settings_multiply(tmp_path: Path) -> None:
    text = 'problems = ["blur", "downsampling"]\nhyperparameters = ["H1", "H2"]' + TINY
    found = searches(tmp_path, text)
    assert len(found) == 4 * 2 * 2
    assert len({one.setting.name for one in found}) == 4


def test_the_defaults_need_no_continuous_space(tmp_path: Path) -> None:
    found = searches(tmp_path, "[strategies]")
    assert {one.strategy for one in found} == {"random", "bayesian", "descent"}
    assert len(found) == 3 * 5


def test_one_continuous_parameter_is_enough(tmp_path: Path) -> None:
    text = '[strategies]\nnames = ["supernet-descent"]\n[architecture]\ncontinuous = ["tau"]'
    assert len(searches(tmp_path, text)) == 5


def test_strategies_of_a_repetition_share_seeds(tmp_path: Path) -> None:
    first, second, later, _ = searches(tmp_path)
    assert first.seed == second.seed != later.seed
    trained = [one.search((), (), trials=6).seeds for one in (first, second, later)]
    assert trained[0] == trained[1] != trained[2]


def test_fresh_seeds_are_the_same_everywhere(tmp_path: Path) -> None:
    text = 'problems = ["blur", "downsampling"]' + TINY
    fresh = {one.top((), trials=250).seeds for one in searches(tmp_path, text)}
    (seeds,) = fresh
    assert seeds is not None
    assert len(set(seeds)) == 25
    assert not set(seeds) & set(searches(tmp_path)[0].search((), (), trials=6).seeds or ())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('methods = ["darts"]' + TINY, "methods: expected none with"),
        (TINY + '[[grid]]\nmethods = ["random"]', "methods: expected none with"),
        ("trials = 3" + TINY, "trials: expected none with"),
        ("surrogate = {}" + TINY, "surrogate: expected none with"),
        (TINY + '[evaluation]\nsignals = ["short"]', "evaluation.signals: expected none"),
        (TINY + '[architecture]\npoints = ["cnn"]', "architecture.points: expected none"),
        ('spaces = ["sequential", "cell"]' + TINY, "spaces: expected 'sequential' with"),
        ("[strategies]\ntraining = 3", "known keys: names, repetitions, trainings, top, fresh"),
        ("[strategies]\nnames = []", "at least 1 item"),
        ('[strategies]\nnames = ["random", "random"]', "got 'random' twice"),
        ("[strategies]\ntau = [1.0, 0.1]", r"tau: expected \[low, high\], got \[1.0, 0.1\]"),
        ("[strategies]\ndilation = [0.0, 1.0]", "dilation.0': input should be greater than 0"),
        ('[[grid]]\nproblems = ["blur"]\n[[grid]]' + TINY, "expected each condition once"),
        (
            '[strategies]\nnames = ["supernet-descent"]',
            r"expected \[architecture\] continuous for 'supernet-descent'",
        ),
        (
            'operations = ["good"]\narchitecture = {layers = 2}' + TINY,
            "strategies.trainings: expected at most 4",
        ),
        ("", r"expected a table \[strategies\], got none"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(CampaignError, match=reason):
        searches(tmp_path, text)


def test_an_ordinary_campaign_has_no_strategies(tmp_path: Path) -> None:
    path = tmp_path / "campaign.toml"
    path.write_text(f'name = "small"\n{TINY}')
    with pytest.raises(CampaignError, match=r"expected no table \[strategies\]") as caught:
        load_campaign(path)
    assert caught.value.advice == f"run it with 'dartboard strategies {path}'"
