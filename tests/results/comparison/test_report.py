"""The figures of a comparison report."""

from pathlib import Path

import numpy as np
import pytest

from configspace.hyperparameters import Hyperparameters
from results.analysis.incumbent import reruns_of_incumbent
from results.comparison.report import comparison_report
from results.comparison.runs import ExtraTrials
from results.frames.study import Frames, load_from
from results.store.store import Store
from tests.results.comparison.reports import made_up_extra_trials
from tests.results.made_up import filled, id_of, run


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Frames, Frames]:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        filled(store, "one", "one-shot", seed=1, reruns=12)
        filled(store, "two", "final", seed=2, reruns=16)
        return load_from(store, "one"), load_from(store, "two")


def test_what_was_not_run_is_none(pair: tuple[Frames, Frames]) -> None:
    found = comparison_report(pair)
    assert found.pairs[0].crossed is None
    assert found.pairs[0].exchange is None


def test_each_study_is_taken_at_the_others_cost(pair: tuple[Frames, Frames]) -> None:
    found = comparison_report(pair)
    of_one_shot, of_final = found.pairs[0].at_the_others_cost
    assert of_one_shot.whole
    assert of_one_shot.is_last
    assert of_final.limit == found.comparison.sides[0].cost.epochs
    assert of_final.incumbent is not None
    assert of_final.incumbent.configuration == (0, 0, 0)


def test_re_runs_judge_what_was_found_at_equal_cost(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        filled(store, "one", "one-shot", seed=1, reruns=12)
        final = filled(store, "two", "final", seed=2, reruns=16)
        values = Hyperparameters(param_lr=1e-3)
        psnrs: list[tuple[float, float | None]] = [(9.0, 30.0), (9.0, 31.0), (9.0, 32.0)]
        run(store, final, id_of(0, 50, "rerun"), values, psnrs)
        found = comparison_report([load_from(store, "one"), load_from(store, "two")])
    assert found.pairs[0].equal_cost is not None
    assert found.pairs[0].equal_cost.objective == found.pairs[0].equal_cost.architecture
    assert (
        found.pairs[0].equal_cost.architecture.value,
        found.pairs[0].equal_cost.architecture.n,
    ) == (31.0, 3)
    one_shot = found.comparison.sides[0].architecture_psnr
    assert found.pairs[0].equal_cost.contrast.difference.value == pytest.approx(
        31.0 - one_shot.mean()
    )
    assert found.pairs[0].equal_cost.contrast.probability.value == 1.0
    assert found.comparison.reference.n == 16


def test_without_re_runs_there_is_no_equal_cost(pair: tuple[Frames, Frames]) -> None:
    assert comparison_report(pair).pairs[0].equal_cost is None


def test_the_scores_correlate_over_the_largest_budget(pair: tuple[Frames, Frames]) -> None:
    over = comparison_report(pair).one_shot.over_configurations
    assert over is not None
    full = pair[1].trials.query("purpose == 'study' and epochs == 50")
    means = full.groupby("configuration")[["one_shot_psnr", "architecture_psnr"]].mean()
    assert over.pearson.n == len(means) == 3
    assert len(full) == 9
    assert over.spearman.value == pytest.approx(means.corr("spearman").iloc[0, 1])


def test_the_scores_correlate_within_the_re_runs(pair: tuple[Frames, Frames]) -> None:
    found = comparison_report(pair)
    assert [within.kendall.n for _, within in found.one_shot.within] == [12, 16]
    side = found.comparison.reference
    assert found.one_shot.within[1][1].pearson.value == pytest.approx(
        np.corrcoef(side.one_shot_psnr, side.architecture_psnr)[0, 1]
    )


def test_incumbents_are_compared_on_the_other_problem(pair: tuple[Frames, Frames]) -> None:
    found = comparison_report(pair, [made_up_extra_trials(*pair, crossed=(18.0, 16.0))])
    assert found.pairs[0].crossed is not None
    assert found.pairs[0].crossed.problem == "downsampling"
    assert found.pairs[0].crossed.contrast.difference.value == pytest.approx(-2.0)
    assert found.pairs[0].crossed.contrast.probability.value == 0.0


def test_an_architecture_is_paired_with_itself(pair: tuple[Frames, Frames]) -> None:
    found = comparison_report(pair, [made_up_extra_trials(*pair, training=1.5)])
    assert found.pairs[0].exchange is not None
    assert found.pairs[0].exchange.training_effect.value == pytest.approx(1.5)
    assert found.pairs[0].exchange.training_effect.low == pytest.approx(1.5)
    assert found.pairs[0].exchange.other_other.n == 12
    mean = reruns_of_incumbent(pair[1])["architecture_psnr"].mean()
    assert found.pairs[0].exchange.final_final.value == pytest.approx(mean)


def test_different_architectures_are_not_pairs(pair: tuple[Frames, Frames]) -> None:
    extra = made_up_extra_trials(*pair)
    extra.exchanged[0].loc[:2, "architecture"] = "roll roll"
    found = comparison_report(pair, [extra])
    assert found.pairs[0].exchange is not None
    assert found.pairs[0].exchange.other_other.n == 9


def test_empty_extra_trials_give_no_figures(pair: tuple[Frames, Frames]) -> None:
    extra = made_up_extra_trials(*pair)
    first, second = extra.crossed, extra.exchanged
    none = ExtraTrials(extra.problem, (first[0][:0], first[1][:0]), (second[0][:0], second[1][:0]))
    found = comparison_report(pair, [none])
    assert found.pairs[0].crossed is None
    assert found.pairs[0].exchange is None
