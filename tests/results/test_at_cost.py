"""What a study had found by the time it had cost so much."""

from pathlib import Path

import pytest

from configspace.hyperparameters import Hyperparameters
from results.at_cost import anytime, finished_at, reached
from results.frames import Frames, load_from
from results.store import Store
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
    assert finished_at(frames).tolist() == pytest.approx([0.75, 1.5, 2.25, 3.0])


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
