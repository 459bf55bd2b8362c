"""The cost of a study, and what it had found at a given cost."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest

from configspace.evaluation import EvaluationSettings
from configspace.hyperparameters import Hyperparameters
from configspace.signals import Objective
from results.analysis.cost import (
    Anytime,
    Cost,
    anytime,
    at_each_others_cost,
    cost,
    evaluation_cost,
    reached,
    spent,
)
from results.frames.study import Frames, load_from
from results.store.store import Store
from tests.results.made_up import id_of, run, study


@pytest.fixture
def frames(tmp_path: Path) -> Frames:
    """Return a final study of four evaluations, the second on 17 epochs, the others on 50."""
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        made = study()
        store.begin(made, {})
        for number, epochs, psnr in ((0, 50, 18.0), (1, 17, 25.0), (2, 50, 21.0), (3, 50, 20.0)):
            values = Hyperparameters(param_lr=1e-3 * (number + 1))
            run(store, made, id_of(number, epochs), values, [(10.0, psnr)])
        again = id_of(2, 50, "rerun")
        run(store, made, again, Hyperparameters(param_lr=3e-3), [(10.0, 19.0)] * 5)
        return load_from(store, made.name)


def with_failed_evaluation(folder: Path, state: Literal["crashed", "lost"]) -> Frames:
    """Return a study of one finished evaluation and one that failed after 2.5 s."""
    with Store.open(f"sqlite:///{folder}/store.db") as store:
        made = study()
        store.begin(made, {})
        run(store, made, id_of(0), psnrs=[(10.0, 18.0)])
        store.submit(made.name, id_of(1), Hyperparameters(param_lr=0.1), model_based=False)
        store.lease(made.name, id_of(1), worker="w", token="t", attempt=1)
        store.fail(made.name, id_of(1), state=state, failure=None, message="why", worker="w")
        found = load_from(store, made.name)
    failed = found.evaluations["state"] == state
    started = found.evaluations["finished"] - pd.Timedelta(seconds=2.5)
    evaluations = found.evaluations.assign(
        started=found.evaluations["started"].where(~failed, started)
    )
    return replace(found, evaluations=evaluations)


@pytest.mark.parametrize(
    ("objective", "epochs"),
    [("one-shot", 17), ("eigenvalue", 17), ("short", 17 + 2), ("final", 2 * 17)],
)
def test_an_objective_has_the_cost_of_its_training(objective: Objective, epochs: int) -> None:
    made = study(objective=objective, evaluation=EvaluationSettings(trials=3))
    assert evaluation_cost(made, 17) == epochs * 3


def test_recorded_signals_cost_no_epochs() -> None:
    recording = EvaluationSettings(signals=("short", "second-final"))
    made = study(objective="one-shot", evaluation=recording)
    assert evaluation_cost(made, 17) == 17


def test_seconds_of_signals_count(frames: Frames) -> None:
    trials = frames.trials.assign(signal_seconds=2.0)
    more = cost(replace(frames, trials=trials)).seconds - cost(frames).seconds
    assert more == 2.0 * len(frames.trials.query("purpose == 'study'"))


def test_costs_add_up_in_the_order_of_submission(frames: Frames) -> None:
    assert spent(frames)["epochs"].tolist() == [100, 134, 234, 334]
    assert spent(frames)["seconds"].tolist() == pytest.approx([0.75, 1.5, 2.25, 3.0])


def test_the_order_of_ends_decides_nothing(frames: Frames) -> None:
    ends = frames.evaluations["ended_sequence"].to_numpy()[::-1]
    changed = replace(frames, evaluations=frames.evaluations.assign(ended_sequence=ends))
    for limit in (100, 150, 240, 334):
        assert reached(changed, limit) == reached(frames, limit)


def test_re_runs_cost_nothing(frames: Frames) -> None:
    assert cost(frames).epochs == 334
    assert cost(frames).seconds == pytest.approx(3.0)


def test_a_study_without_results_costs_nothing(frames: Frames) -> None:
    assert cost(replace(frames, evaluations=frames.evaluations[:0])) == Cost(0, 0.0)


def test_a_crashed_evaluation_costs_the_same(tmp_path: Path) -> None:
    assert cost(with_failed_evaluation(tmp_path, "crashed")).epochs == 200


def test_a_lost_evaluation_costs_nothing(tmp_path: Path) -> None:
    assert cost(with_failed_evaluation(tmp_path, "lost")).epochs == 100


@pytest.mark.parametrize(("state", "held"), [("crashed", 2.5), ("lost", 0.0)])
def test_a_crashed_evaluation_takes_its_time(
    tmp_path: Path, state: Literal["crashed", "lost"], held: float
) -> None:
    assert cost(with_failed_evaluation(tmp_path, state)).seconds == pytest.approx(0.75 + held)


@pytest.mark.parametrize("state", ["crashed", "lost"])
def test_a_failed_evaluation_is_never_the_best(
    tmp_path: Path, state: Literal["crashed", "lost"]
) -> None:
    at = reached(with_failed_evaluation(tmp_path, state), 200)
    assert at.incumbent is not None
    assert (at.incumbent.configuration, at.scores) == ((0, 0, 0), 1)


def test_studies_are_taken_at_each_others_cost(frames: Frames) -> None:
    half = replace(frames, evaluations=frames.evaluations[:2])
    whole, early = at_each_others_cost(half, frames)
    assert [whole.limit, early.limit] == [334, 134]
    assert [whole.whole, early.whole] == [True, False]
    assert early.incumbent is not None
    assert early.incumbent.configuration == (0, 0, 0)


def test_what_a_study_had_does_not_depend_on_seconds(frames: Frames) -> None:
    half = replace(frames, evaluations=frames.evaluations[:2])
    factor = np.linspace(0.01, 100, len(frames.trials))
    trials = frames.trials.assign(search_seconds=factor, retrain_seconds=factor[::-1])
    slow = replace(frames, trials=trials)
    assert cost(slow).seconds != cost(frames).seconds
    assert at_each_others_cost(half, slow) == at_each_others_cost(half, frames)


def test_the_scores_on_the_best_budget_are_counted(frames: Frames) -> None:
    assert [reached(frames, limit).scores for limit in (99, 233, 234, 999)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("limit", "number", "is_last", "whole"),
    [(100, 0, False, False), (233, 0, False, False), (234, 2, True, False), (334, 2, True, True)],
)
def test_the_best_is_on_the_largest_budget(
    frames: Frames, limit: int, number: int, is_last: bool, whole: bool
) -> None:
    at = reached(frames, limit)
    assert at.incumbent is not None
    assert at.incumbent.configuration == (0, 0, number)
    assert (at.is_last, at.whole) == (is_last, whole)
    assert at.total == 334


def test_below_the_first_cost_nothing_is_reached(frames: Frames) -> None:
    at = reached(frames, 99)
    assert at.incumbent is None
    assert not at.is_last


def test_the_anytime_curve_rises_with_the_best_score(frames: Frames) -> None:
    curve = anytime(frames)
    assert curve.epochs.tolist() == [100, 234, 334]
    assert curve.seconds.tolist() == pytest.approx([0.75, 2.25, 3.0])
    assert curve.scores.tolist() == [18.0, 21.0, 21.0]


def test_the_anytime_curve_falls_if_low_is_good(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        made = study(objective="entropy")
        store.begin(made, {})
        for number, one_shot in enumerate((9.0, 4.0, 19.0)):
            run(store, made, id_of(number), psnrs=[(one_shot, None)])
        curve = anytime(load_from(store, made.name))
    assert curve.scores.tolist() == [0.1, 0.05, 0.05]
    assert curve.epochs.tolist() == [50, 150, 150]


@pytest.mark.parametrize(("state", "total", "held"), [("crashed", 200, 2.5), ("lost", 100, 0.0)])
def test_the_anytime_curve_ends_with_the_study(
    tmp_path: Path, state: Literal["crashed", "lost"], total: int, held: float
) -> None:
    curve = anytime(with_failed_evaluation(tmp_path, state))
    assert curve.epochs.tolist() == [100, total]
    assert curve.seconds.tolist() == pytest.approx([0.75, 0.75 + held])
    assert curve.scores.tolist() == [18.0, 18.0]


def test_without_scores_the_anytime_curve_is_empty(frames: Frames) -> None:
    curve: Anytime = anytime(replace(frames, evaluations=frames.evaluations[:0]))
    assert len(curve.epochs) == len(curve.seconds) == len(curve.scores) == 0
