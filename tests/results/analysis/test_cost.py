"""What a study had found by the time it had cost so much."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest

from configspace.hyperparameters import Hyperparameters
from results.analysis.cost import anytime, at_each_others_cost, reached, spent_by, total_seconds
from results.frames.study import Frames, load_from
from results.store.store import Store
from tests.results.made_up import id_of, run, study


@pytest.fixture
def frames(tmp_path: Path) -> Frames:
    """Return a study of four evaluations of 0.75 s each, the second on 17 epochs."""
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        made = study()
        store.begin(made, {})
        for number, epochs, psnr in ((0, 50, 18.0), (1, 17, 25.0), (2, 50, 21.0), (3, 50, 20.0)):
            values = Hyperparameters(param_lr=1e-3 * (number + 1))
            run(store, made, id_of(number, epochs), values, [(10.0, psnr)])
        again = id_of(2, 50, "rerun")
        run(store, made, again, Hyperparameters(param_lr=3e-3), [(10.0, 19.0)] * 5)
        return load_from(store, made.name)


def test_costs_add_up_in_the_order_of_ends_and_without_the_re_runs(frames: Frames) -> None:
    assert spent_by(frames).tolist() == pytest.approx([0.75, 1.5, 2.25, 3.0])


@pytest.mark.parametrize(("state", "cost"), [("crashed", 2.5), ("lost", 0.0)])
def test_a_crashed_evaluation_costs_the_time_from_its_last_start_to_its_end(
    tmp_path: Path, state: Literal["crashed", "lost"], cost: float
) -> None:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
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
    found = replace(found, evaluations=evaluations)
    assert total_seconds(found) == pytest.approx(0.75 + cost)
    at = reached(found, 10.0)
    assert at.incumbent is not None
    assert (at.incumbent.configuration, at.scores) == ((0, 0, 0), 1)
    assert [part.tolist() for part in anytime(found)] == [
        pytest.approx([0.75, 0.75 + cost]),
        [18.0, 18.0],
    ]


def test_each_study_is_looked_at_at_the_others_cost(frames: Frames) -> None:
    half = replace(frames, evaluations=frames.evaluations[:2])
    whole, early = at_each_others_cost(half, frames)
    assert [whole.seconds, early.seconds] == pytest.approx([3.0, 1.5])
    assert [whole.whole, early.whole] == [True, False]
    assert early.incumbent is not None
    assert early.incumbent.configuration == (0, 0, 0)


def test_the_best_is_told_with_how_many_scores_on_its_budget_it_is_of(frames: Frames) -> None:
    assert [reached(frames, seconds).scores for seconds in (0.5, 2.0, 2.25, 9.0)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("seconds", "number", "is_last", "whole"),
    [(0.75, 0, False, False), (2.2, 0, False, False), (2.25, 2, True, False), (9.0, 2, True, True)],
)
def test_the_best_on_the_largest_budget_that_is_paid_for_is_reached(
    frames: Frames, seconds: float, number: int, is_last: bool, whole: bool
) -> None:
    at = reached(frames, seconds)
    assert at.incumbent is not None
    assert at.incumbent.configuration == (0, 0, number)
    assert (at.is_last, at.whole) == (is_last, whole)
    assert at.total == pytest.approx(3.0)


def test_before_anything_is_paid_for_nothing_is_reached(frames: Frames) -> None:
    at = reached(frames, 0.5)
    assert at.incumbent is None
    assert not at.is_last


def test_the_curve_rises_where_the_best_on_the_largest_budget_does(frames: Frames) -> None:
    seconds, psnrs = anytime(frames)
    assert seconds.tolist() == pytest.approx([0.75, 2.25, 3.0])
    assert psnrs.tolist() == pytest.approx([18.0, 21.0, 21.0])
