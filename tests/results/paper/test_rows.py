"""Tables 1 to 4, row by row, from made-up trials."""

import functools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from results.paper.pooling import Tally
from results.paper.published import Setting, published
from results.paper.rows import SettingRow, outside, psnrs_by_setting, rows, times_to_target
from results.stats.best_of import best_of
from results.stats.correlations import correlations
from results.stats.estimates import Estimate, estimate
from results.stats.probability_of_improvement import probability_of_improvement
from tests.results.paper.campaigns import normal, table1, table3, together, trials

DARTS = Setting("sequential", "good", "blur", "darts", "H1")


@functools.cache
def made_rows() -> list[SettingRow]:
    return rows(1, table1())


def row(
    found: list[SettingRow], method: str, operations: str = "good", problem: str = "blur"
) -> SettingRow:
    setting = Setting("sequential", operations, problem, method, "H1")
    (one,) = (each for each in found if each.setting == setting)
    return one


def test_table_1_has_the_papers_rows_in_order() -> None:
    found = made_rows()
    methods = [each.setting.method for each in found[:6]]
    assert methods == [
        "learnable-gradient-only",
        "nets-only",
        "darts",
        "random",
        "random-search",
        "random-search-equal-cost",
    ]
    in_paper = [each.setting for each in found if each.published]
    assert in_paper == list(published(1))
    assert len(found) == 16 + 4


def test_a_row_describes_its_own_runs() -> None:
    made = table1()
    one = row(made_rows(), "darts")
    sample = psnrs_by_setting(made)[DARTS]
    assert (one.n, one.max) == (75, sample.max())
    assert one.mean == estimate(sample, "mean")
    assert one.median == estimate(sample, "median")
    assert one.seconds == 2.5
    assert one.published is not None
    assert one.published.median == 21.60


def test_both_scores_are_correlated_where_there_are_two() -> None:
    runs = trials(normal(21), one_shot=normal(18, seed=3))
    found = rows(1, together([runs, trials(normal(22), method="random")]))
    found_correlations = row(found, "darts").correlations
    assert found_correlations == correlations(runs["one_shot_psnr"], runs["architecture_psnr"])
    assert found_correlations.kendall.n == 75
    assert row(found, "random").correlations is None


def test_the_time_of_a_run_is_the_median() -> None:
    made = trials(normal(20, n=30))
    made.loc[:9, "retrain_seconds"] = 50.0
    assert row(rows(1, made), "darts").seconds == 2.5


def test_failures_and_clusters_are_noted() -> None:
    one = row(rows(1, table1(), failed_below=12.0), "darts", "all")
    assert one.distribution is not None
    assert one.distribution.failed.value == pytest.approx(0.4)
    assert one.distribution.failed_below == 12.0
    assert one.distribution.clusters is not None
    assert one.distribution.clusters.low_share == pytest.approx(0.4, abs=0.01)


def test_random_search_is_the_best_of_five() -> None:
    made = table1()
    found = row(made_rows(), "random-search")
    random = psnrs_by_setting(made)[Setting("sequential", "good", "blur", "random", "H1")]
    assert found.mean == best_of(random, 5).mean
    assert (found.n, found.tries, found.seconds) == (75, 5, 2.5)
    assert found.max == random.max()


@pytest.mark.parametrize("seconds", [0.1, 0.8, math.nan])
def test_equal_cost_counts_epochs_and_not_seconds(seconds: float) -> None:
    made = together(
        [
            trials(normal(20), search_seconds=2.0, retrain_seconds=0.5),
            trials(normal(20), method="random", retrain_seconds=seconds),
        ]
    )
    found = row(rows(1, made), "random-search-equal-cost")
    assert found.tries == 2  # DARTS searches and trains, for 50 epochs each
    assert found.seconds == pytest.approx(2 * seconds, nan_ok=True)
    assert found.published is None


def test_without_darts_there_is_no_equal_cost() -> None:
    found = rows(1, trials(normal(20), method="random"))
    assert not [each for each in found if each.setting.method == "random-search-equal-cost"]


def test_a_setting_without_runs_has_the_papers_numbers() -> None:
    found = rows(3, table3())
    missing = [each for each in found if each.n == 0]
    assert len(missing) == 20 - 4
    assert all(each.published and math.isnan(each.mean.value) for each in missing)
    assert all(each.distribution is None for each in missing)


def test_other_settings_come_after_the_papers() -> None:
    found = rows(3, table3())
    assert [each.setting.hyperparameters for each in found[-2:]] == ["mine", "mine"]
    assert found[-1].published is None
    assert found[-1].n == 30


@pytest.mark.slow
def test_tables_of_hyperparameters_omit_baselines() -> None:
    both = together([table3(), trials(normal(12.0), method="random")])
    assert rows(3, both) == rows(3, table3())
    assert row(rows(1, both), "random").n == 75


def test_a_setting_whose_trials_all_crashed_has_a_row() -> None:
    random, other = replace(DARTS, method="random"), replace(DARTS, hyperparameters="mine")
    known = {DARTS: Tally(75, 73, 2), random: Tally(75, 74, 1), other: Tally(75, 0, 75)}
    found = rows(1, together([trials(normal(20)), trials(normal(21), method="random")]), known)
    assert row(found, "darts").tally == known[DARTS]
    assert row(found, "random-search-equal-cost").tally == known[random]
    assert row(found, "nets-only").tally is None
    (crashed,) = (each for each in found if each.setting == other)
    assert (crashed.n, crashed.tally) == (0, known[other])
    assert random not in {each.setting for each in rows(3, trials([]), known)}


def test_no_trials_at_all_are_rows_without_runs() -> None:
    found = rows(2, table3().iloc[:0])
    assert len(found) == 12
    assert {each.n for each in found} == {0}


def test_trials_count_once_and_only_with_a_score() -> None:
    one = trials(normal(20, n=10))
    other = one.assign(campaign="table3")
    unscored = trials([math.nan], hyperparameters="H1").assign(seed=1)
    found = row(rows(1, together([one, other, unscored])), "darts")
    assert found.n == 10


def test_the_search_pursues_the_median_of_darts() -> None:
    made = table1()
    found = {(each.darts.operations, each.darts.problem): each for each in times_to_target(made)}
    assert len(found) == 4
    one = found["all", "blur"]
    samples = psnrs_by_setting(made)
    darts = samples[Setting("sequential", "all", "blur", "darts", "H1")]
    random = samples[Setting("sequential", "all", "blur", "random", "H1")]
    assert one.threshold == np.median(darts)
    assert one.steps.value == pytest.approx(1 / (random > np.median(darts)).mean())
    assert one.steps.n == 75
    assert one.wins == probability_of_improvement(darts, random)


def test_without_random_runs_there_is_no_time_to_target() -> None:
    assert times_to_target(trials(normal(20))) == []


@pytest.mark.parametrize(("value", "off"), [(2.0, 0.0), (1.0, 0.0), (3.5, 0.5), (0.25, -0.75)])
def test_a_number_is_within_or_outside_an_interval(value: float, off: float) -> None:
    assert outside(value, Estimate(2.0, 1.0, 3.0, 9)) == pytest.approx(off)


def test_without_an_interval_nothing_is_outside() -> None:
    assert math.isnan(outside(2.0, Estimate(2.0, math.nan, math.nan, 1)))


@pytest.mark.slow
def test_the_same_trials_give_the_same_rows() -> None:
    made: pd.DataFrame = table3()
    assert repr(rows(3, made)) == repr(rows(3, made))
