"""Signals of made-up runs, whose correlations are known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau, pearsonr, spearmanr

from configspace.search import SearchSettings
from results.analysis.signal_bootstrap import Scope
from results.analysis.signal_runs import BASELINE
from results.analysis.signals import JudgedGroup, Measured, judge, steps
from results.stats.correlations import correlation
from tests.results.analysis.made_up_signals import group


def measured(judged: JudgedGroup, name: str, scope: Scope = "within") -> Measured:
    (one,) = (one for one in judged.signals if one.name == name)
    return one.scopes[scope]


@pytest.fixture(scope="module")
def judged() -> JudgedGroup:
    return judge(group(), resamples=300)


@pytest.mark.parametrize(
    ("kind", "of_scipy"), [("spearman", spearmanr), ("kendall", kendalltau), ("pearson", pearsonr)]
)
def test_within_is_the_mean_over_configurations(kind: str, of_scipy: object) -> None:
    runs = group(configurations=1, runs=20).runs
    other = group(configurations=1, runs=60, seed=1).runs.assign(configuration="another")
    made = group()
    both = pd.concat([runs, other], ignore_index=True)
    found = judge(type(made)(made.problem, made.architecture, 50, both), resamples=50)
    each = [of_scipy(part["inherited"], part["score"])[0] for part in (runs, other)]  # type: ignore[operator]
    value = getattr(measured(found, "inherited"), kind).value
    assert value == pytest.approx((20 * each[0] + 60 * each[1]) / 80)


def test_overall_compares_all_runs(judged: JudgedGroup) -> None:
    runs = judged.group.runs
    value = measured(judged, "one_shot", "overall").spearman.value
    assert value == pytest.approx(spearmanr(runs["one_shot"], runs["score"])[0])


def test_configurations_are_compared_by_their_means() -> None:
    made = group(configurations=12, runs=6)
    means = made.runs.groupby("configuration")[["one_shot", "score"]].mean()
    found = measured(judge(made, resamples=50), "one_shot", "configurations")
    assert found.spearman == correlation(means["one_shot"], means["score"], "spearman")
    assert (found.runs, found.verdict, found.selections) == (12, None, ())


@pytest.mark.parametrize("kind", ["kendall", "pearson"])
def test_few_configurations_give_no_other_interval(kind: str) -> None:
    few, many = (
        getattr(measured(judge(made, resamples=50), "one_shot", "configurations"), kind)
        for made in (group(configurations=6, runs=6), group(configurations=16, runs=6))
    )
    assert few.value == few.value
    assert np.isnan([few.low, few.high]).all()
    assert many.low < many.value < many.high


def test_a_signal_of_runs_predicts_within_only(judged: JudgedGroup) -> None:
    verdict = measured(judged, "inherited").verdict
    assert verdict is not None
    assert (verdict.predicts, verdict.beats_baseline, verdict.may_be_best) == ("yes", "yes", True)


def test_a_signal_of_configurations_does_not_predict_within(judged: JudgedGroup) -> None:
    verdict = measured(judged, "one_shot").verdict
    assert verdict is not None
    assert (verdict.predicts, verdict.may_be_best) == ("undecided", False)


def test_few_configurations_give_no_verdict_overall(judged: JudgedGroup) -> None:
    verdict = measured(judged, "one_shot", "overall").verdict
    assert verdict is not None
    assert verdict.predicts == "few"


def test_many_configurations_give_a_verdict_overall() -> None:
    found = judge(group(configurations=30, runs=4), resamples=300)
    verdict = measured(found, "one_shot", "overall").verdict
    assert verdict is not None
    assert (verdict.predicts, verdict.may_be_best) == ("yes", True)


def test_a_reversed_signal_misleads() -> None:
    made = group()
    made.runs["inherited"] *= -1
    verdict = measured(judge(made, resamples=300), "inherited").verdict
    assert verdict is not None
    assert (verdict.predicts, verdict.beats_baseline) == ("no", "no")


def test_a_constant_signal_is_named_so(judged: JudgedGroup) -> None:
    verdict = measured(judged, "flips").verdict
    assert verdict is not None
    assert verdict.predicts == "constant"


def test_few_runs_give_no_verdict() -> None:
    found = judge(group(configurations=2, runs=24), resamples=50)
    verdicts = [one.scopes["within"].verdict for one in found.signals]
    assert {verdict.predicts for verdict in verdicts if verdict is not None} == {"few"}


def test_good_operations_have_no_baseline() -> None:
    found = judge(group(operations="good"), resamples=50)
    assert BASELINE not in [one.name for one in found.signals]
    verdict = measured(found, "inherited").verdict
    assert verdict is not None
    assert verdict.beats_baseline is None


def test_reruns_count_within_their_configuration_only() -> None:
    made = group(configurations=5, runs=10)
    made.runs["rerun"] = made.runs["configuration"] == "study (0, 0, 0)"
    found = judge(made, resamples=50)
    assert measured(found, "inherited").runs == 50
    assert measured(found, "inherited", "overall").runs == 40


def test_a_signal_of_some_runs_is_compared_on_those() -> None:
    full, made = group(runs=40), group(runs=40)
    made.runs.loc[made.runs.index % 4 == 0, "inherited"] = np.nan
    left = judge(type(full)(full.problem, full.architecture, 50, made.runs.dropna()), resamples=50)
    found = measured(judge(made, resamples=50), "inherited").verdict
    alone = measured(left, "inherited").verdict
    assert found is not None
    assert alone is not None
    assert found.above_baseline.value == pytest.approx(alone.above_baseline.value)


def test_signals_come_in_order_of_their_correlation(judged: JudgedGroup) -> None:
    values = [one.scopes["within"].spearman.value for one in judged.signals]
    assert values[:-1] == sorted(values[:-1], reverse=True)
    assert judged.signals[-1].name == "flips"


def test_selecting_by_a_perfect_signal_reaches_everything() -> None:
    made = group()
    made.runs["inherited"] = made.runs["score"]
    for selection in measured(judge(made, resamples=50), "inherited").selections:
        assert selection.share.value == pytest.approx(1.0)
        assert selection.kept.value == pytest.approx(selection.best.value)


def test_a_random_pick_scores_the_mean(judged: JudgedGroup) -> None:
    for selection in measured(judged, "inherited").selections:
        assert selection.random.value == pytest.approx(judged.group.runs["score"].mean())


def test_the_cost_counts_searches_and_retrainings() -> None:
    made = group(second_final=0.0)
    made.runs["second_final"] = made.runs["score"]
    found = judge(made, resamples=50)
    ten = {name: measured(found, name).selections[2] for name in ("inherited", "second_final")}
    assert ten["inherited"].cost == 10 * 50 + 50
    assert ten["second_final"].cost == 10 * (50 + 50) + 50
    assert (ten["inherited"].best_cost, ten["inherited"].random_cost) == (10 * 100, 100)


def test_the_cost_is_that_of_the_method() -> None:
    made = replace(group(), search=SearchSettings(variant="best-of-four"))
    ten = measured(judge(made, resamples=20), "inherited").selections[2]
    assert ten.cost == 10 * 4 * (50 + 5) + 50


def test_progress_is_reported_as_often_as_announced() -> None:
    calls: list[None] = []
    made = group(runs=6)
    judge(made, resamples=20, advance=lambda: calls.append(None))
    assert len(calls) == steps(made)


def test_a_short_retraining_adds_its_fraction_to_the_cost() -> None:
    made = group()
    made.runs["short"] = made.runs["inherited"]
    (ten,) = (one for one in measured(judge(made, resamples=20), "short").selections if one.k == 10)
    assert ten.cost == 10 * (50 + 5) + 50
