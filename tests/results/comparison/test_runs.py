"""Conditions that explain a comparison."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from configspace.condition import Condition
from configspace.evaluation import EvaluationSettings
from configspace.search import SearchSettings
from configspace.study import ProblemSettings
from results.analysis.incumbent import incumbent_of, reruns_of_incumbent
from results.comparison.report import comparison_report
from results.comparison.runs import (
    Pair,
    crossed_conditions,
    crossings,
    exchanged_conditions,
    extra_trials,
    pairs_of,
)
from results.frames.campaign import CampaignFrames
from results.frames.study import load_from
from results.store.store import Store
from tests.results.made_up import filled


def pair_of(folder: Path, *, same: bool = False, reruns: int = 8, **settings: Any) -> Pair:
    with Store.open(f"sqlite:///{folder}/store.db") as store:
        filled(store, "one", "one-shot", configurations=9 if same else 6, reruns=reruns, **settings)
        filled(store, "two", "final", seed=2, reruns=reruns, **settings)
        return load_from(store, "one"), load_from(store, "two")


@pytest.mark.parametrize(("here", "there"), [("blur", "downsampling"), ("downsampling", "blur")])
def test_each_incumbent_is_run_on_the_other_problem(tmp_path: Path, here: str, there: str) -> None:
    problem = ProblemSettings(name=here, noise=0.05)
    pair = pair_of(tmp_path, problem=problem)
    conditions = crossed_conditions(pair, trials=75, batch=8)
    for condition, frames in zip(conditions, pair, strict=True):
        assert condition.problem == problem.model_copy(update={"name": there})
        assert condition.hyperparameters == incumbent_of(frames).hyperparameters
        assert (condition.method, condition.epochs, condition.trials) == ("darts", 50, 75)
        assert condition.architecture == frames.study.architecture
    assert len({condition.study for condition in conditions}) == 2


def test_a_custom_problem_has_no_other_problem(tmp_path: Path) -> None:
    pair = pair_of(tmp_path, problem=ProblemSettings(name="mine:Waves"))
    assert crossed_conditions(pair, trials=4, batch=4) == ()


def test_equal_incumbents_need_no_conditions(tmp_path: Path) -> None:
    pair = pair_of(tmp_path, same=True)
    assert crossed_conditions(pair, trials=4, batch=4) == ()
    assert exchanged_conditions(pair, trials=4, batch=4) == ()


def test_only_settings_of_the_weights_are_exchanged(tmp_path: Path) -> None:
    pair = pair_of(tmp_path)
    conditions = exchanged_conditions(pair, trials=5, batch=4)
    incumbents = [incumbent_of(frames).hyperparameters for frames in pair]
    for condition, frames, own, other in zip(
        conditions, pair, incumbents, reversed(incumbents), strict=True
    ):
        trained = condition.hyperparameters
        assert trained.param_lr == other.param_lr != own.param_lr
        assert trained.alpha_lr == own.alpha_lr
        assert condition.method == "given"
        assert condition.architectures is not None
        found = reruns_of_incumbent(frames)["architecture"][:5]
        assert [" ".join(names) for names in condition.architectures] == found.tolist()


def test_each_re_run_gives_one_architecture(tmp_path: Path) -> None:
    conditions = exchanged_conditions(pair_of(tmp_path, reruns=8), trials=75, batch=8)
    assert [condition.trials for condition in conditions] == [8, 8]


def test_without_re_runs_nothing_is_exchanged(tmp_path: Path) -> None:
    assert exchanged_conditions(pair_of(tmp_path, reruns=0), trials=4, batch=4) == ()


def test_exchanged_architectures_are_never_searched(tmp_path: Path) -> None:
    search = SearchSettings().model_copy(update={"variant": "darts-single"})
    one, two = (
        replace(frames, study=frames.study.model_copy(update={"search": search}))
        for frames in pair_of(tmp_path)
    )
    pair = one, two
    crossed = crossed_conditions(pair, trials=4, batch=4)
    assert [condition.method for condition in crossed] == ["darts-single"] * 2
    exchanged = exchanged_conditions(pair, trials=4, batch=4)
    assert [condition.search.variant for condition in exchanged] == ["darts"] * 2


def test_added_runs_keep_the_short_fraction(tmp_path: Path) -> None:
    evaluation = EvaluationSettings(short_fraction=0.3)
    one, two = (
        replace(frames, study=frames.study.model_copy(update={"evaluation": evaluation}))
        for frames in pair_of(tmp_path)
    )
    conditions = crossed_conditions((one, two), trials=4, batch=4)
    assert [condition.evaluation.short_fraction for condition in conditions] == [0.3, 0.3]


def three_of(folder: Path) -> list[Pair]:
    """Return two studies next to a final study."""
    with Store.open(f"sqlite:///{folder}/store.db") as store:
        filled(store, "one", "one-shot", configurations=6, reruns=8)
        filled(store, "two", "one-shot", configurations=3, reruns=8)
        filled(store, "final", "final", seed=2, reruns=8)
        return pairs_of([load_from(store, name) for name in ("one", "two", "final")])


REFERENCE = "final-0.0.6-50-on-downsampling"


def places(conditions: list[Condition]) -> list[tuple[str, str]]:
    return [(condition.campaign, condition.name) for condition in conditions]


def test_the_reference_is_run_once_on_the_other_problem(tmp_path: Path) -> None:
    found = crossings(three_of(tmp_path), {}, trials=4, batch=4)
    assert places(found) == [
        ("one-against-final", "one-shot-0.0.3-50-on-downsampling"),
        ("one-against-final", REFERENCE),
        ("two-against-final", "one-shot-0.0.0-50-on-downsampling"),
    ]


def test_earlier_runs_of_the_reference_are_extended(tmp_path: Path) -> None:
    known = {"two-against-final": {REFERENCE}, "one-against-final": {"another"}}
    found = crossings(three_of(tmp_path), known, trials=4, batch=4)
    homes = [campaign for campaign, name in places(found) if name == REFERENCE]
    assert homes == ["two-against-final"]
    assert len(found) == 3


def frames_of(conditions: dict[str, float]) -> CampaignFrames:
    """Return a campaign with two trials of each condition, which score the given PSNR."""
    named = list(conditions)
    trials = pd.DataFrame(
        {
            "condition": [name for name in named for _ in range(2)],
            "trial": [0, 1] * len(named),
            "architecture": "net",
            "architecture_psnr": [conditions[name] for name in named for _ in range(2)],
        }
    )
    counts = pd.DataFrame({"condition": named, "crashed": range(len(named))})
    return cast("CampaignFrames", SimpleNamespace(trials=trials, conditions=counts))


def test_every_pair_has_the_trials_of_the_reference(tmp_path: Path) -> None:
    pairs = three_of(tmp_path)
    campaigns = {
        "one-against-final": frames_of({"one-shot-0.0.3-50-on-downsampling": 1.0}),
        "two-against-final": frames_of({"one-shot-0.0.0-50-on-downsampling": 2.0, REFERENCE: 3.0}),
    }
    for pair, psnr in zip(pairs, (1.0, 2.0), strict=True):
        found = extra_trials(pair, campaigns)
        assert [each["architecture_psnr"].tolist() for each in found.crossed] == [
            [psnr, psnr],
            [3.0, 3.0],
        ]
        assert found.crossed_crashed == (0, 1)


def test_without_campaigns_there_are_no_extra_trials(tmp_path: Path) -> None:
    (pair, _) = three_of(tmp_path)
    found = extra_trials(pair, {})
    assert [len(each) for each in (*found.crossed, *found.exchanged)] == [0] * 4
    report = comparison_report(pair, [found])
    assert report.pairs[0].crossed is None
    assert report.pairs[0].exchange is None
