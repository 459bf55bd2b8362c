"""All that a comparison of two studies shows."""

from pathlib import Path

import numpy as np
import pytest

from configspace.hyperparameters import Hyperparameters
from results.analysis.incumbent import reruns_of_incumbent
from results.comparison.report import Runs, report
from results.frames.study import Frames, load_from
from results.store.store import Store
from tests.results.comparison.reports import made_up_runs
from tests.results.made_up import filled, id_of, run


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Frames, Frames]:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        filled(store, "one", "one-shot", seed=1, reruns=12)
        filled(store, "two", "final", seed=2, reruns=16)
        return load_from(store, "one"), load_from(store, "two")


def test_what_was_not_run_is_left_out(pair: tuple[Frames, Frames]) -> None:
    found = report(*pair)
    assert found.crossed is None
    assert found.exchange is None


def test_each_study_is_looked_at_when_it_had_cost_what_the_other_did(
    pair: tuple[Frames, Frames],
) -> None:
    found = report(*pair)
    of_one_shot, of_final = found.at_the_others_cost
    assert of_one_shot.whole
    assert of_one_shot.is_last
    assert of_final.limit == found.comparison.one_shot.cost.epochs
    assert of_final.incumbent is not None
    assert of_final.incumbent.configuration == (0, 0, 0)


def test_what_the_dearer_study_had_at_the_others_cost_is_judged_by_its_re_runs(
    tmp_path: Path,
) -> None:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        filled(store, "one", "one-shot", seed=1, reruns=12)
        final = filled(store, "two", "final", seed=2, reruns=16)
        values = Hyperparameters(param_lr=1e-3)
        psnrs: list[tuple[float, float | None]] = [(9.0, 30.0), (9.0, 31.0), (9.0, 32.0)]
        run(store, final, id_of(0, 50, "rerun"), values, psnrs)
        found = report(load_from(store, "one"), load_from(store, "two"))
    assert found.early is not None
    assert found.early.objective == found.early.architecture
    assert (found.early.architecture.value, found.early.architecture.n) == (31.0, 3)
    one_shot = found.comparison.one_shot.architecture_psnr
    assert found.early.contrast.difference.value == pytest.approx(31.0 - one_shot.mean())
    assert found.early.contrast.probability.value == 1.0
    assert found.comparison.final.n == 16


def test_without_re_runs_of_it_nothing_is_said_of_equal_cost(pair: tuple[Frames, Frames]) -> None:
    assert report(*pair).early is None


def test_the_scores_correlate_over_the_final_studys_full_budget_and_within_the_re_runs(
    pair: tuple[Frames, Frames],
) -> None:
    found = report(*pair)
    assert found.over_trials is not None
    assert found.over_trials.pearson.n == 9
    assert [within.kendall.n for within in found.within] == [12, 16]
    side = found.comparison.final
    assert found.within[1].pearson.value == pytest.approx(
        np.corrcoef(side.one_shot_psnr, side.architecture_psnr)[0, 1]
    )


def test_the_incumbents_on_the_other_problem_are_set_against_each_other(
    pair: tuple[Frames, Frames],
) -> None:
    found = report(*pair, made_up_runs(*pair, crossed=(18.0, 16.0)))
    assert found.crossed is not None
    assert found.crossed.problem == "downsampling"
    assert found.crossed.contrast.difference.value == pytest.approx(-2.0)
    assert found.crossed.contrast.probability.value == 0.0


def test_an_architecture_is_paired_with_its_own_training(pair: tuple[Frames, Frames]) -> None:
    found = report(*pair, made_up_runs(*pair, training=1.5))
    assert found.exchange is not None
    assert found.exchange.training_effect.value == pytest.approx(1.5)
    assert found.exchange.training_effect.low == pytest.approx(1.5)
    assert found.exchange.one_shot_one_shot.n == 12
    own = reruns_of_incumbent(pair[1])["architecture_psnr"].mean()
    assert found.exchange.final_final.value == pytest.approx(own)


def test_what_trained_another_architecture_is_no_pair(pair: tuple[Frames, Frames]) -> None:
    runs = made_up_runs(*pair)
    runs.exchanged[0].loc[:2, "architecture"] = "roll roll"
    found = report(*pair, runs)
    assert found.exchange is not None
    assert found.exchange.one_shot_one_shot.n == 9


def test_trials_that_were_never_run_leave_their_part_out(pair: tuple[Frames, Frames]) -> None:
    runs = made_up_runs(*pair)
    first, second = runs.crossed, runs.exchanged
    none = Runs(runs.problem, (first[0][:0], first[1][:0]), (second[0][:0], second[1][:0]))
    found = report(*pair, none)
    assert found.crossed is None
    assert found.exchange is None
